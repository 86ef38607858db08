"""What goes back over HTTP."""

from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

import orjson
from starlette.types import Message, Send

from graphql_api.http import etag as caching
from graphql_api.http import graphiql
from graphql_api.http.compression import SMALL, compressed
from graphql_api.http.negotiation import HTML, coding
from graphql_api.http.request import Headers, HttpError, text
from graphql_api.http.server import Server

VARY = b"accept, accept-encoding, authorization"


async def page(server: Server, path: str, send: Send) -> None:
    """Send GraphiQL. It knows the key of ``serve --dev``."""
    html = graphiql.page(path, server.settings.dev_key if server.settings.dev else None)
    headers = {"Content-Security-Policy": graphiql.CONTENT_SECURITY_POLICY, "Cache-Control": caching.NOT_KEPT}
    await respond(send, HTTPStatus.OK, html.encode(), HTML, headers)


async def refuse(send: Send, error: HttpError, media_type: str) -> None:
    """Send the errors of a request that is not answered."""
    content = orjson.dumps({"errors": [each.formatted for each in error.errors]})
    await respond(send, error.status, content, media_type, {"Cache-Control": caching.NOT_KEPT, **error.headers})


async def say(send: Send, answer: Mapping[str, Any], media_type: str) -> None:
    """Send the answer of an operation that may have changed something. A secret may be in it: it is not compressed."""
    await respond(send, HTTPStatus.OK, orjson.dumps(answer), media_type, {})


async def say_read(send: Send, method: str, asked: Headers, answer: Mapping[str, Any], media_type: str) -> None:
    """Send the answer of a query: compressed where it is large, and not at all where a GET has it already."""
    content = orjson.dumps(answer)
    headers: dict[str, str] = {}
    if method != "POST":
        headers = {"Cache-Control": caching.NOT_KEPT}
        if "errors" not in answer:
            headers = {"Cache-Control": caching.KEPT, "ETag": caching.etag(content)}
            if caching.is_kept(text(asked.get(b"if-none-match")), headers["ETag"]):
                return await respond(send, HTTPStatus.NOT_MODIFIED, b"", media_type, headers)
    if len(content) > SMALL and (liked := coding(text(asked.get(b"accept-encoding")))):
        content = await compressed(content, liked)
        headers["Content-Encoding"] = liked
    return await respond(send, HTTPStatus.OK, content, media_type, headers)


def without_body(send: Send) -> Send:
    """Sends what a HEAD is answered with: the headers that a GET would have."""

    async def headers_only(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return headers_only


@cache
def content_type(media_type: str) -> bytes:
    """The header for one of the few media types that are spoken here, in UTF-8."""
    return f"{media_type}; charset=utf-8".encode()


async def respond(send: Send, status: HTTPStatus, content: bytes, media_type: str, headers: Mapping[str, str]) -> None:
    """Send a response in UTF-8."""
    start = [(b"vary", VARY)]
    if status is not HTTPStatus.NOT_MODIFIED:
        start += ((b"content-type", content_type(media_type)), (b"content-length", b"%d" % len(content)))
    if headers:
        start += ((name.lower().encode(), value.encode()) for name, value in headers.items())
    await send({"type": "http.response.start", "status": int(status), "headers": start})
    await send({"type": "http.response.body", "body": content})
