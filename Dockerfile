# Builds an image that serves Cartograph as a user without privileges. Data lives in /data.
FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY db db
COPY graphql_api graphql_api
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels . \
    && pip wheel --no-cache-dir --constraint constraints.txt --wheel-dir /wheels "$(ls /wheels/*.whl)[postgres,otel]"

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /data cartograph \
    && install --directory --owner=cartograph /data
COPY --from=build /wheels /wheels
# hadolint ignore=DL3013  # the wheels were pinned when they were built
RUN pip install --no-cache-dir --no-index --find-links /wheels 'cartograph-graphql[postgres,otel]' \
    && rm -r /wheels
USER 10001
WORKDIR /data
ENV CARTOGRAPH_HOST=0.0.0.0 \
    CARTOGRAPH_DATABASE_URL=sqlite+aiosqlite:////data/cartograph.db
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/readyz', timeout=2)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["cartograph"]
CMD ["serve"]
