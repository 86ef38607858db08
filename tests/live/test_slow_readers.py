"""Clients that do not read their responses are disconnected. Closing alone would wait for them without end."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from api_server import Api
from shop import line
from sockets import PATIENCE, Running, run_on_server, until

from graphql_api.http import graphiql, uvicorn_protocol
from graphql_api.sql import cursors
from graphql_api.types.session_event import FEED

pytestmark = pytest.mark.alone

LARGE = graphiql.ASSETS / "graphiql.min.js"
GET = f"GET /graphiql/{LARGE.name} HTTP/1.1\r\nHost: shop.test\r\n\r\n".encode()
ALL = "subscription($after: String) { sessionEvents(after: $after) { node { changes } } }"


@asynccontextmanager
async def requested(server: Running, request: bytes) -> AsyncIterator[socket.socket]:
    """A connection with a small receive buffer, on which a request was sent."""
    host, port = server.address.split(":")
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, (host, int(port)))
        await asyncio.get_running_loop().sock_sendall(connection, request)
        yield connection


@pytest.fixture
def impatient(serve_file: Callable[..., Api], monkeypatch: pytest.MonkeyPatch) -> Api:
    """The API with short limits of time."""
    monkeypatch.setattr(uvicorn_protocol, "WRITE_SECONDS", 0.2)
    return serve_file(deadline_seconds=0.2, key_cache_seconds=600)


def test_a_client_that_does_not_read_a_response_is_disconnected(impatient: Api) -> None:
    async def scenario(server: Running) -> None:
        async with requested(server, GET * 10):
            await until(lambda: server.connections)
            await until(lambda: not server.connections)

    run_on_server(impatient, scenario)


def test_a_client_that_does_not_read_a_stream_is_disconnected(impatient: Api) -> None:
    for number in range(20):
        impatient.shop.create(f"s{number}", cart_items=[line(product_name="n" * 500, quantity=1)] * 500)
    body = json.dumps({"query": ALL, "variables": {"after": cursors.encode(FEED, 1, 0)}})
    head = (
        "POST /graphql HTTP/1.1\r\nHost: shop.test\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {impatient.keys['reader']}\r\nContent-Length: {len(body)}\r\n\r\n"
    )

    async def scenario(server: Running) -> None:
        async with requested(server, f"{head}{body}".encode()):
            await until(lambda: len(impatient.server.connections))
            await until(lambda: not len(impatient.server.connections) and not server.connections)

    run_on_server(impatient, scenario)


def test_the_slowest_readers_are_disconnected_beyond_the_memory_limit(
    serve_file: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uvicorn_protocol, "MAX_WRITE_BUFFERS", 300_000)  # three clients: the file is sent by 64 kB

    async def scenario(server: Running) -> None:
        async with AsyncExitStack() as stack:
            for _ in range(9):
                await stack.enter_async_context(requested(server, GET * 10))
                await until(lambda: uvicorn_protocol.slow_readers)
            await until(lambda: len(server.connections) < 9)
            assert len(uvicorn_protocol.slow_readers) <= 4
        await until(lambda: not server.connections)

    run_on_server(serve_file(), scenario)
    assert not uvicorn_protocol.slow_readers


def test_a_slow_reader_gets_the_whole_response(serve_file: Callable[..., Api], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uvicorn_protocol, "WRITE_SECONDS", 0.5)

    async def scenario(server: Running) -> None:
        async with requested(server, GET) as connection, asyncio.timeout(PATIENCE):
            loop, read = asyncio.get_running_loop(), b""
            while not read.endswith(LARGE.read_bytes()[-1_000:]):
                read += await loop.sock_recv(connection, 40_000)
                await asyncio.sleep(0.005)
            assert read.endswith(LARGE.read_bytes())

    run_on_server(serve_file(), scenario)
