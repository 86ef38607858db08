"""GraphQL over HTTP: https://graphql.github.io/graphql-over-http/draft/ to the letter, and GraphiQL for browsers.

Written against ASGI itself: what a request does not need is not made for it.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from graphql import ExecutionResult, GraphQLError, OperationDefinitionNode, OperationType
from starlette.types import ASGIApp, Receive, Scope, Send

from graphql_api.context import Context
from graphql_api.errors import BadUserInput, Overloaded, RateLimited
from graphql_api.observe.operation import Operation
from graphql_api.reading.plans import Document
from graphql_api.server import Server
from graphql_api.transport import execution, response
from graphql_api.transport.documents import InvalidDocument
from graphql_api.transport.negotiation import ANSWER, JSON, chosen, wants_page
from graphql_api.transport.parameters import NotWellFormed, Parameters
from graphql_api.transport.request import (
    ClientGone,
    Headers,
    HttpError,
    asked,
    headers_of,
    not_allowed,
    sent,
    text,
    who,
)

PATH = "/graphql"


class GraphQLEndpoint:
    """The one address of the API. It stands in front of the other routes, which are asked for less often."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for the API; pass on any other."""
        if scope["type"] != "http" or scope["path"] != PATH:
            return await self.app(scope, receive, send)
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
            scope["seen"].outcome = "INTERNAL"
            failed = execution.masked(GraphQLError(str(error), original_error=error))
            await response.refuse(send, HttpError(HTTPStatus.INTERNAL_SERVER_ERROR, failed), chosen(accept) or JSON)

    async def answer(self, server: Server, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        """Run what a request asks for. Raises HttpError and ClientGone."""
        method, seen = scope["method"], scope["seen"]
        if method not in ("GET", "HEAD", "POST"):
            raise not_allowed("GET, HEAD, POST", f"{method} is not a method of GraphQL over HTTP; use POST.")
        media_type = chosen(text(headers.get(b"accept")))
        if media_type is None:
            problem = f"Nothing that the Accept header takes is spoken here: {ANSWER} or {JSON}."
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
            operation, result = await result_of(server, seen, given, method, media_type)
        finally:
            server.gate.leave(viewer.key_prefix, seen.cost)
        answer: dict[str, Any] = {"data": result.data}
        if result.errors:
            seen.outcome = code(result.errors)
            answer = {"errors": [each.formatted for each in result.errors], **answer}
        if operation.operation is OperationType.QUERY:
            await response.say_read(send, method, headers, answer, media_type)
        else:
            await response.say(send, answer, media_type)


async def result_of(
    server: Server, seen: Operation, given: Parameters, method: str, media_type: str
) -> tuple[OperationDefinitionNode, ExecutionResult]:
    """The operation that a request asks for, and what comes of it. Raises HttpError."""
    try:
        document = seen.document = server.documents.asked_for(given)
    except InvalidDocument as invalid:
        raise HttpError(refused(media_type), *invalid.errors) from invalid
    operation = seen.definition = selected(document, given.operation_name, media_type)
    if method != "POST" and operation.operation is not OperationType.QUERY:
        raise not_allowed("POST", "A GET can only query; send a mutation by POST.")
    assert seen.viewer is not None
    context = Context(server.database, server.settings, seen.viewer, document, seen)
    result = await execution.run(context, operation, given.variables)
    if result.data is None and result.errors and not any(error.path for error in result.errors):
        raise HttpError(refused(media_type), *result.errors)
    return operation, result


def code(errors: Sequence[GraphQLError]) -> str:
    """The code of the first error, which stands for the others."""
    return str((errors[0].extensions or {}).get("code", "INTERNAL"))


def selected(document: Document, name: str | None, media_type: str) -> OperationDefinitionNode:
    """The operation that a request means. Raises HttpError."""
    named = [each for each in document.operations if name is None or (each.name and each.name.value == name)]
    if len(named) == 1:
        return named[0]
    problem = (
        f"The document has no operation {name!r}." if name else "operationName has to say which operation is meant."
    )
    if not document.operations:
        problem = "The document has no operation."
    raise HttpError(refused(media_type), BadUserInput(problem))


def refused(media_type: str) -> HTTPStatus:
    """The status of a request that is well formed and cannot be run; application/json has always said 200 to those."""
    return HTTPStatus.BAD_REQUEST if media_type == ANSWER else HTTPStatus.OK
