"""A receiver of webhooks: it verifies each request with the library, and answers as it is asked to."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self

import orjson
import standardwebhooks


@dataclass(frozen=True, slots=True)
class Received:
    """A request: its path, its headers and its body."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        """The ID of the message."""
        return self.headers["webhook-id"]

    @property
    def message(self) -> dict[str, Any]:
        """The body as JSON."""
        message: dict[str, Any] = orjson.loads(self.body)
        return message

    @property
    def key(self) -> tuple[int, int]:
        """The session and the version of the event, which its ID names."""
        session, version = self.id.split("-")[2:4]
        return int(session), int(version)

    def verify(self, secret: str) -> None:
        """Raise WebhookVerificationError unless the secret has signed the request."""
        standardwebhooks.Webhook(secret).verify(self.body, dict(self.headers))


OK = b"HTTP/1.1 204 No Content\r\n\r\n"
Answer = Callable[[Received], Awaitable[bytes | None]]  # None: the connection is closed without an answer


def status(code: int, **headers: object) -> bytes:
    """Return an answer with a status, without a body."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {code} Status\r\nContent-Length: 0\r\n{lines}\r\n".encode()


async def accept(request: Received) -> bytes:
    """Answer 204."""
    return OK


@dataclass
class Receiver:
    """A server on a loopback address."""

    answer: Answer = accept
    requests: list[Received] = field(default_factory=list)
    acknowledged: list[Received] = field(default_factory=list)
    connections: int = 0
    under_way: int = 0
    most_under_way: int = 0

    async def __aenter__(self) -> Self:
        """Start the server."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        """Stop the server and end its connections: one that outlives the event loop is reported in a later test."""
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        """The URL of the receiver."""
        return f"http://127.0.0.1:{self.port}/events"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._answer_all(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            self._tasks.discard(task)

    async def _answer_all(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                request = await read_request(reader)
                self.requests.append(request)
                self.under_way += 1
                self.most_under_way = max(self.most_under_way, self.under_way)
                try:
                    answer = await self.answer(request)
                finally:
                    self.under_way -= 1
                if answer is None:
                    break
                if answer.startswith(b"HTTP/1.1 2"):
                    self.acknowledged.append(request)
                writer.write(answer)
                await writer.drain()

    def versions(self) -> dict[int, list[int]]:
        """Return the versions of each session that were acknowledged, each by its first acknowledgement."""
        found: defaultdict[int, list[int]] = defaultdict(list)
        for request in self.acknowledged:
            session, version = request.key
            if version not in found[session]:
                found[session].append(version)
        return dict(found)


async def read_request(reader: asyncio.StreamReader) -> Received:
    """Read one request."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Received(head[0].split(" ")[1], headers, body)
