"""The GraphQL endpoint: https://graphql.github.io/graphql-over-http/draft/, and GraphiQL for browsers.

It is written against ASGI itself, since Starlette's Request and Response do work that it has no use for.
"""

from graphql import ExecutionResult
from starlette.types import ASGIApp, Receive, Scope, Send

from graphql_api.errors import first_code
from graphql_api.http import sse, websocket
from graphql_api.http.errors import ClientDisconnected, http_error, method_not_allowed, not_acceptable
from graphql_api.http.execute import execute
from graphql_api.http.negotiation import EVENT_STREAM, GRAPHQL_RESPONSE, JSON, prefers_html
from graphql_api.http.request import HTTPRequest, authenticate, read_parameters
from graphql_api.http.response import send_error, send_graphiql, send_result, without_body

PATH = "/graphql"
METHODS = ("GET", "HEAD", "POST")


class GraphQLEndpoint:
    """ASGI middleware that serves one path, before the router, as nearly all requests are for it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request for the API; pass on any other."""
        if scope["type"] not in ("http", "websocket") or scope["path"] != PATH:
            return await self.app(scope, receive, send)
        if scope["type"] == "websocket":
            return await websocket.serve(scope["app"].state.server, scope, receive, send)
        if scope["method"] == "HEAD":
            send = without_body(send)
        request = HTTPRequest.of(scope, receive)
        try:
            await respond(request, send)
        except ClientDisconnected:
            request.record.outcome = "GONE"
        except Exception as exception:
            error = http_error(exception, request.media_type)
            request.record.outcome = first_code(error.errors)
            await send_error(send, error, request.media_type or JSON)


async def respond(request: HTTPRequest, send: Send) -> None:
    """Execute a request and send its result. Any exception is for ``http_error``."""
    settings = request.server.settings
    if request.method in ("GET", "HEAD") and settings.shows_graphiql and prefers_html(request.header(b"accept")):
        await send_graphiql(send, PATH, settings.dev_key if settings.dev else None)
        return
    if request.method not in METHODS:
        raise method_not_allowed(", ".join(METHODS), f"{request.method} is not supported; use POST.")
    if request.media_type is None and not request.accepts_events:
        raise not_acceptable(f"The Accept header allows none of {GRAPHQL_RESPONSE}, {JSON} and {EVENT_STREAM}.")
    request.record.viewer = await authenticate(request)
    result = await execute(request, await read_parameters(request))
    if isinstance(result, ExecutionResult):
        if result.errors:
            request.record.outcome = first_code(result.errors)
        await send_result(send, request, result)
    elif errors := await sse.stream(request, result, send):
        request.record.outcome = first_code(errors)
