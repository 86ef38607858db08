"""The GraphQL endpoint: https://graphql.github.io/graphql-over-http/draft/, and GraphiQL for browsers.

It is written against ASGI itself, since Starlette's Request and Response do work that it has no use for.
"""

from collections.abc import Awaitable, Callable
from functools import partial

from graphql import ExecutionResult, OperationType
from starlette.types import ASGIApp, Receive, Scope, Send

from db.engine.fair import current_holder
from graphql_api.errors import OperationFailed, first_code
from graphql_api.execution import run, streams
from graphql_api.execution.context import Context
from graphql_api.execution.document_validation import InvalidDocument
from graphql_api.execution.parameters import Parameters
from graphql_api.execution.streams import Results
from graphql_api.http import sse, websocket
from graphql_api.http.errors import ClientDisconnected, http_error, method_not_allowed, not_acceptable
from graphql_api.http.negotiation import EVENT_STREAM, GRAPHQL_RESPONSE, JSON, prefers_html
from graphql_api.http.request import HTTPRequest, authenticate, read_parameters
from graphql_api.http.response import send_error, send_graphiql, send_result, without_body
from graphql_api.http.timeouts import until_disconnect, with_lazy_timeout

PATH = "/graphql"
METHODS = ("GET", "HEAD", "POST")

Start = Callable[[], Awaitable[Results]]  # starts an operation whose results are streamed


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


async def execute(request: HTTPRequest, parameters: Parameters) -> ExecutionResult | Start:
    """Return the result of an operation, or how to start it if the response is a stream of events.

    Raises RateLimited, InvalidDocument, OperationFailed, HTTPError and ClientDisconnected.
    """
    record, admission, seconds = request.record, request.server.admission, request.server.settings.deadline_seconds
    assert record.viewer is not None, "the caller has been authenticated"
    admission.admit(record.viewer.key_prefix)
    try:
        timeout = partial(until_disconnect, request.receive, seconds)
        return await with_lazy_timeout(execute_prepared(request, parameters), timeout)
    except TimeoutError as error:
        raise OperationFailed(run.deadline_error(record.kind, seconds)) from error
    finally:
        admission.release(record.viewer.key_prefix, record.charge())


async def execute_prepared(request: HTTPRequest, parameters: Parameters) -> ExecutionResult | Start:
    """Find the operation, and execute it unless its results are to be streamed."""
    server, record, media_type = request.server, request.record, request.media_type
    try:
        document, operation = await run.prepare(server.documents, parameters, record)
    except InvalidDocument as invalid:
        if media_type is None:
            return partial(streams.fail, *invalid.errors)
        raise
    is_subscription = operation.operation is OperationType.SUBSCRIPTION
    if request.method != "POST" and operation.operation is not OperationType.QUERY:
        raise method_not_allowed("POST", "A GET can only query; send any other operation by POST.")
    assert record.viewer is not None, "the caller has been authenticated"
    current_holder.set(record.viewer.holder)
    context = Context(
        server.database, server.settings, record.viewer, document, server.feed, record, server.code_guesses
    )
    if request.accepts_events and (media_type is None or is_subscription):

        async def start() -> Results:
            stream = await streams.start(context, operation, parameters.variables)
            limited = streams.charge_each if is_subscription else streams.admit
            return limited(server.admission, record, stream)

        return start
    if is_subscription:
        raise not_acceptable(f"A subscription is answered as {EVENT_STREAM}, or over WebSocket.")
    return await run.run(context, operation, parameters.variables)
