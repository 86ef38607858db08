"""The ASGI application: ``create_app(settings)``."""

import gc
import logging
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, nullcontext

from sqlalchemy import Connection
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from db import migrations
from db.engine import open_database
from db.events.feed import Feed
from graphql_api.execution.context import now
from graphql_api.execution.documents import Documents
from graphql_api.http import graphiql
from graphql_api.http.connections import Connections
from graphql_api.http.endpoint import PATH, GraphQLEndpoint
from graphql_api.http.server import Server
from graphql_api.http.shutdown import on_shutdown_signal, stop_with_parent_process
from graphql_api.observability.instrumentation import OperationMiddleware, instrument, traces_factory
from graphql_api.observability.instrumented_database import InstrumentedDatabase
from graphql_api.schema import schema
from graphql_api.security.admission import AdmissionControl
from graphql_api.security.authentication import Authenticator
from graphql_api.security.code_guesses import CodeGuesses
from graphql_api.settings import Settings, load_settings, server_options
from graphql_api.webhooks.deliverer import deliver_webhooks

logger = logging.getLogger("cartograph")

RETRY_LATER = {"Retry-After": "1"}

# Seconds for which a thread can hold Python's lock while the event loop waits for it. With Python's 5 ms, a document
# that was compiled meanwhile made another application's change take 120 ms, and with this 54 ms.
SWITCH_INTERVAL = 0.0005

# New objects before a collection. Those of 32 changes in flight are more than the 700 of Python, so that each group of
# changes was searched for garbage in vain, which took 8 % of the time of createSession.
GC_THRESHOLD = 10_000


def create_app(settings: Settings, migrate: Callable[[Connection], None] = migrations.upgrade) -> Starlette:
    """Return the application. Its lifespan opens the database, and migrates it to this release by ``migrate``.

    Raises BadManifest if a trusted document is invalid.
    """
    documents = Documents(schema._schema, settings)
    start_traces = traces_factory()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        sys.setswitchinterval(SWITCH_INTERVAL)
        database = await open_database(settings.database_url, server_options(settings))
        try:
            await database.write(migrate)
            instrumented = InstrumentedDatabase(database)
            authenticator = Authenticator(database, settings.key_cache_seconds, settings.deadline_seconds, now)
            feed = Feed(database, settings.max_queued_events, settings.max_lag_seconds)
            connections = Connections(authenticator, settings.max_connections_per_key)
            admission = AdmissionControl(settings.max_operations_under_way, settings.max_cost_per_minute)
            code_guesses = CodeGuesses(settings.max_failed_codes_per_minute)
            gauges = {
                "operations": admission.__len__,
                "writes": lambda: instrumented.writes,
                "connections": connections.__len__,
                "subscriptions": lambda: feed.subscribers,
            }
            async with instrument(settings, gauges, instrumented.pool, start_traces) as instrumentation:
                app.state.server = Server(
                    settings,
                    instrumented,
                    authenticator,
                    documents,
                    admission,
                    code_guesses,
                    instrumentation,
                    feed,
                    connections,
                )
                delivering = deliver_webhooks(database, feed, documents) if settings.webhooks else nullcontext()
                with on_shutdown_signal(feed.stop), stop_with_parent_process():
                    async with delivering:
                        yield
                await feed.close()
                await connections.close()
            await authenticator.close()
        finally:
            await database.close()

    return Starlette(
        lifespan=lifespan,
        routes=[
            Route("/", home),
            Route("/healthz", healthy),
            Route("/readyz", ready),
            Mount("/graphiql", Assets(directory=graphiql.ASSETS)),
        ],
        middleware=[
            *cross_origin(settings),
            Middleware(OperationMiddleware, path=PATH),
            Middleware(GraphQLEndpoint),
        ],
    )


def cross_origin(settings: Settings) -> Iterator[Middleware]:
    """Yield the CORS middleware, if the settings list origins."""
    if settings.cors_origins:
        yield Middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["*"],  # those that the page asks for, such as traceparent and Apollo's client name
            expose_headers=["X-Request-Id", "Retry-After"],
        )


def from_environment() -> Starlette:
    """Return the application for the settings in the environment. uvicorn calls it in each process."""
    return with_few_collections(create_app(load_settings()))


def for_worker() -> Starlette:
    """Return the application for a worker of ``cartograph serve``, which has migrated the database.

    A worker that replaces a dead one does not start on an empty database: without keys it would refuse everybody.
    """
    return with_few_collections(create_app(load_settings(), migrations.require_tables))


def with_few_collections(app: Starlette) -> Starlette:
    """Return the application, and let Python collect garbage seldom.

    All objects made so far live as long as the process. Frozen, they are skipped by full garbage collections, which
    otherwise stop the process for a tenth of a second every few thousand requests.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)
    return app


class Assets(StaticFiles):
    """GraphiQL's files, which browsers may cache."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        """Add Cache-Control: the files' URLs change with their content."""
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]  # passed on unchanged
        response.headers["Cache-Control"] = graphiql.CACHE_CONTROL
        return response


async def home(request: Request) -> Response:
    """Redirect to GraphiQL."""
    return RedirectResponse("/graphql")


async def healthy(request: Request) -> Response:
    """Answer a liveness probe."""
    return JSONResponse({"status": "ok"})


async def ready(request: Request) -> Response:
    """Answer a readiness probe: the database answers, and its tables are those of this release."""
    server: Server = request.app.state.server
    try:
        current = await server.database.query(migrations.is_current)
    except Exception:  # any error means that requests would fail
        logger.exception("not ready")
        return JSONResponse({"status": "the database does not answer"}, 503, RETRY_LATER)
    if not current:
        return JSONResponse({"status": "the database is of another release"}, 503, RETRY_LATER)
    return JSONResponse({"status": "ok"})
