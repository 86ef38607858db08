"""Instrumentation: records each operation from its request to its end, and reports it to log, metrics and traces."""

import asyncio
import logging
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import count
from secrets import token_hex
from time import perf_counter, time
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from db.engine.database import Pool
from graphql_api.observability import log
from graphql_api.observability.operation_record import OperationRecord, current_operation
from graphql_api.settings import Settings

if TYPE_CHECKING:
    from graphql_api.observability.traces import Traces

logger = logging.getLogger("cartograph")

EXPORTER = "OTEL_TRACES_EXPORTER"
ENABLING_VARIABLES = (EXPORTER, "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
REQUEST_ID = re.compile(rb"[A-Za-z0-9._~:/+=@-]{1,128}")  # safe in a log line and in a response header

Report = Callable[[OperationRecord], None]


class Instrumentation:
    """Starts a record for each operation, and passes it to the reports when the operation ends."""

    def __init__(self, reports: Sequence[Report], traces: "Traces | None" = None) -> None:
        self._reports = reports
        self._traces = traces
        self._process = token_hex(8)
        self._numbers = count(1)

    def start(self, headers: Iterable[tuple[bytes, bytes]] = ()) -> OperationRecord:
        """Start the record of an operation that was requested with these headers."""
        record = OperationRecord(request_id_of(headers) or f"{self._process}-{next(self._numbers)}")
        if self._traces:
            self._traces.start(record, headers)
        return record

    def finish(self, record: OperationRecord) -> None:
        """Report an operation that has ended."""
        record.seconds = perf_counter() - record.started
        record.ended = time()
        for report in self._reports:
            report(record)


class OperationMiddleware:
    """Puts an OperationRecord into the scope of each HTTP request for a path, and reports it after the response."""

    def __init__(self, app: ASGIApp, path: str) -> None:
        self.app = app
        self.path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, with a record of its operation."""
        if scope["type"] != "http" or scope["path"] != self.path:
            return await self.app(scope, receive, send)
        instrumentation: Instrumentation = scope["app"].state.server.instrumentation
        record = scope["operation_record"] = instrumentation.start(scope["headers"])
        request_id = (b"x-request-id", record.request_id.encode())

        def send_with_request_id(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                record.status = message["status"]
                message["headers"].append(request_id)
            return send(message)

        token = current_operation.set(record)
        try:
            await self.app(scope, receive, send_with_request_id)
        finally:
            current_operation.reset(token)
            instrumentation.finish(record)


def request_id_of(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Return the request's own X-Request-Id if it is valid, else None."""
    for name, value in headers:
        if name == b"x-request-id" and REQUEST_ID.fullmatch(value):
            return value.decode()
    return None


@asynccontextmanager
async def instrument(
    settings: Settings,
    gauges: Mapping[str, Callable[[], int]],
    pool: Callable[[], Pool],
    start_traces: "Callable[[], Traces] | None",
) -> AsyncIterator[Instrumentation]:
    """Provide the instrumentation of an application; on exit, send and write what is still queued.

    ``gauges`` return how many of each thing are in progress, and ``pool`` the use of the database's connections.
    """
    reports = [log.operation_logger()]
    sampling = traces = None
    if start_traces:
        traces = await asyncio.to_thread(start_traces)
        reports.insert(0, traces.finish)
    if settings.metrics_port is not None:
        from graphql_api.observability.metrics import metrics, sample  # noqa: PLC0415  # not loaded where it is off

        reports.append(metrics().count_operation)
        sampling = asyncio.create_task(sample(gauges, pool))
    try:
        yield Instrumentation(reports, traces)
    finally:
        if sampling:
            sampling.cancel()
            with suppress(asyncio.CancelledError):
                await sampling
        if traces:
            await asyncio.to_thread(traces.shutdown)
        log.flush()


def traces_factory() -> "Callable[[], Traces] | None":
    """Return the function that starts tracing, or None where OpenTelemetry's variables name no exporter."""
    disabled = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or os.environ.get(EXPORTER) == "none"
    if disabled or not any(map(os.environ.get, ENABLING_VARIABLES)):
        return None
    try:
        from graphql_api.observability.traces import from_environment  # noqa: PLC0415  # an optional dependency
    except ModuleNotFoundError:
        logger.warning("OTEL_ variables enable traces, which need an extra: pip install 'cartograph-graphql[otel]'")
        return None
    return from_environment
