"""create_app(settings): the ASGI application."""

import gc
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

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
from graphql_api.http.shutdown import ended_with_the_parent, told_of_the_end
from graphql_api.observability.instrumentation import instrument, traces_factory
from graphql_api.observability.instrumented_database import InstrumentedDatabase
from graphql_api.observability.middleware import OperationMiddleware
from graphql_api.schema import schema
from graphql_api.security.api_keys import Keys
from graphql_api.security.rate_limit import Gate
from graphql_api.settings import Settings, load_settings, server_options

logger = logging.getLogger("cartograph")


def create_app(settings: Settings) -> Starlette:
    """The application for these settings. Its database is opened, and brought up to date, when it starts.

    Raises BadManifest where not every trusted document can be run.
    """
    documents = Documents(schema._schema, settings)
    start_traces = traces_factory()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        database = await open_database(settings.database_url, server_options(settings))
        try:
            await database.write(migrations.upgrade)
            instrumented = InstrumentedDatabase(database)
            keys = Keys(database, settings.key_cache_seconds, settings.deadline_seconds, now)
            feed = Feed(database, settings.max_queued_events, settings.max_lag_seconds)
            connections = Connections(keys, settings.max_connections_per_key)
            gate = Gate(settings.max_operations_under_way, settings.max_cost_per_minute)
            gauges = {
                "operations": gate.__len__,
                "writes": lambda: instrumented.writes,
                "connections": connections.__len__,
                "subscriptions": lambda: feed.followers,
            }
            async with instrument(settings, gauges, instrumented.pool, start_traces) as instrumentation:
                app.state.server = Server(
                    settings, instrumented, keys, documents, gate, instrumentation, feed, connections
                )
                with told_of_the_end(feed.stop), ended_with_the_parent():
                    yield
                await feed.close()
                await connections.close()
            await keys.close()
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
    """What lets pages of other origins in: nothing, unless the settings name them."""
    if settings.cors_origins:
        yield Middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "GraphQL-Require-Preflight", "X-Request-Id"],
            expose_headers=["X-Request-Id", "Retry-After"],
        )


def from_environment() -> Starlette:
    """The application for the settings of this process: what uvicorn's workers call.

    What has been made by now stays as long as the process, and the garbage collector need not look through it every
    few thousand requests: that took a tenth of a second each time.
    """
    app = create_app(load_settings())
    gc.collect()
    gc.freeze()
    return app


class Assets(StaticFiles):
    """GraphiQL's files, which a browser may keep."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        """The same with a long life: addresses change as the files do."""
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came
        response.headers["Cache-Control"] = graphiql.CACHE_CONTROL
        return response


async def home(request: Request) -> Response:
    """The way to GraphiQL."""
    return RedirectResponse("/graphql")


async def healthy(request: Request) -> Response:
    """The process lives."""
    return JSONResponse({"status": "ok"})


async def ready(request: Request) -> Response:
    """The database answers, and its tables are those of this release."""
    server: Server = request.app.state.server
    try:
        current = await server.database.query(migrations.is_current)
    except Exception:  # whatever it is, the answer is no
        logger.exception("not ready")
        return JSONResponse({"status": "the database does not answer"}, 503)
    if not current:
        return JSONResponse({"status": "the database is of another release"}, 503)
    return JSONResponse({"status": "ok"})
