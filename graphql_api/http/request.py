"""What comes over HTTP: headers, a query string or a body, and who sent it."""

import asyncio
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus

from graphql import GraphQLError
from starlette.types import Receive, Scope

from graphql_api.errors import BadUserInput, TimedOut, Unauthenticated
from graphql_api.execution import parameters
from graphql_api.execution.deadline import while_waiting
from graphql_api.execution.parameters import NotWellFormed, Parameters
from graphql_api.http.negotiation import is_json
from graphql_api.http.server import Server
from graphql_api.security.viewer import Viewer

Headers = Mapping[bytes, bytes]

DIGITS = 18  # of a Content-Length that is a number at all


class HttpError(Exception):
    """A request that is answered without being run."""

    def __init__(self, status: HTTPStatus, *errors: GraphQLError, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(*errors)
        self.status = status
        self.errors = errors
        self.headers = headers or {}


class ClientGone(Exception):
    """Nobody waits for an answer any more."""


def headers_of(scope: Scope) -> Headers:
    """The request's headers; the values of one that is sent several times are joined, as RFC 9110 has it."""
    headers: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        headers[name] = headers[name] + b", " + value if name in headers else value
    return headers


def text(value: bytes | None) -> str | None:
    """A header's value as text."""
    return None if value is None else value.decode("latin-1")


async def who(server: Server, headers: Headers) -> Viewer:
    """Who asks. Raises HttpError: with 401, or with 503 where the database does not say."""
    authorization = headers.get(b"authorization")
    if authorization and (recalled := server.keys.recalled(authorization)):
        return recalled
    try:
        return await server.keys.viewer(text(authorization))
    except Unauthenticated as error:
        raise HttpError(HTTPStatus.UNAUTHORIZED, error, headers={"WWW-Authenticate": "Bearer"}) from error
    except TimedOut as error:
        raise HttpError(HTTPStatus.SERVICE_UNAVAILABLE, error, headers={"Retry-After": "1"}) from error


def asked(scope: Scope, headers: Headers) -> Parameters:
    """The parameters of a GET. Raises NotWellFormed."""
    if not (headers.get(b"graphql-require-preflight") or is_json(text(headers.get(b"content-type")))):
        raise NotWellFormed("A GET needs the header GraphQL-Require-Preflight, so that no other site can send it.")
    return parameters.from_query(scope["query_string"])


async def sent(server: Server, headers: Headers, receive: Receive) -> Parameters:
    """The parameters of a POST. Raises HttpError and NotWellFormed."""
    if not is_json(text(headers.get(b"content-type"))):
        raise not_taken("The Content-Type has to be application/json, in UTF-8.", {"Accept": "application/json"})
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise not_taken("A body is taken as it is, in no Content-Encoding.", {"Accept-Encoding": "identity"})
    most = server.settings.max_request_bytes
    length = headers.get(b"content-length", b"")
    if length.isdigit() and (len(length) > DIGITS or int(length) > most):
        raise too_long(most)
    try:
        deadline = partial(asyncio.timeout, server.settings.deadline_seconds)
        return parameters.from_body(await while_waiting(body(receive, most), deadline))
    except TimeoutError:
        problem = f"The body did not come within {server.settings.deadline_seconds:g} seconds."
        raise HttpError(HTTPStatus.REQUEST_TIMEOUT, TimedOut(problem), headers={"Connection": "close"}) from None


async def body(receive: Receive, most: int) -> bytes:
    """The body, which is never held beyond its limit. Raises HttpError with 413, and ClientGone."""
    read = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        read += message.get("body", b"")
        if len(read) > most:
            raise too_long(most)
        if not message.get("more_body"):
            return bytes(read)


def too_long(most: int) -> HttpError:
    """A body over its limit. What is left of it is not read."""
    problem = BadUserInput(f"The body is longer than {most} bytes.")
    return HttpError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, problem, headers={"Connection": "close"})


def not_taken(problem: str, headers: Mapping[str, str]) -> HttpError:
    """A body of another kind than the one that is taken, which the headers name."""
    return HttpError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, BadUserInput(problem), headers=headers)


def not_allowed(methods: str, problem: str) -> HttpError:
    """A method that cannot be used here."""
    return HttpError(HTTPStatus.METHOD_NOT_ALLOWED, BadUserInput(problem), headers={"Allow": methods})
