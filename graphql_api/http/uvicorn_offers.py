"""HTTP/1.1 by uvicorn, where a client offers to go on in another protocol, as Java's does with each first request."""

import sys

import httptools

from graphql_api.http.uvicorn_answers import PromptProtocol

OFFER = (b"upgrade", b"http2-settings")  # headers, and what Connection names


class SteadyProtocol(PromptProtocol):
    """One connection, which becomes a WebSocket or stays what it is: RFC 9110, 7.8.

    The parser takes what follows an offer for the other protocol, so another one reads the request without it.
    """

    _offer_ends: int | None = None

    def data_received(self, data: bytes) -> None:
        """Bytes of a request."""
        super().data_received(data)
        if self._offer_ends is not None:
            rest, self._offer_ends = data[self._offer_ends :], None
            head = self._without_offer()
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
            self.data_received(head + rest)

    def on_headers_complete(self) -> None:
        """The head of a request has come; that with an offer comes again without."""
        if not self._offers():
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The body has come; behind an offer there is none yet."""
        if not self._offers():
            super().on_message_complete()

    def _get_upgrade(self) -> bytes | None:
        """What is offered, if anything; uvicorn looks for it in the last of several Connections."""
        named = {each for name, value in self.headers if name == b"connection" for each in words(value)}
        return dict(self.headers).get(b"upgrade", b"").lower() or None if b"upgrade" in named else None

    def _offers(self) -> bool:
        """Whether there is an offer that nobody takes. CONNECT, which the parser takes for one, has no such header."""
        return self.parser.should_upgrade() and self._get_upgrade() is not None and not self._should_upgrade()

    def _unsupported_upgrade_warning(self) -> None:
        """What uvicorn calls, while it handles the parser's exception, for what is no WebSocket."""
        upgrade = sys.exception()
        if isinstance(upgrade, httptools.HttpParserUpgrade) and self._offers():
            self._offer_ends = upgrade.args[0]

    def _without_offer(self) -> bytes:
        """The head that has come, without what makes it an offer."""
        lines = [name + b": " + without_offer(name, value) for name, value in self.headers if name not in OFFER]
        version = self.parser.get_http_version().encode()
        return b"\r\n".join([self.parser.get_method() + b" " + self.url + b" HTTP/" + version, *lines, b"\r\n"])


def words(connection: bytes) -> list[bytes]:
    """What a Connection header names."""
    return [each.strip().lower() for each in connection.split(b",")]


def without_offer(name: bytes, value: bytes) -> bytes:
    """The value of a header; of Connection, what is no part of an offer: that the connection is to close, say."""
    return value if name != b"connection" else b", ".join(each for each in words(value) if each not in OFFER)
