"""Answers on their way out: the head of one waits for its body, and nothing else waits."""

from asyncio import Transport

import pytest

from graphql_api.http.uvicorn_protocol import ResponseTransport

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


class Wire(Transport):
    """A transport that keeps what is sent, call by call."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []
        self.closed = False

    def write(self, data: object) -> None:
        """One call."""
        self.sent.append(bytes(data))  # type: ignore[call-overload]  # whatever has bytes

    def is_closing(self) -> bool:
        """Whether it has been closed."""
        return self.closed

    def close(self) -> None:
        """Nothing more is sent."""
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
def test_a_head_goes_out_with_the_first_of_its_body(written: list[bytes], sent: list[bytes]) -> None:
    wire = Wire()
    response = ResponseTransport(wire)
    for each in written:
        response.write(each)
    assert wire.sent == sent


@pytest.mark.parametrize("written", [[HEAD], [HEAD, b"body"], [HEAD, b"first", b"second"], []])
def test_what_has_been_written_is_sent_before_the_end(written: list[bytes]) -> None:
    wire = Wire()
    response = ResponseTransport(wire)
    for each in written:
        response.write(each)
    assert not response.is_closing()
    response.close()
    assert (b"".join(wire.sent), response.is_closing()) == (b"".join(written), True)
