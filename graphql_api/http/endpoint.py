"""GraphQL over HTTP: https://graphql.github.io/graphql-over-http/draft/ to the letter, and GraphiQL for browsers.

Written against ASGI itself: what a request does not need is not made for it.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from http import HTTPStatus

from graphql import ExecutionResult, GraphQLError, OperationType
from starlette.types import ASGIApp, Receive, Scope, Send

from graphql_api.errors import BadUserInput, LimitExceeded, Overloaded, RateLimited, Unavailable
from graphql_api.execution import results
from graphql_api.execution import run as execution
from graphql_api.execution.deadline import while_waiting
from graphql_api.execution.document_validation import InvalidDocument
from graphql_api.execution.parameters import NotWellFormed, Parameters
from graphql_api.execution.results import Results, answer, code, is_refusal, prepare
from graphql_api.http import response, sse, websocket
from graphql_api.http.disconnect import attended
from graphql_api.http.negotiation import ANSWER, EVENTS, JSON, chosen, wants_events, wants_page
from graphql_api.http.request import ClientGone, Headers, HttpError, asked, headers_of, not_allowed, sent, text, who
from graphql_api.http.server import Server
from graphql_api.observability.operation_record import OperationRecord

PATH = "/graphql"


class GraphQLEndpoint:
    """The one address of the API. It stands in front of the other routes, which are asked for less often."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for the API; pass on any other."""
        if scope["type"] not in ("http", "websocket") or scope["path"] != PATH:
            return await self.app(scope, receive, send)
        if scope["type"] == "websocket":
            return await websocket.serve(scope["app"].state.server, scope, receive, send)
        if scope["method"] == "HEAD":
            send = response.without_body(send)
        headers = headers_of(scope)
        accept = text(headers.get(b"accept"))
        server: Server = scope["app"].state.server
        try:
            if scope["method"] in ("GET", "HEAD") and server.settings.shows_graphiql and wants_page(accept):
                return await response.page(server, PATH, send)
            await self.answer(server, scope, headers, receive, send)
        except HttpError as error:
            scope["seen"].outcome = code(error.errors)
            await response.refuse(send, error, chosen(accept) or JSON)
        except ClientGone:
            scope["seen"].outcome = "GONE"
        except Exception as error:
            failed = execution.masked(GraphQLError(str(error), original_error=error))
            outcome = scope["seen"].outcome = code([failed])
            away = outcome == Unavailable.code
            status = HTTPStatus.SERVICE_UNAVAILABLE if away else HTTPStatus.INTERNAL_SERVER_ERROR
            await response.refuse(send, HttpError(status, failed), chosen(accept) or JSON)

    async def answer(self, server: Server, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        """Run what a request asks for. Raises HttpError and ClientGone."""
        method, seen = scope["method"], scope["seen"]
        if method not in ("GET", "HEAD", "POST"):
            raise not_allowed("GET, HEAD, POST", f"{method} is not a method of GraphQL over HTTP; use POST.")
        accept = text(headers.get(b"accept"))
        media_type = chosen(accept)
        if media_type is None and not wants_events(accept):
            problem = f"Nothing that the Accept header takes is spoken here: {ANSWER}, {JSON} or {EVENTS}."
            raise HttpError(HTTPStatus.NOT_ACCEPTABLE, BadUserInput(problem))
        viewer = seen.viewer = await who(server, headers)
        try:
            given = await sent(server, headers, receive) if method == "POST" else asked(scope, headers)
        except NotWellFormed as error:
            raise HttpError(HTTPStatus.BAD_REQUEST, BadUserInput(str(error))) from error
        try:
            server.gate.enter(viewer.key_prefix)
        except RateLimited as error:
            status = HTTPStatus.SERVICE_UNAVAILABLE if isinstance(error, Overloaded) else HTTPStatus.TOO_MANY_REQUESTS
            raise HttpError(status, error, headers={"Retry-After": str(error.seconds)}) from error
        try:
            limit = partial(attended, receive, server.settings.deadline_seconds)
            told = await while_waiting(come_of(server, seen, given, method, accept), limit)
        except TimeoutError as error:
            late = execution.too_late(seen.kind, server.settings.deadline_seconds)
            raise HttpError(refused(media_type), late) from error
        finally:
            server.gate.leave(viewer.key_prefix, seen.cost)
        if not isinstance(told, ExecutionResult):
            errors = await stream(server, headers, told, receive, send)
            seen.outcome = code(errors) if errors else "OK"
            return
        assert media_type is not None
        if told.errors:
            seen.outcome = code(told.errors)
        if seen.kind is OperationType.QUERY:
            await response.say_read(send, method, headers, answer(told), media_type)
        else:
            await response.say(send, answer(told), media_type)


async def come_of(
    server: Server, seen: OperationRecord, given: Parameters, method: str, accept: str | None
) -> ExecutionResult | Callable[[], Awaitable[Results]]:
    """What comes of a request: one result, or what begins those that are told as they come. Raises HttpError."""
    media_type = chosen(accept)
    try:
        context, operation = prepare(server, given, seen)
    except InvalidDocument as invalid:
        if media_type is None:
            return partial(results.refused, *invalid.errors)
        raise HttpError(refused(media_type), *invalid.errors) from invalid
    kind = operation.operation
    if method != "POST" and kind is not OperationType.QUERY:
        raise not_allowed("POST", "A GET can only query; send any other operation by POST.")
    if wants_events(accept) and (media_type is None or kind is OperationType.SUBSCRIPTION):

        async def begin() -> Results:
            told = await results.begun(context, operation, given.variables)
            paid = results.charged if kind is OperationType.SUBSCRIPTION else results.held
            return paid(server.gate, seen, told)

        return begin
    if media_type is None or kind is OperationType.SUBSCRIPTION:
        problem = f"A subscription is answered as {EVENTS}, or over WebSocket."
        raise HttpError(HTTPStatus.NOT_ACCEPTABLE, BadUserInput(problem))
    result = await execution.run(context, operation, given.variables)
    if is_refusal(result):
        raise HttpError(refused(media_type), *(result.errors or ()))
    return result


async def stream(
    server: Server, headers: Headers, begin: Callable[[], Awaitable[Results]], receive: Receive, send: Send
) -> Sequence[GraphQLError]:
    """Answer with results as they come, and say why there are no more. Raises HttpError."""
    try:
        return await sse.stream(server, text(headers.get(b"authorization")), begin, receive, send)
    except LimitExceeded as error:
        raise HttpError(HTTPStatus.TOO_MANY_REQUESTS, error) from error


def refused(media_type: str | None) -> HTTPStatus:
    """The status of a request that is well formed and cannot be run; application/json has always said 200 to those."""
    return HTTPStatus.BAD_REQUEST if media_type == ANSWER else HTTPStatus.OK
