"""HTTP/1.1 by uvicorn, with what it leaves out: an end to the length of a request's head and to the wait for it, and
what RFC 9112 has a server refuse."""

from asyncio import TimerHandle, Transport
from http import HTTPStatus
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from graphql_api.errors import BadUserInput
from graphql_api.http.uvicorn_unread import PatientProtocol

MAX_HEAD = 65_536  # bytes: a GET with the longest document, percent-encoded, and room for headers
MAX_HEADERS = 100
HEAD_SECONDS = 10.0


class NotTaken(Exception):
    """The head of a request is over its limit, or not one of HTTP/1.1."""


class BoundedProtocol(PatientProtocol):
    """One connection. What is not HTTP, or too much of it, is told so in GraphQL's form; then the connection ends."""

    _in_head = True
    _chunk = 0
    _began = 0  # bytes of the chunk in which the head began
    _received = 0  # bytes since that chunk, or the one in which the last of the body came
    _refusal = HTTPStatus.BAD_REQUEST
    _waits: HTTPStatus | None = None  # a refusal that has the answers to earlier requests before it
    _wait: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """The first request has to begin soon."""
        super().connection_made(transport)
        self._wait = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes of a request: as many as its head may have, or its body's."""
        if self._waits is not None:
            return
        self._chunk = len(data)
        self._received += self._chunk
        super().data_received(data)
        if self.transport.is_closing() or self.transport.get_protocol() is not self:  # it has become a WebSocket
            return
        if self._received > MAX_HEAD:
            self._refuse(self._too_long())
        elif not (self._in_head or self.cycle is None or self.cycle.response_complete):
            return  # a request is under way; else one is what has to come next
        elif self._wait is None and self.timeout_keep_alive_task is None:
            self._wait = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_head = True
        self._began = self._chunk
        self._received = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header has come; or a trailer, which nobody who looked at the head alone has seen, and nobody heeds."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Its head has come. Raises NotTaken, which the parser makes an error of its own."""
        self._in_head = False
        if self._wait is not None:
            self._stop_waiting()
        if len(self.headers) > MAX_HEADERS or (self._began + self._received > MAX_HEAD and self._head() > MAX_HEAD):
            self._refusal = self._too_long()
            raise NotTaken
        if not self._names_host():
            raise NotTaken
        self._received = 0
        super().on_headers_complete()

    def handle_websocket_upgrade(self) -> None:
        """A WebSocket is asked for; it cannot begin in the middle of answers to what was asked for before."""
        if self.cycle is None or self.cycle.response_complete:
            super().handle_websocket_upgrade()
        else:
            self._refuse(HTTPStatus.BAD_REQUEST)

    def on_body(self, body: bytes) -> None:
        """Something of its body has come."""
        self._received = 0
        super().on_body(body)

    def on_response_complete(self) -> None:
        """A request has been answered. Another may wait for its refusal."""
        if self._waits is not None and len(self.pipeline) == 1 and self.cycle.more_body:
            self.pipeline.clear()  # the rest of its body cannot be read: it is what is refused
        super().on_response_complete()
        if self._waits is not None and not self.transport.is_closing():
            self._refuse(self._waits)

    def send_400_response(self, msg: str) -> None:
        """Say what is wrong, and close."""
        self._refuse(self._refusal)

    def _names_host(self) -> bool:
        """Whether the one who is asked is named: once, but for HTTP/1.0, in which nobody has to be."""
        named = sum(name == b"host" for name, _ in self.headers)
        return named == 1 or (named == 0 and self.parser.get_http_version() == "1.0")

    def _head(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _too_long(self) -> HTTPStatus:
        of_url = len(getattr(self, "url", b"")) > MAX_HEAD // 2
        return HTTPStatus.REQUEST_URI_TOO_LONG if of_url else HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE

    def _too_slow(self) -> None:
        self._wait = None
        if not self.transport.is_closing():
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    def _stop_waiting(self) -> None:
        if self._wait is not None:
            self._wait.cancel()
            self._wait = None

    def _refuse(self, status: HTTPStatus) -> None:
        """Say what is wrong, and close: when all that was asked for before has been answered."""
        if self.pipeline or not (self.cycle is None or self.cycle.response_complete or self.cycle.more_body):
            self._waits = status
            return
        refuse(self.transport, status)


def refuse(transport: Transport, status: HTTPStatus) -> None:
    """Say that what came is no request, in GraphQL's form, and close."""
    content = orjson.dumps({"errors": [BadUserInput(f"{status.phrase}. {status.description}.").formatted]})
    headers: list[Any] = [
        b"content-type: application/json; charset=utf-8\r\n",
        b"content-length: %d\r\n" % len(content),
        b"cache-control: no-store\r\nconnection: close\r\n\r\n",
    ]
    transport.write(b"".join([STATUS_LINE[status.value], *headers, content]))
    transport.close()
