"""The API on a port, served in this process, and a client of each protocol."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import count
from typing import Any, Self

import httpx
import uvicorn
from api_server import Api
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from graphql_api.commands.serve import connection_options

PROTOCOL = Subprotocol("graphql-transport-ws")
PATIENCE = 20  # seconds; a test that waits so long has failed

Message = dict[str, Any]


class Running:
    """The API, served as ``cartograph serve`` does."""

    def __init__(self, api: Api, listening: socket.socket, server: uvicorn.Server) -> None:
        self.api = api
        self.address = f"127.0.0.1:{listening.getsockname()[1]}"
        self.connections = server.server_state.connections

    def client(self, key: str | None = "writer", **options: Any) -> AbstractAsyncContextManager["Client"]:
        """Open a WebSocket; with a key, also send connection_init."""
        return opened(self.address, None if key is None else self.api.keys[key], **options)

    @asynccontextmanager
    async def stream(self, document: str, key: str = "writer", **variables: Any) -> AsyncIterator["Stream"]:
        """Open a stream of server-sent events."""
        headers = {"Authorization": f"Bearer {self.api.keys[key]}", "Accept": "text/event-stream"}
        async with (
            httpx.AsyncClient(base_url=f"http://{self.address}", trust_env=False, timeout=PATIENCE) as client,
            client.stream(
                "POST", "/graphql", json={"query": document, "variables": variables}, headers=headers
            ) as response,
        ):
            yield Stream(response)


class Client:
    """A client on a WebSocket."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self._names = count(1)
        self._received: list[Message] = []

    async def send(self, kind: str, **rest: Any) -> None:
        """Send a message."""
        await self.connection.send(json.dumps({"type": kind, **rest}))

    async def receive(self) -> Message:
        """Return the next message."""
        async with asyncio.timeout(PATIENCE):
            text = await self.connection.recv()
        assert isinstance(text, str)
        message: Message = json.loads(text)
        return message

    async def start(self, document: str, **variables: Any) -> "Operation":
        """Start an operation."""
        name = str(next(self._names))
        await self.send("subscribe", id=name, payload={"query": document, "variables": variables})
        return Operation(self, name)

    async def receive_for(self, name: str) -> Message:
        """Return the next message of one operation. Messages of others are stored."""
        while True:
            for message in self._received:
                if message.get("id") == name:
                    self._received.remove(message)
                    return message
            self._received.append(await self.receive())

    async def closed(self) -> int:
        """Wait until the server closes the WebSocket, and return the code. Messages before it are ignored."""
        async with asyncio.timeout(PATIENCE):
            await self.connection.wait_closed()
        assert self.connection.close_code is not None
        return self.connection.close_code


class Operation:
    """An operation on a WebSocket."""

    def __init__(self, client: Client, name: str) -> None:
        self.client = client
        self.name = name

    async def next(self) -> Any:
        """Return the data of the next result."""
        message = await self.client.receive_for(self.name)
        assert message["type"] == "next", message
        assert "errors" not in message["payload"], message
        return message["payload"]["data"]

    async def end(self) -> list[Message]:
        """Return the errors that it ends with; none if it completes."""
        message = await self.client.receive_for(self.name)
        assert message["type"] in ("complete", "error"), message
        return message.get("payload", [])

    async def stop(self) -> None:
        """Send complete."""
        await self.client.send("complete", id=self.name)


class Stream:
    """A response of server-sent events."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    def __aiter__(self) -> Self:
        """Iterate over events."""
        return self

    async def __anext__(self) -> tuple[str, Any]:
        """Return the type and the data of the next event. Comments are skipped."""
        event: dict[str, str] = {}
        async for line in self._lines:
            if line and not line.startswith(":"):
                name, _, text = line.partition(": ")
                event[name] = text
            elif event:
                return event["event"], json.loads(event.get("data") or "null")
        raise StopAsyncIteration


@asynccontextmanager
async def opened(address: str, secret: str | None, **options: Any) -> AsyncIterator[Client]:
    """Open a WebSocket; with a key, also send connection_init."""
    options = {"subprotocols": [PROTOCOL], "max_size": None, **options}
    async with connect(f"ws://{address}/graphql", proxy=None, **options) as connection:
        client = Client(connection)
        if secret is not None:
            await client.send("connection_init", payload={"authorization": f"Bearer {secret}"})
            assert await client.receive() == {"type": "connection_ack"}
        yield client


async def until(holds: Callable[[], object]) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110  # no event reports it
            await asyncio.sleep(0.001)


@asynccontextmanager
async def running(api: Api) -> AsyncIterator[Running]:
    """Serve the API on a free port. Its lifespan is that of ``api``."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        options: Mapping[str, Any] = connection_options(api.server.settings)
        server = uvicorn.Server(uvicorn.Config(api.app, lifespan="off", log_level="warning", **options))
        task = asyncio.create_task(server.serve(sockets=[listening]))
        await until(lambda: server.started)
        try:
            yield Running(api, listening, server)
        finally:
            server.should_exit = True
            await task


def run_on_server(api: Api, scenario: Callable[[Running], Coroutine[Any, Any, None]]) -> None:
    """Serve the API on a free port, and run a scenario against it."""

    async def run() -> None:
        async with running(api) as server, asyncio.timeout(3 * PATIENCE):
            await scenario(server)

    api.runner.run(run())
