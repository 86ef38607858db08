"""graphql-transport-ws: messages and close codes."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from api_server import Api
from sockets import PROTOCOL, Client, Running, running, until
from websockets.exceptions import InvalidStatus
from websockets.frames import CloseCode

from graphql_api.http import uvicorn_protocol, websocket

FEED = "subscription { sessionEvents { node { session { integrationId } } } }"
WHO = "{ viewer { role } }"

Scenario = Callable[[Running], Coroutine[Any, Any, None]]
RunOnServer = Callable[[Scenario], None]


@pytest.fixture
def run_on_server(api: Api) -> RunOnServer:
    """Return a function that runs a scenario against a server."""

    async def run(scenario: Scenario) -> None:
        async with running(api) as server:
            await scenario(server)

    return lambda scenario: api.runner.run(run(scenario))


def assert_closed(
    run_on_server: RunOnServer, code: int, *messages: object, key: str | None = "writer", **options: Any
) -> None:
    """Assert that these messages make the server close with a code. bytes and str are sent unchanged."""

    async def scenario(server: Running) -> None:
        async with server.client(key, **options) as client:
            for each in messages:
                await client.connection.send(each if isinstance(each, bytes | str) else json.dumps(each))
            assert await client.closed() == code

    run_on_server(scenario)


def subscribe(name: str = "1", document: str = FEED, **rest: Any) -> dict[str, Any]:
    """Return a subscribe message."""
    return {"type": "subscribe", "id": name, "payload": {"query": document}, **rest}


def test_a_query_and_a_mutation_send_one_result_and_complete(run_on_server: RunOnServer) -> None:
    async def scenario(server: Running) -> None:
        async with server.client() as client:
            query = await client.start(WHO)
            assert await query.next() == {"viewer": {"role": "WRITER"}}
            assert await query.end() == []
            document = "mutation($id: String!) { createSession(input: {integrationId: $id}) { session { version } } }"
            mutation = await client.start(document, id="s1")
            assert await mutation.next() == {"createSession": {"session": {"version": 1}}}
            assert await mutation.end() == []

    run_on_server(scenario)


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { sessionEvents { cursor } again: sessionEvents { cursor } }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { __typename }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { __typename } query B { __typename }", "BAD_USER_INPUT"),
        ("query($n: Int!) { applications(first: $n) { totalCount } }", "BAD_USER_INPUT"),
        ('subscription { sessionEvents(after: "x") { cursor } }', "BAD_USER_INPUT"),
        ("subscription($s: String!) { customerSessionChanged(integrationId: $s) { version } }", "BAD_USER_INPUT"),
        ("subscription { sessionEvents(applicationId: 2) { cursor } }", "FORBIDDEN"),
    ],
)
def test_an_operation_that_fails_ends_with_error_and_the_socket_stays_open(
    run_on_server: RunOnServer, document: str, code: str
) -> None:
    async def scenario(server: Running) -> None:
        async with server.client() as client:
            wrong = await client.start(document)
            errors = await wrong.end()
            assert {error["extensions"]["code"] for error in errors} == {code}
            assert await (await client.start(WHO)).next() == {"viewer": {"role": "WRITER"}}

    run_on_server(scenario)


def test_ping_is_answered_with_its_payload_before_and_after_connection_init(run_on_server: RunOnServer) -> None:
    async def pinged(client: Client) -> None:
        await client.send("pong")
        await client.send("ping")
        assert await client.receive() == {"type": "pong"}
        await client.send("ping", payload={"n": 1})
        assert await client.receive() == {"type": "pong", "payload": {"n": 1}}

    async def scenario(server: Running) -> None:
        async with server.client(None) as client:
            await pinged(client)
        async with server.client() as client:
            await pinged(client)

    run_on_server(scenario)


@pytest.mark.parametrize(
    "message",
    [
        b"{}",
        json.dumps({"type": "ping"}).encode(),
        "",
        "nonsense",
        "null",
        "1",
        '"ping"',
        "[]",
        "[null]",
        "{}",
        '{"type": null}',
        '{"type": ["ping"]}',
        '{"type": "next", "id": "1"}',
        '{"type": "start", "id": "1", "payload": {}}',
        '{"type": "ping", "payload": 1}',
        '{"type": "pong", "payload": []}',
        '{"type": "subscribe"}',
        '{"type": "subscribe", "id": 1, "payload": {"query": "{ __typename }"}}',
        '{"type": "subscribe", "id": "", "payload": {"query": "{ __typename }"}}',
        '{"type": "subscribe", "id": "1"}',
        '{"type": "subscribe", "id": "1", "payload": null}',
        '{"type": "subscribe", "id": "1", "payload": {}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": 1}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ __typename }", "variables": []}}',
        '{"type": "complete"}',
        '{"type": "complete", "id": null}',
        '{"type": "ping", "payload": {"x": "\\ud800"}}',
        '{"type": "ping", "payload": {"x": ' + "[" * 101 + "]" * 101 + "}}",
        "[" * 100_000,
        '{"type": "ping", "payload": {"x": NaN}}',
    ],
)
def test_an_invalid_message_closes_the_socket_with_4400(run_on_server: RunOnServer, message: bytes | str) -> None:
    assert_closed(run_on_server, 4400, message)


@pytest.mark.parametrize("message", ["null", "[]", '{"type": "connection_init", "payload": []}', b"{}"])
def test_an_invalid_message_before_connection_init_closes_the_socket_with_4400(
    run_on_server: RunOnServer, message: bytes | str
) -> None:
    assert_closed(run_on_server, 4400, message, key=None)


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"payload": None},
        {"payload": {}},
        {"payload": {"authorization": 1}},
        {"payload": {"authorization": ""}},
        {"payload": {"authorization": "Bearer nobody"}},
        {"payload": {"authorization": "Basic dXNlcjpwYXNz"}},
    ],
)
def test_an_invalid_key_closes_the_socket_with_4401(run_on_server: RunOnServer, payload: dict[str, Any]) -> None:
    assert_closed(run_on_server, 4401, {"type": "connection_init", **payload}, key=None)


def test_subscribe_before_connection_init_closes_the_socket_with_4401(run_on_server: RunOnServer) -> None:
    assert_closed(run_on_server, 4401, subscribe(), key=None)


def test_a_second_connection_init_closes_the_socket_with_4429(run_on_server: RunOnServer) -> None:
    assert_closed(run_on_server, 4429, {"type": "connection_init"})


def test_an_id_in_use_closes_the_socket_with_4409(run_on_server: RunOnServer) -> None:
    assert_closed(run_on_server, 4409, subscribe(), subscribe())


@pytest.mark.parametrize("offered", [["graphql-ws"], ["graphql-ws", "x"], None])
def test_another_subprotocol_closes_the_socket_with_4406(run_on_server: RunOnServer, offered: list[str] | None) -> None:
    assert_closed(run_on_server, 4406, key=None, subprotocols=offered)


def test_the_subprotocol_is_selected_among_several(run_on_server: RunOnServer) -> None:
    async def scenario(server: Running) -> None:
        async with server.client(subprotocols=["graphql-ws", PROTOCOL]) as client:
            assert client.connection.subprotocol == PROTOCOL

    run_on_server(scenario)


def test_a_missing_connection_init_closes_the_socket_with_4408(
    run_on_server: RunOnServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "INIT_SECONDS", 0.05)
    assert_closed(run_on_server, 4408, key=None)


def test_the_time_limit_of_a_request_head_does_not_apply_to_an_open_socket(
    run_on_server: RunOnServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uvicorn_protocol, "HEAD_SECONDS", 0.05)

    async def scenario(server: Running) -> None:
        async with server.client() as client:
            await asyncio.sleep(0.2)
            await client.send("ping")
            assert await client.receive() == {"type": "pong"}

    run_on_server(scenario)


def test_a_message_over_the_limit_closes_the_socket_with_1009(serve: Callable[..., Api]) -> None:
    api = serve(max_request_bytes=1_000)

    async def scenario() -> None:
        async with running(api) as server, server.client() as client:
            await client.send("ping", payload={"x": "y" * 900})
            assert (await client.receive())["type"] == "pong"
            await client.send("ping", payload={"x": "y" * 1_000})
            assert await client.closed() == 1009

    api.runner.run(scenario())


@pytest.mark.parametrize("pieces", [(b"\xff",), (b'{"type":', b'"\xff"}'), (b"\xe2\x82", b"")])
def test_text_that_is_not_utf_8_closes_the_socket_with_1007_and_logs_nothing(
    run_on_server: RunOnServer, caplog: pytest.LogCaptureFixture, pieces: tuple[bytes, ...]
) -> None:
    async def scenario(server: Running) -> None:
        async with server.client() as client:
            await client.connection.send(pieces if len(pieces) > 1 else pieces[0], text=True)
            assert await client.closed() == CloseCode.INVALID_DATA

    run_on_server(scenario)
    assert not caplog.records


def test_a_client_that_does_not_read_is_disconnected(serve: Callable[..., Api]) -> None:
    api = serve(deadline_seconds=0.2)

    async def flood(client: Client) -> None:
        while True:
            await client.send("ping", payload={"x": "y" * 1_000_000})

    async def scenario() -> None:
        async with running(api) as server, server.client() as client:
            client.connection.transport.pause_reading()
            flooding = asyncio.create_task(flood(client))
            await until(lambda: len(api.server.connections) == 0)
            flooding.cancel()
            await asyncio.gather(flooding, return_exceptions=True)
            client.connection.transport.abort()

    api.runner.run(scenario())


def test_an_id_can_be_used_again_after_its_operation(run_on_server: RunOnServer) -> None:
    async def scenario(server: Running) -> None:
        async with server.client() as client:
            for _ in range(3):
                await client.connection.send(json.dumps(subscribe(document=WHO)))
                assert (await client.receive())["type"] == "next"
                assert await client.receive() == {"type": "complete", "id": "1"}
            for _ in range(3):
                await client.connection.send(json.dumps(subscribe()))
                await client.connection.send(json.dumps({"type": "complete", "id": "1"}))
            await client.connection.send(json.dumps({"type": "complete", "id": "unknown"}))
            assert await (await client.start(WHO)).next() == {"viewer": {"role": "WRITER"}}

    run_on_server(scenario)


def test_the_operations_of_a_socket_are_limited(serve: Callable[..., Api]) -> None:
    api = serve(max_operations_per_socket=2)

    async def scenario() -> None:
        async with running(api) as server, server.client() as client:
            first, _ = await client.start(FEED), await client.start(FEED)
            (error,) = await (await client.start(WHO)).end()
            assert error["extensions"]["code"] == "LIMIT_EXCEEDED"
            await first.stop()
            assert await (await client.start(WHO)).next() == {"viewer": {"role": "WRITER"}}

    api.runner.run(scenario())


def test_the_sockets_of_a_key_are_limited(serve: Callable[..., Api]) -> None:
    api = serve(max_connections_per_key=1)

    async def scenario() -> None:
        async with running(api) as server:
            async with server.client(), server.client("reader"), server.client(None) as third:
                authorization = {"authorization": f"Bearer {api.keys['writer']}"}
                await third.send("connection_init", payload=authorization)
                assert await third.closed() == 4403
            await until(lambda: not len(api.server.connections))
            async with server.client():
                assert len(api.server.connections) == 1

    api.runner.run(scenario())


@pytest.mark.parametrize(
    ("origin", "opens"),
    [
        (None, True),
        ("http://{}", True),
        ("https://{}", True),
        ("https://shop.example", True),
        ("http://shop.example", False),
        ("https://shop.example.evil.example", False),
        ("http://127.0.0.1", False),
        ("http://127.0.0.1:1", False),
        ("http://evil.example", False),
        ("http://{}.evil.example", False),
        ("null", False),
        ("nonsense", False),
        ("http://x:y", False),
    ],
)
def test_pages_of_the_same_or_a_listed_origin_can_open_a_socket(
    serve: Callable[..., Api], origin: str | None, opens: bool
) -> None:
    api = serve(cors_origins=("https://shop.example",))

    async def scenario() -> None:
        async with running(api) as server:
            named = None if origin is None else origin.format(server.address)
            if opens:
                async with server.client(origin=named) as client:
                    assert await (await client.start(WHO)).next()
                return
            with pytest.raises(InvalidStatus) as refused:
                async with server.client(origin=named):
                    pass
            assert refused.value.response.status_code == 403

    api.runner.run(scenario())
