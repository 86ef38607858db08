"""GraphQL over HTTP: https://graphql.github.io/graphql-over-http/draft/ to the letter, and GraphiQL for browsers.

Written against ASGI itself: what a request does not need is not made for it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from graphql import GraphQLError, OperationDefinitionNode, OperationType
from starlette.types import ASGIApp, Receive, Scope, Send

from graphql_api.context import Context
from graphql_api.errors import BadUserInput, TimedOut, Unauthenticated
from graphql_api.guard.viewer import Viewer
from graphql_api.reading.plans import Document
from graphql_api.server import Server
from graphql_api.transport import execution, graphiql, parameters
from graphql_api.transport.documents import InvalidDocument
from graphql_api.transport.negotiation import ANSWER, HTML, JSON, chosen, is_json, wants_page
from graphql_api.transport.parameters import NotWellFormed, Parameters

PATH = "/graphql"

Headers = Mapping[bytes, bytes]


class HttpError(Exception):
    """A request that is answered without being run."""

    def __init__(self, status: HTTPStatus, *errors: GraphQLError, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(*errors)
        self.status = status
        self.errors = errors
        self.headers = headers or {}


class ClientGone(Exception):
    """Nobody waits for an answer any more."""


class GraphQLEndpoint:
    """The one address of the API. It stands in front of the other routes, which are asked for less often."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for the API; pass on any other."""
        if scope["type"] != "http" or scope["path"] != PATH:
            return await self.app(scope, receive, send)
        headers = headers_of(scope)
        accept = text(headers.get(b"accept"))
        server: Server = scope["app"].state.server
        try:
            if scope["method"] in ("GET", "HEAD") and server.settings.shows_graphiql and wants_page(accept):
                return await page(server, send)
            await self.answer(server, scope, headers, receive, send)
        except HttpError as error:
            scope["seen"].outcome = code(error.errors)
            answer = {"errors": [each.formatted for each in error.errors]}
            await say(send, error.status, answer, chosen(accept) or JSON, error.headers)
        except ClientGone:
            scope["seen"].outcome = "GONE"
        except Exception as error:
            scope["seen"].outcome = "INTERNAL"
            failed = execution.masked(GraphQLError(str(error), original_error=error))
            await say(send, HTTPStatus.INTERNAL_SERVER_ERROR, {"errors": [failed.formatted]}, chosen(accept) or JSON)

    async def answer(self, server: Server, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        """Run what a request asks for. Raises HttpError and ClientGone."""
        method, seen = scope["method"], scope["seen"]
        if method not in ("GET", "POST"):
            raise not_allowed("GET, POST", f"{method} is not a method of GraphQL over HTTP; use POST.")
        media_type = chosen(text(headers.get(b"accept")))
        if media_type is None:
            problem = f"Nothing that the Accept header takes is spoken here: {ANSWER} or {JSON}."
            raise HttpError(HTTPStatus.NOT_ACCEPTABLE, BadUserInput(problem))
        viewer = seen.viewer = await who(server, headers)
        try:
            given = asked(scope, headers) if method == "GET" else await sent(server, headers, receive)
        except NotWellFormed as error:
            raise HttpError(HTTPStatus.BAD_REQUEST, BadUserInput(str(error))) from error
        try:
            document = seen.document = server.documents.asked_for(given)
        except InvalidDocument as invalid:
            raise HttpError(refused(media_type), *invalid.errors) from invalid
        operation = seen.definition = selected(document, given.operation_name, media_type)
        if method == "GET" and operation.operation is not OperationType.QUERY:
            raise not_allowed("POST", "A GET can only query; send a mutation by POST.")
        context = Context(server.database, server.settings, viewer, document, seen)
        result = await execution.run(context, operation, given.variables)
        if result.data is None and result.errors and not any(error.path for error in result.errors):
            raise HttpError(refused(media_type), *result.errors)
        answer: dict[str, Any] = {"data": result.data}
        if result.errors:
            seen.outcome = code(result.errors)
            answer = {"errors": [each.formatted for each in result.errors], **answer}
        await say(send, HTTPStatus.OK, answer, media_type)


def headers_of(scope: Scope) -> Headers:
    """The request's headers; the values of one that is sent several times are joined, as RFC 9110 has it."""
    headers: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        headers[name] = headers[name] + b", " + value if name in headers else value
    return headers


def code(errors: Sequence[GraphQLError]) -> str:
    """The code of the first error, which stands for the others."""
    return str((errors[0].extensions or {}).get("code", "INTERNAL"))


def text(value: bytes | None) -> str | None:
    """A header's value as text."""
    return None if value is None else value.decode("latin-1")


async def who(server: Server, headers: Headers) -> Viewer:
    """Who asks. Raises HttpError with 401."""
    try:
        return await server.keys.viewer(text(headers.get(b"authorization")))
    except Unauthenticated as error:
        raise HttpError(HTTPStatus.UNAUTHORIZED, error, headers={"WWW-Authenticate": "Bearer"}) from error


def asked(scope: Scope, headers: Headers) -> Parameters:
    """The parameters of a GET. Raises NotWellFormed."""
    if not (headers.get(b"graphql-require-preflight") or is_json(text(headers.get(b"content-type")))):
        raise NotWellFormed("A GET needs the header GraphQL-Require-Preflight, so that no other site can send it.")
    return parameters.from_query(scope["query_string"])


async def sent(server: Server, headers: Headers, receive: Receive) -> Parameters:
    """The parameters of a POST. Raises HttpError and NotWellFormed."""
    if not is_json(text(headers.get(b"content-type"))):
        problem = "The Content-Type has to be application/json, in UTF-8."
        raise HttpError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, BadUserInput(problem))
    try:
        async with asyncio.timeout(server.settings.deadline_seconds):
            return parameters.from_body(await body(receive, server.settings.max_request_bytes))
    except TimeoutError:
        problem = f"The body did not come within {server.settings.deadline_seconds:g} seconds."
        raise HttpError(HTTPStatus.REQUEST_TIMEOUT, TimedOut(problem), headers={"Connection": "close"}) from None


async def body(receive: Receive, most: int) -> bytes:
    """The body, which is never held beyond its limit. Raises HttpError with 413, and ClientGone."""
    read = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        read += message.get("body", b"")
        if len(read) > most:
            problem = f"The body is longer than {most} bytes."
            raise HttpError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, BadUserInput(problem), headers={"Connection": "close"})
        if not message.get("more_body"):
            return read


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


def not_allowed(methods: str, problem: str) -> HttpError:
    """A method that cannot be used here."""
    return HttpError(HTTPStatus.METHOD_NOT_ALLOWED, BadUserInput(problem), headers={"Allow": methods})


async def page(server: Server, send: Send) -> None:
    """Send GraphiQL. It knows the key of ``serve --dev``."""
    html = graphiql.page(PATH, server.settings.dev_key if server.settings.dev else None)
    headers = {"Content-Security-Policy": graphiql.CONTENT_SECURITY_POLICY, "Cache-Control": "no-store"}
    await respond(send, HTTPStatus.OK, html.encode(), HTML, headers)


async def say(
    send: Send, status: HTTPStatus, answer: Mapping[str, Any], media_type: str, headers: Mapping[str, str] | None = None
) -> None:
    """Send JSON."""
    await respond(send, status, orjson.dumps(answer), media_type, headers or {})


async def respond(send: Send, status: HTTPStatus, content: bytes, media_type: str, headers: Mapping[str, str]) -> None:
    """Send a response in UTF-8."""
    start = [
        (b"content-type", f"{media_type}; charset=utf-8".encode()),
        (b"content-length", str(len(content)).encode()),
        (b"vary", b"accept"),
        *((name.lower().encode(), value.encode()) for name, value in headers.items()),
    ]
    await send({"type": "http.response.start", "status": status.value, "headers": start})
    await send({"type": "http.response.body", "body": content})
