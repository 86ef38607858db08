"""ResponseTransport: one write for the head and the first piece of the body."""

from asyncio import Transport

import pytest

from graphql_api.http.uvicorn_protocol import ResponseTransport

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


class Wire(Transport):
    """A transport that records each write."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []
        self.closed = False

    def write(self, data: object) -> None:
        """Record a write."""
        self.sent.append(bytes(data))  # type: ignore[call-overload]  # any buffer

    def is_closing(self) -> bool:
        """Return whether close() was called."""
        return self.closed

    def close(self) -> None:
        """Close."""
        self.closed = True


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ([HEAD], []),
        ([HEAD, b"body"], [HEAD + b"body"]),
        ([HEAD, b""], [HEAD]),
        ([HEAD, b"first", b"second"], [HEAD + b"first", b"second"]),
        ([HEAD, b"", b"second"], [HEAD, b"second"]),
        ([b"HTTP/1.1 100 Continue\r\n\r\n", HEAD, b"body"], [b"HTTP/1.1 100 Continue\r\n\r\n", HEAD + b"body"]),
    ],
)
def test_the_head_is_sent_with_the_first_piece_of_the_body(written: list[bytes], sent: list[bytes]) -> None:
    wire = Wire()
    response = ResponseTransport(wire)
    for each in written:
        response.write(each)
    assert wire.sent == sent


@pytest.mark.parametrize("written", [[HEAD], [HEAD, b"body"], [HEAD, b"first", b"second"], []])
def test_close_sends_the_head(written: list[bytes]) -> None:
    wire = Wire()
    response = ResponseTransport(wire)
    for each in written:
        response.write(each)
    assert not response.is_closing()
    response.close()
    assert (b"".join(wire.sent), response.is_closing()) == (b"".join(written), True)
