"""Send HTTP responses: results, errors and the GraphiQL page."""

import re
from collections.abc import Mapping
from functools import cache
from hashlib import blake2b
from http import HTTPStatus

import orjson
from graphql import ExecutionResult, OperationType
from starlette.types import Message, Send

from graphql_api.execution.run import to_response
from graphql_api.http import graphiql
from graphql_api.http.compression import MAX_UNCOMPRESSED_SIZE, compress
from graphql_api.http.errors import HTTPError
from graphql_api.http.negotiation import HTML, JSON, content_coding
from graphql_api.http.request import HTTPRequest

VARY = b"accept, accept-encoding, authorization"
NO_STORE = "no-store"
ENTITY_TAG = re.compile(r'(?:W/)?("[^"]*")')
REVALIDATE = "private, no-cache"  # the client's own cache may store it, and asks each time whether it has changed


async def send_graphiql(send: Send, path: str, dev_key: str | None) -> None:
    """Send the GraphiQL page. ``dev_key`` is the API key that it uses without asking for one."""
    html = graphiql.page(path, dev_key)
    headers = {"Content-Security-Policy": graphiql.CONTENT_SECURITY_POLICY, "Cache-Control": NO_STORE}
    await send_response(send, HTTPStatus.OK, html.encode(), HTML, headers)


async def send_error(send: Send, error: HTTPError, media_type: str) -> None:
    """Send the errors of a request that has no result."""
    content = orjson.dumps({"errors": [each.formatted for each in error.errors]})
    await send_response(send, error.status, content, media_type, {"Cache-Control": NO_STORE, **error.headers})


async def send_result(send: Send, request: HTTPRequest, result: ExecutionResult) -> None:
    """Send the result of an operation.

    A mutation's is not compressed: it may hold a secret beside text that the client chose (the BREACH attack).
    """
    content, media_type = orjson.dumps(to_response(result)), request.media_type or JSON
    if request.record.kind is not OperationType.QUERY:
        return await send_response(send, HTTPStatus.OK, content, media_type, {})
    headers: dict[str, str] = {}
    if request.method != "POST":
        headers = {"Cache-Control": NO_STORE}
        if not result.errors:
            headers = {"Cache-Control": REVALIDATE, "ETag": entity_tag(content)}
            if names_tag(request.header(b"if-none-match"), headers["ETag"]):
                return await send_response(send, HTTPStatus.NOT_MODIFIED, b"", media_type, headers)
    if len(content) > MAX_UNCOMPRESSED_SIZE and (coding := content_coding(request.header(b"accept-encoding"))):
        content = await compress(content, coding)
        headers["Content-Encoding"] = coding
    return await send_response(send, HTTPStatus.OK, content, media_type, headers)


def entity_tag(content: bytes) -> str:
    """Return the tag of a response: a weak one, as it is the same in every content coding (RFC 9110, 8.8.3)."""
    return f'W/"{blake2b(content, digest_size=16).hexdigest()}"'


def names_tag(if_none_match: str | None, tag: str) -> bool:
    """Return whether an If-None-Match header names a tag, by weak comparison."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or tag.removeprefix("W/") in ENTITY_TAG.findall(if_none_match)


def without_body(send: Send) -> Send:
    """Wrap ``send`` for HEAD: the same headers as for GET, and no body."""

    async def send_head(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return send_head


@cache
def content_type(media_type: str) -> bytes:
    """Return the Content-Type header of a media type in UTF-8."""
    return f"{media_type}; charset=utf-8".encode()


async def send_response(
    send: Send, status: HTTPStatus, content: bytes, media_type: str, headers: Mapping[str, str]
) -> None:
    """Send a whole response."""
    start = [(b"vary", VARY)]
    if status is not HTTPStatus.NOT_MODIFIED:
        start += ((b"content-type", content_type(media_type)), (b"content-length", b"%d" % len(content)))
    if headers:
        start += ((name.lower().encode(), value.encode()) for name, value in headers.items())
    await send({"type": "http.response.start", "status": int(status), "headers": start})
    await send({"type": "http.response.body", "body": content})
