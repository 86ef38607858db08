"""HTTP/1.1 by uvicorn, with what it leaves out: an end to the length of a request's head, to the wait for it, and to
the wait for someone to read the answer."""

from asyncio import TimerHandle, Transport
from http import HTTPStatus
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from graphql_api.errors import BadUserInput
from graphql_api.transport.uvicorn_answers import PromptProtocol

MAX_HEAD = 65_536  # bytes: a GET with the longest document, percent-encoded, and room for headers
MAX_HEADERS = 100
HEAD_SECONDS = 10.0
UNREAD_SECONDS = 10.0  # in which a client has to take something of what waits for it


class HeadTooLong(Exception):
    """The head of a request is over its limit."""


class BoundedProtocol(PromptProtocol):
    """One connection. What is not HTTP, or too much of it, is told so in GraphQL's form; then the connection ends."""

    _in_head = True
    _chunk = 0
    _received = 0
    _refusal = HTTPStatus.BAD_REQUEST
    _wait: TimerHandle | None = None
    _unread: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """The first request has to begin soon."""
        super().connection_made(transport)
        self._wait = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._stop_waiting()
        if self._unread is not None:
            self._unread.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client does not keep up with what is sent."""
        super().pause_writing()
        self._look_again(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """It does again."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()

    def data_received(self, data: bytes) -> None:
        """Bytes of a request: as many as its head may have, or its body's."""
        self._chunk = len(data)
        if self._in_head:
            self._received += len(data)
        super().data_received(data)
        if not (self._in_head or self.cycle is None or self.cycle.response_complete):
            return  # a request is under way; else one is what has to come next
        if self.transport.is_closing() or self.transport.get_protocol() is not self:  # it has become a WebSocket
            return
        if self._in_head and self._received > MAX_HEAD:
            self._refuse(self._too_long())
        elif self._wait is None and self.timeout_keep_alive_task is None:
            self._wait = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_head = True
        self._received = self._chunk

    def on_headers_complete(self) -> None:
        """Its head has come. Raises HeadTooLong, which the parser makes an error of its own."""
        self._in_head = False
        if self._wait is not None:
            self._stop_waiting()
        if len(self.headers) > MAX_HEADERS or (self._received > MAX_HEAD and self._head() > MAX_HEAD):
            self._refusal = self._too_long()
            raise HeadTooLong
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Say what is wrong, and close."""
        self._refuse(self._refusal)

    def _head(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _too_long(self) -> HTTPStatus:
        of_url = len(getattr(self, "url", b"")) > MAX_HEAD // 2
        return HTTPStatus.REQUEST_URI_TOO_LONG if of_url else HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE

    def _too_slow(self) -> None:
        self._wait = None
        if not self.transport.is_closing():
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    def _look_again(self, waiting: int) -> None:
        self._unread = self.loop.call_later(UNREAD_SECONDS, self._look, waiting)

    def _look(self, before: int) -> None:
        """Let go of a client that has taken nothing meanwhile: closing would wait for it."""
        waiting = self.transport.get_write_buffer_size()
        if waiting >= before:
            self.transport.abort()
        else:
            self._look_again(waiting)

    def _stop_waiting(self) -> None:
        if self._wait is not None:
            self._wait.cancel()
            self._wait = None

    def _refuse(self, status: HTTPStatus) -> None:
        content = orjson.dumps({"errors": [BadUserInput(f"{status.phrase}. {status.description}.").formatted]})
        headers: list[Any] = [
            b"content-type: application/json; charset=utf-8\r\n",
            b"content-length: %d\r\n" % len(content),
            b"cache-control: no-store\r\nconnection: close\r\n\r\n",
        ]
        self.transport.write(b"".join([STATUS_LINE[status.value], *headers, content]))
        self.transport.close()
