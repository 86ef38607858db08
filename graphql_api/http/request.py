"""An HTTP request for the GraphQL API: its headers, its caller and its parameters."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Self

from starlette.types import Receive, Scope

from graphql_api.errors import BadUserInput, TimedOut
from graphql_api.execution import parameters
from graphql_api.execution.parameters import Parameters
from graphql_api.http.errors import ClientDisconnected, HTTPError, retry_later
from graphql_api.http.negotiation import accepts_events, is_json, response_type
from graphql_api.http.server import Server
from graphql_api.http.timeouts import with_lazy_timeout
from graphql_api.observability.operation_record import OperationRecord
from graphql_api.security.viewer import Viewer

MAX_LENGTH_DIGITS = 18  # of a Content-Length: int() takes time that is quadratic in the digits


@dataclass(slots=True)  # frozen, it takes 1 microsecond more to create
class HTTPRequest:
    """One request. ``media_type`` is that of a single response, or None if the client accepts none."""

    server: Server
    record: OperationRecord
    method: str
    headers: Mapping[bytes, bytes]
    query_string: bytes
    receive: Receive
    media_type: str | None
    accepts_events: bool

    @classmethod
    def of(cls, scope: Scope, receive: Receive) -> Self:
        """Read the head of a request. Repeated headers are joined by commas (RFC 9110, 5.3)."""
        headers: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            headers[name] = headers[name] + b", " + value if name in headers else value
        accept = decode(headers.get(b"accept"))
        return cls(
            server=scope["app"].state.server,
            record=scope["operation_record"],
            method=scope["method"],
            headers=headers,
            query_string=scope["query_string"],
            receive=receive,
            media_type=response_type(accept),
            accepts_events=accepts_events(accept),
        )

    def header(self, name: bytes) -> str | None:
        """Return the value of a header, or None."""
        return decode(self.headers.get(name))


def decode(value: bytes | None) -> str | None:
    """Return the text of a header's value, if there is one."""
    return None if value is None else value.decode("latin-1")


async def authenticate(request: HTTPRequest) -> Viewer:
    """Return the caller. Raises Unauthenticated, and HTTPError with 503 if the database takes too long."""
    authenticator = request.server.authenticator
    authorization = request.headers.get(b"authorization")
    if authorization and (viewer := authenticator.cached_viewer(authorization)):
        return viewer
    try:
        return await authenticator.authenticate(decode(authorization))
    except TimedOut as error:
        raise retry_later(HTTPStatus.SERVICE_UNAVAILABLE, error) from error


async def read_parameters(request: HTTPRequest) -> Parameters:
    """Return the parameters of the GraphQL request. Raises HTTPError, MalformedRequest and ClientDisconnected."""
    return parse_query(request) if request.method != "POST" else await read_body(request)


def parse_query(request: HTTPRequest) -> Parameters:
    """Return the parameters of a GET. Raises MalformedRequest.

    No other header has to show that a page of another origin has not sent it (CSRF): the caller is authenticated, and
    a browser sends Authorization to another origin only after a preflight.
    """
    return parameters.parse_query_string(request.query_string)


async def read_body(request: HTTPRequest) -> Parameters:
    """Return the parameters of a POST. Raises HTTPError, MalformedRequest and ClientDisconnected."""
    if not is_json(request.header(b"content-type")):
        raise unsupported("The Content-Type has to be application/json, in UTF-8.", {"Accept": "application/json"})
    if request.headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise unsupported(
            "Compressed bodies are not supported; send no Content-Encoding.", {"Accept-Encoding": "identity"}
        )
    limit, seconds = request.server.settings.max_request_bytes, request.server.settings.deadline_seconds
    length = request.headers.get(b"content-length", b"")
    if length.isdigit() and (len(length) > MAX_LENGTH_DIGITS or int(length) > limit):
        raise too_large(limit)
    try:
        body = await with_lazy_timeout(receive_body(request.receive, limit), partial(asyncio.timeout, seconds))
    except TimeoutError:
        error = TimedOut(f"The body did not arrive within {seconds:g} seconds.")
        raise HTTPError(HTTPStatus.REQUEST_TIMEOUT, error, headers={"Connection": "close"}) from None
    return parameters.parse_body(body)


async def receive_body(receive: Receive, limit: int) -> bytes:
    """Return the body, of at most so many bytes. Raises HTTPError with 413, and ClientDisconnected."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnected
        body += message.get("body", b"")
        if len(body) > limit:
            raise too_large(limit)
        if not message.get("more_body"):
            return bytes(body)


def too_large(limit: int) -> HTTPError:
    """Return the response to a body over the limit. The connection closes, as the rest of the body is not read."""
    error = BadUserInput(f"The body is longer than {limit} bytes.")
    return HTTPError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, error, headers={"Connection": "close"})


def unsupported(problem: str, headers: Mapping[str, str]) -> HTTPError:
    """Return the response to a body in a format that is not read; the headers name the one that is."""
    return HTTPError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, BadUserInput(problem), headers=headers)
