"""uvicorn's HTTP/1.1 and WebSocket protocols with the limits and checks that uvicorn leaves out.

uvicorn trusts the proxy before it with these. They build on private parts of uvicorn, whose version is therefore pinned
to a minor release. Each override says which behaviour of uvicorn it changes.
"""

from __future__ import annotations

from asyncio import TimerHandle, Transport
from http import HTTPStatus

import httptools
import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode

from graphql_api.errors import BadUserInput

MAX_HEAD = 65_536  # bytes: a GET with the longest document, percent-encoded, and room for headers
MAX_HEADERS = 100
HEAD_SECONDS = 10.0  # for the head of a request to arrive
WRITE_SECONDS = 10.0  # for a client to read some of the bytes that wait for it
MAX_WRITE_BUFFERS = 128 * 2**20  # bytes that wait for all slow readers of the process

# Connections whose client does not keep up with reading, the slowest first.
slow_readers: dict[HTTPProtocol, None] = {}


class InvalidHead(Exception):
    """The head of a request is too long or invalid. The parser reports it as an error of its own."""


class HTTPProtocol(HttpToolsProtocol):
    """One HTTP/1.1 connection. A request that cannot be parsed gets an error in GraphQL's form; then it closes."""

    _in_head = True
    _uncounted = 0  # bytes received since a head or a piece of a body was complete
    _upgrade_declined = False  # whether the current request offers a protocol other than WebSocket
    _error = HTTPStatus.BAD_REQUEST  # the answer to a request that the parser does not take
    _pending_refusal: HTTPStatus | None = None  # sent after the responses to earlier requests
    _head_timer: TimerHandle | None = None
    _write_timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Limit the time until the first head has arrived; uvicorn waits for it without end."""
        super().connection_made(transport)
        self._start_head_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timers that uvicorn does not know."""
        self._stop_head_timer()
        self._stop_write_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse bytes, and limit the length of heads and trailers and the time of a head; uvicorn limits neither."""
        if self._pending_refusal is not None:
            return
        self._unset_keepalive_if_required()
        while data:
            data = self._parse(data)
        is_websocket = self.transport.get_protocol() is not self
        if is_websocket or self._pending_refusal is not None or self.transport.is_closing():
            return
        if self._uncounted > MAX_HEAD:
            self._refuse(self._head_too_long())
        elif (self._in_head or self._is_idle()) and self._head_timer is None and self.timeout_keep_alive_task is None:
            self._start_head_timer()

    def _parse(self, data: bytes) -> bytes:
        """Parse bytes; return those that have to be parsed again because an upgrade was declined.

        uvicorn answers errors in plain text, before the responses to earlier requests. It loses the body of a request
        that offers an upgrade to another protocol than WebSocket, and all requests behind it. Java's HTTP client offers
        h2c with its first request.
        """
        self._uncounted += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.logger.warning("Invalid HTTP request received.")
            self._refuse(self._error)
        except httptools.HttpParserUpgrade as upgrade:
            if self._upgrade_declined:
                return self._start_over() + data[upgrade.args[0] :]
            if self._should_upgrade():
                self.handle_websocket_upgrade()
        return b""

    def _start_over(self) -> bytes:
        """Return the current head without its upgrade offer, and replace the parser, which would skip the body."""
        line = self.parser.get_method() + b" " + self.url + b" HTTP/" + self.parser.get_http_version().encode()
        headers = [name + b": " + value for name, value in self.headers if name != b"upgrade"]
        self._uncounted = 0
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
        return b"\r\n".join([line, *headers, b"\r\n"])

    def on_message_begin(self) -> None:
        """Reset the state of a request."""
        super().on_message_begin()
        self._in_head = True
        self._upgrade_declined = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Ignore trailers; uvicorn adds them to the headers that the application reads."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Refuse a head that is too long, has not one Host (RFC 9112, 3.2), or a transfer coding other than chunked.

        uvicorn takes all three, and reads a body in an unknown coding as it is (501 by RFC 9112, 6.1).
        uvicorn sends the head and the body of a response by two system calls. One takes 10 to 15 microseconds, a tenth
        of a short read.
        """
        self._in_head = False
        self._uncounted = 0
        self._stop_head_timer()
        length = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if len(self.headers) > MAX_HEADERS or length > MAX_HEAD:
            self._error = self._head_too_long()
            raise InvalidHead
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts != 1 and (hosts, self.parser.get_http_version()) != (0, "1.0"):
            raise InvalidHead
        codings = [each for name, value in self.headers if name == b"transfer-encoding" for each in tokens(value)]
        if codings not in ([], [b"chunked"]):
            self._error = HTTPStatus.NOT_IMPLEMENTED
            raise InvalidHead
        if self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT" and not self._should_upgrade():
            self._upgrade_declined = True
            return
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before and self.scope["method"] != "HEAD":  # which has no body to send the head with
            self.cycle.transport = ResponseTransport(self.transport)  # type: ignore[assignment]  # has what uvicorn uses

    def on_body(self, body: bytes) -> None:
        """Pass on a piece of the body, which has a limit of its own."""
        self._uncounted = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Skip the end of a request that is parsed again, as its upgrade was declined; uvicorn knows no such one."""
        if not self._upgrade_declined:
            super().on_message_complete()

    def _get_upgrade(self) -> bytes | None:
        """Return the protocol of an upgrade offer; uvicorn reads only the last of several Connection headers."""
        connection = {token for name, value in self.headers if name == b"connection" for token in tokens(value)}
        return dict(self.headers).get(b"upgrade", b"").lower() or None if b"upgrade" in connection else None

    def handle_websocket_upgrade(self) -> None:
        """Refuse a WebSocket while earlier requests are being answered; uvicorn would mix the two on the wire."""
        if self._is_idle():
            super().handle_websocket_upgrade()
        else:
            self._refuse(HTTPStatus.BAD_REQUEST)

    def on_response_complete(self) -> None:
        """Send a refusal after the last response before it; uvicorn refuses at once, so clients mistake the order."""
        if self._pending_refusal is not None and len(self.pipeline) == 1 and self.cycle.more_body:
            self.pipeline.clear()  # the refused bytes are the rest of its body
        super().on_response_complete()
        if self._pending_refusal is not None and not self.transport.is_closing():
            self._refuse(self._pending_refusal)

    def pause_writing(self) -> None:
        """Limit the time and memory that slow readers take; uvicorn waits for them without end."""
        super().pause_writing()
        slow_readers[self] = None
        self._start_write_timer()
        while len(slow_readers) > 1 and sum(each._unread() for each in slow_readers) > MAX_WRITE_BUFFERS:
            next(iter(slow_readers))._abort()

    def resume_writing(self) -> None:
        """Stop the limit that uvicorn does not know."""
        super().resume_writing()
        self._stop_write_timer()

    def _is_idle(self) -> bool:
        """Whether all requests so far have been answered."""
        return self.cycle is None or self.cycle.response_complete

    def _head_too_long(self) -> HTTPStatus:
        url_too_long = len(getattr(self, "url", b"")) > MAX_HEAD // 2
        return HTTPStatus.REQUEST_URI_TOO_LONG if url_too_long else HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE

    def _refuse(self, status: HTTPStatus) -> None:
        """Send an error and close, once all earlier requests have been answered."""
        if self.pipeline or not (self._is_idle() or self.cycle.more_body):
            self._pending_refusal = status
        else:
            refuse(self.transport, status)

    def _start_head_timer(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._head_timed_out)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_timed_out(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    def _unread(self) -> int:
        return self.transport.get_write_buffer_size()

    def _start_write_timer(self) -> None:
        self._write_timer = self.loop.call_later(WRITE_SECONDS, self._check_progress, self._unread())

    def _stop_write_timer(self) -> None:
        slow_readers.pop(self, None)
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def _check_progress(self, unread_before: int) -> None:
        if self._unread() >= unread_before:
            self._abort()
        else:
            self._start_write_timer()

    def _abort(self) -> None:
        """Drop the connection with its unread bytes; ``close`` would wait until they are read."""
        self._stop_write_timer()
        self.transport.abort()


class ResponseTransport:
    """A transport for one response, which sends the head together with the first piece of the body."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._head: bytes | None = None
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        """Hold back the head until more is written. Ignore writes after the end, for which uvloop raises."""
        if self.is_closing():
            return
        if self._head is None and not data.startswith(STATUS_LINE[HTTPStatus.CONTINUE]):
            self._head = data
            return
        self._transport.write(self._head + data if self._head else data)
        if self._head:
            self._head = b""

    def close(self) -> None:
        """Send the head if it has no body, and close."""
        if self._head and not self.is_closing():
            self._transport.write(self._head)
        self._transport.close()


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """One WebSocket connection."""

    def data_received(self, data: bytes) -> None:
        """Refuse a handshake that websockets does not take (a body, a long line); uvicorn would leave it unanswered."""
        super().data_received(data)
        if not self.handshake_initiated:
            refuse(self.transport, HTTPStatus.BAD_REQUEST)

    def send_receive_event_to_app(self) -> None:
        """Close with 1007 on text that is not UTF-8 (RFC 6455, 8.1); uvicorn logs a traceback besides."""
        self.frames = [b"".join(self.frames)]
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                self.frames[0].decode()
            except UnicodeDecodeError:
                self.conn.send_close(CloseCode.INVALID_DATA)
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()

    async def run_asgi(self) -> None:
        """Abort the connection some time after its end; uvicorn waits without end for the client to read the rest."""
        await super().run_asgi()
        self.loop.call_later(self.close_timeout, self.transport.abort)


def tokens(header: bytes) -> list[bytes]:
    """Return the lower-cased members of a header whose value is a list."""
    return [token.strip().lower() for token in header.split(b",")]


def refuse(transport: Transport, status: HTTPStatus) -> None:
    """Send an error in GraphQL's form and close the connection."""
    content = orjson.dumps({"errors": [BadUserInput(f"{status.phrase}. {status.description}.").formatted]})
    headers = b"content-type: application/json; charset=utf-8\r\ncache-control: no-store\r\nconnection: close\r\n"
    head = STATUS_LINE[status.value] + headers + b"content-length: %d\r\n\r\n" % len(content)
    transport.write(head + content)
    transport.close()
