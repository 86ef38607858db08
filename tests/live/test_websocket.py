"""graphql-transport-ws: what is said to whom, and with which code a socket is closed."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from served import Api
from sockets import PROTOCOL, Client, Running, running, until
from websockets.exceptions import InvalidStatus

from graphql_api.http import uvicorn_protocol, websocket

FEED = "subscription { sessionEvents { node { session { integrationId } } } }"
WHO = "{ viewer { role } }"

Scenario = Callable[[Running], Coroutine[Any, Any, None]]
Play = Callable[[Scenario], None]


@pytest.fixture
def play(api: Api) -> Play:
    """Plays a scenario against a server of its own."""

    async def played(scenario: Scenario) -> None:
        async with running(api) as server:
            await scenario(server)

    return lambda scenario: api.runner.run(played(scenario))


def closes(play: Play, code: int, *said: object, key: str | None = "writer", **options: Any) -> None:
    """Hold that the server closes with a code when it hears these messages; bytes and text go as they are."""

    async def scenario(server: Running) -> None:
        async with server.client(key, **options) as client:
            for each in said:
                await client.connection.send(each if isinstance(each, bytes | str) else json.dumps(each))
            assert await client.closed() == code

    play(scenario)


def subscribe(name: str = "1", document: str = FEED, **rest: Any) -> dict[str, Any]:
    """The message that begins an operation."""
    return {"type": "subscribe", "id": name, "payload": {"query": document}, **rest}


def test_a_query_and_a_mutation_answer_once_and_are_complete(play: Play) -> None:
    async def scenario(server: Running) -> None:
        async with server.client() as client:
            query = await client.begin(WHO)
            assert await query.next() == {"viewer": {"role": "WRITER"}}
            assert await query.end() == []
            document = "mutation($id: String!) { createSession(input: {integrationId: $id}) { session { version } } }"
            mutation = await client.begin(document, id="s1")
            assert await mutation.next() == {"createSession": {"session": {"version": 1}}}
            assert await mutation.end() == []

    play(scenario)


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
def test_an_operation_that_cannot_be_run_ends_with_an_error_and_the_socket_goes_on(
    play: Play, document: str, code: str
) -> None:
    async def scenario(server: Running) -> None:
        async with server.client() as client:
            wrong = await client.begin(document)
            errors = await wrong.end()
            assert {error["extensions"]["code"] for error in errors} == {code}
            assert await (await client.begin(WHO)).next() == {"viewer": {"role": "WRITER"}}

    play(scenario)


def test_a_ping_is_answered_with_its_payload_before_and_after_the_socket_is_initialised(play: Play) -> None:
    async def pinged(client: Client) -> None:
        await client.say("pong")
        await client.say("ping")
        assert await client.hear() == {"type": "pong"}
        await client.say("ping", payload={"n": 1})
        assert await client.hear() == {"type": "pong", "payload": {"n": 1}}

    async def scenario(server: Running) -> None:
        async with server.client(None) as client:
            await pinged(client)
        async with server.client() as client:
            await pinged(client)

    play(scenario)


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
def test_what_is_no_message_closes_the_socket_with_4400(play: Play, message: bytes | str) -> None:
    closes(play, 4400, message)


@pytest.mark.parametrize("message", ["null", "[]", '{"type": "connection_init", "payload": []}', b"{}"])
def test_what_is_no_message_closes_a_socket_that_is_not_initialised_with_4400(play: Play, message: bytes | str) -> None:
    closes(play, 4400, message, key=None)


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
def test_a_socket_without_a_good_key_is_closed_with_4401(play: Play, payload: dict[str, Any]) -> None:
    closes(play, 4401, {"type": "connection_init", **payload}, key=None)


def test_an_operation_before_the_key_closes_the_socket_with_4401(play: Play) -> None:
    closes(play, 4401, subscribe(), key=None)


def test_a_second_key_closes_the_socket_with_4429(play: Play) -> None:
    closes(play, 4429, {"type": "connection_init"})


def test_an_id_that_is_under_way_closes_the_socket_with_4409(play: Play) -> None:
    closes(play, 4409, subscribe(), subscribe())


@pytest.mark.parametrize("offered", [["graphql-ws"], ["graphql-ws", "x"], None])
def test_any_other_protocol_closes_the_socket_with_4406(play: Play, offered: list[str] | None) -> None:
    closes(play, 4406, key=None, subprotocols=offered)


def test_the_protocol_is_chosen_among_several(play: Play) -> None:
    async def scenario(server: Running) -> None:
        async with server.client(subprotocols=["graphql-ws", PROTOCOL]) as client:
            assert client.connection.subprotocol == PROTOCOL

    play(scenario)


def test_a_socket_that_is_not_initialised_in_time_is_closed_with_4408(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "INIT_SECONDS", 0.05)
    closes(play, 4408, key=None)


def test_a_socket_that_is_open_is_no_request_that_does_not_come(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uvicorn_protocol, "HEAD_SECONDS", 0.05)

    async def scenario(server: Running) -> None:
        async with server.client() as client:
            await asyncio.sleep(0.2)
            await client.say("ping")
            assert await client.hear() == {"type": "pong"}

    play(scenario)


def test_a_message_that_is_too_long_closes_the_socket_with_1009(serve: Callable[..., Api]) -> None:
    api = serve(max_request_bytes=1_000)

    async def scenario() -> None:
        async with running(api) as server, server.client() as client:
            await client.say("ping", payload={"x": "y" * 900})
            assert (await client.hear())["type"] == "pong"
            await client.say("ping", payload={"x": "y" * 1_000})
            assert await client.closed() == 1009

    api.runner.run(scenario())


def test_a_peer_that_never_reads_is_let_go(serve: Callable[..., Api]) -> None:
    api = serve(deadline_seconds=0.2)

    async def flood(client: Client) -> None:
        while True:
            await client.say("ping", payload={"x": "y" * 1_000_000})

    async def scenario() -> None:
        async with running(api) as server, server.client() as client:
            client.connection.transport.pause_reading()
            flooding = asyncio.create_task(flood(client))
            await until(lambda: len(api.server.connections) == 0)
            flooding.cancel()
            await asyncio.gather(flooding, return_exceptions=True)
            client.connection.transport.abort()

    api.runner.run(scenario())


def test_an_id_is_free_again_when_its_operation_is_over(play: Play) -> None:
    async def scenario(server: Running) -> None:
        async with server.client() as client:
            for _ in range(3):
                await client.connection.send(json.dumps(subscribe(document=WHO)))
                assert (await client.hear())["type"] == "next"
                assert await client.hear() == {"type": "complete", "id": "1"}
            for _ in range(3):
                await client.connection.send(json.dumps(subscribe()))
                await client.connection.send(json.dumps({"type": "complete", "id": "1"}))
            await client.connection.send(json.dumps({"type": "complete", "id": "never heard of"}))
            assert await (await client.begin(WHO)).next() == {"viewer": {"role": "WRITER"}}

    play(scenario)


def test_a_socket_has_only_so_many_operations_at_once(serve: Callable[..., Api]) -> None:
    api = serve(max_operations_per_socket=2)

    async def scenario() -> None:
        async with running(api) as server, server.client() as client:
            first, _ = await client.begin(FEED), await client.begin(FEED)
            (error,) = await (await client.begin(WHO)).end()
            assert error["extensions"]["code"] == "LIMIT_EXCEEDED"
            await first.stop()
            assert await (await client.begin(WHO)).next() == {"viewer": {"role": "WRITER"}}

    api.runner.run(scenario())


def test_a_key_has_only_so_many_sockets_at_once(serve: Callable[..., Api]) -> None:
    api = serve(max_connections_per_key=1)

    async def scenario() -> None:
        async with running(api) as server:
            async with server.client(), server.client("reader"), server.client(None) as third:
                authorization = {"authorization": f"Bearer {api.keys['writer']}"}
                await third.say("connection_init", payload=authorization)
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
def test_pages_of_this_origin_and_of_those_named_may_open_a_socket(
    serve: Callable[..., Api], origin: str | None, opens: bool
) -> None:
    api = serve(cors_origins=("https://shop.example",))

    async def scenario() -> None:
        async with running(api) as server:
            named = None if origin is None else origin.format(server.address)
            if opens:
                async with server.client(origin=named) as client:
                    assert await (await client.begin(WHO)).next()
                return
            with pytest.raises(InvalidStatus) as refused:
                async with server.client(origin=named):
                    pass
            assert refused.value.response.status_code == 403

    api.runner.run(scenario())
