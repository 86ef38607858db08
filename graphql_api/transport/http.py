"""GraphQL over HTTP: https://graphql.github.io/graphql-over-http/draft/ to the letter, and GraphiQL for browsers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import orjson
from graphql import GraphQLError, OperationDefinitionNode, OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from graphql_api.context import Context
from graphql_api.errors import BadUserInput, Unauthenticated
from graphql_api.reading.plans import Document
from graphql_api.server import Server
from graphql_api.transport import execution, graphiql
from graphql_api.transport.documents import InvalidDocument
from graphql_api.transport.negotiation import ANSWER, JSON, chosen, is_json, wants_page

MAX_NESTING = 100


class HttpError(Exception):
    """A request that is answered without being run."""

    def __init__(self, status: HTTPStatus, *errors: GraphQLError, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(*errors)
        self.status = status
        self.errors = errors
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class Parameters:
    """A GraphQL request, whichever way it came."""

    query: str
    operation_name: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)


class GraphQLEndpoint:
    """The one address of the API."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        media_type = chosen(request.headers.get("accept"))
        try:
            response = await self.answered(request, media_type)
        except HttpError as error:
            response = said(error.status, {"errors": [each.formatted for each in error.errors]}, media_type or JSON)
            response.headers.update(error.headers)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def answered(self, request: Request, media_type: str | None) -> Response:
        """The response to a request. Raises HttpError."""
        server: Server = request.app.state.server
        if request.method not in ("GET", "POST"):
            raise not_allowed("GET, POST", f"{request.method} is not a method of GraphQL over HTTP; use POST.")
        if request.method == "GET" and server.settings.graphiql and wants_page(request.headers.get("accept")):
            return page(request, server)
        if media_type is None:
            problem = f"Nothing that the Accept header takes is spoken here: {ANSWER} or {JSON}."
            raise HttpError(HTTPStatus.NOT_ACCEPTABLE, BadUserInput(problem))
        viewer = await self.viewer(request, server)
        parameters = from_query(request) if request.method == "GET" else await from_body(request, server)
        try:
            document = server.documents.get(parameters.query)
        except InvalidDocument as invalid:
            raise HttpError(refused(media_type), *invalid.errors) from invalid
        operation = selected(document, parameters.operation_name, media_type)
        if request.method == "GET" and operation.operation is not OperationType.QUERY:
            raise not_allowed("POST", "A GET can only query; send a mutation by POST.")
        context = Context(server.database, server.settings, viewer, document)
        result = await execution.run(context, operation, parameters.variables)
        if result.data is None and result.errors and not any(error.path for error in result.errors):
            raise HttpError(refused(media_type), *result.errors)
        answer: dict[str, Any] = {"data": result.data}
        if result.errors:
            answer = {"errors": [each.formatted for each in result.errors], **answer}
        return said(HTTPStatus.OK, answer, media_type)

    async def viewer(self, request: Request, server: Server) -> Any:
        """Who asks. Raises HttpError with 401."""
        try:
            return await server.keys.viewer(request.headers.get("authorization"))
        except Unauthenticated as error:
            raise HttpError(HTTPStatus.UNAUTHORIZED, error, headers={"WWW-Authenticate": "Bearer"}) from error


def page(request: Request, server: Server) -> Response:
    """GraphiQL."""
    html = graphiql.page(request.url.path, server.settings.dev_key if server.settings.dev else None)
    headers = {
        "Content-Security-Policy": graphiql.CONTENT_SECURITY_POLICY,
        "Vary": "Accept",
        "Cache-Control": "no-store",
    }
    return HTMLResponse(html, headers=headers)


def from_query(request: Request) -> Parameters:
    """The parameters of a GET. Raises HttpError."""
    if not (request.headers.get("graphql-require-preflight") or is_json(request.headers.get("content-type"))):
        problem = "A GET needs the header GraphQL-Require-Preflight, so that no other site can send it unasked."
        raise bad(problem)
    given = request.query_params
    objects = {name: parsed(given[name].encode()) for name in ("variables", "extensions") if given.get(name)}
    return parameters({**given, **objects})


async def from_body(request: Request, server: Server) -> Parameters:
    """The parameters of a POST. Raises HttpError."""
    if not is_json(request.headers.get("content-type")):
        problem = "The Content-Type has to be application/json, in UTF-8."
        raise HttpError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, BadUserInput(problem))
    return parameters(parsed(await body(request, server.settings.max_request_bytes)))


async def body(request: Request, most: int) -> bytes:
    """The body, which is never held beyond its limit. Raises HttpError with 413."""
    read = bytearray()
    async for chunk in request.stream():
        read += chunk
        if len(read) > most:
            problem = f"The body is longer than {most} bytes."
            raise HttpError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, BadUserInput(problem), headers={"Connection": "close"})
    return bytes(read)


def parsed(text: bytes) -> Any:
    """The JSON of a text. Raises HttpError."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise bad(f"The request is not JSON in UTF-8: {error}.") from error
    if nesting(value) > MAX_NESTING:
        raise bad(f"The request nests deeper than {MAX_NESTING} levels.")
    return value


def nesting(value: Any) -> int:
    """How deep lists and objects stand in each other."""
    depth, level = 0, [value]
    while level := [each for each in level if isinstance(each, dict | list)]:
        depth += 1
        level = [inner for each in level for inner in (each.values() if isinstance(each, dict) else each)]
    return depth


def parameters(given: Any) -> Parameters:
    """The parameters of a request, each of its type. Raises HttpError."""
    if not isinstance(given, dict):
        raise bad("The request has to be a JSON object with the key query; batches are not taken.")
    query, name = given.get("query"), given.get("operationName")
    variables, extensions = given.get("variables"), given.get("extensions")
    if not isinstance(query, str):
        raise bad("query has to be a string.")
    if name is not None and not isinstance(name, str):
        raise bad("operationName has to be a string.")
    for label, value in (("variables", variables), ("extensions", extensions)):
        if value is not None and not isinstance(value, dict):
            raise bad(f"{label} has to be an object.")
    return Parameters(query, name or None, variables or {})


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


def bad(problem: str) -> HttpError:
    """A request that is not well formed."""
    return HttpError(HTTPStatus.BAD_REQUEST, BadUserInput(problem))


def not_allowed(methods: str, problem: str) -> HttpError:
    """A method that cannot be used here."""
    return HttpError(HTTPStatus.METHOD_NOT_ALLOWED, BadUserInput(problem), headers={"Allow": methods})


def said(status: HTTPStatus, answer: Mapping[str, Any], media_type: str) -> Response:
    """A response of JSON in UTF-8."""
    return Response(orjson.dumps(answer), status, media_type=f"{media_type}; charset=utf-8")
