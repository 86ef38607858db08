"""The end of subscriptions, over both transports: each error has the position to resume from."""

import asyncio
import json
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from api_server import Api
from followed import ALL, SESSION, changes, names, post
from sockets import Running, run_on_server, until

from db.engine.errors import DatabaseUnavailable
from db.events.history import SessionHistory
from graphql_api.sql import cursors
from graphql_api.types.session_event import FEED


def revoke(api: Api, key: str) -> Any:
    """Revoke a key by its name."""
    prefix = api.keys[key].split("_")[2]
    found = api.query("{ viewer { keyName } }", key=key)
    assert "errors" not in found
    application = 0 if key == "admin" else 1
    document = "mutation($id: ID!) { revokeKey(input: {id: $id}) { errors { message } } }"
    return api.post({"query": document, "variables": {"id": f"key-{application}-{prefix.encode().hex()}"}}, "admin")


def test_key_that_stops_working_ends_its_sockets_and_streams(serve: Callable[..., Api]) -> None:
    api = serve(key_cache_seconds=0.05)
    revocation = revoke(api, "reader")

    async def scenario(server: Running) -> None:
        async with (
            server.client("reader") as client,
            server.client("writer") as other,
            server.stream(ALL, "reader") as stream,
        ):
            await client.start(ALL)
            assert (await revocation).json()["data"] == {"revokeKey": {"errors": []}}
            assert await client.closed() == 4401
            kind, answer = await anext(stream)
            assert (kind, answer["errors"][0]["extensions"]["code"]) == ("next", "UNAUTHENTICATED")
            assert (await anext(stream))[0] == "complete"
            assert await (await other.start("{ viewer { role } }")).next()
            assert len(api.server.connections) == 1

    run_on_server(api, scenario)


def test_slow_subscriber_gets_the_position_to_resume_from(
    serve: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    api = serve(max_queued_events=2, max_lag_seconds=1e-9)
    kept, in_time = api.database.read, asyncio.Event()

    async def read(statement: str, *arguments: Any) -> Any:
        if "session_event" in statement:
            await in_time.wait()
        return await kept(statement, *arguments)

    monkeypatch.setattr(api.database, "read", read)  # each event takes its time

    async def scenario(server: Running) -> None:
        async with server.client() as client, server.stream(ALL) as stream:
            subscription = await client.start(ALL)
            session = await client.start(SESSION, id="s0")
            await until(lambda: api.server.feed.subscribers == 3)
            in_time.set()
            await post(api, "s0")
            assert [await subscription.next(), await session.next(), await anext(stream)]  # all keep up
            in_time.clear()
            for number in range(10):
                await post(api, "s0", f"c{number}")
            in_time.set()
            extensions = {"code": "LIMIT_EXCEEDED"}
            assert names([await subscription.next()]) == [("s0", 2)]
            (error,) = await subscription.end()
            assert error["extensions"] == {**extensions, "after": cursors.encode(FEED, 1, 2)}
            assert (await session.next())["customerSessionChanged"]["version"] == 2
            (error,) = await session.end()
            assert error["extensions"] == {**extensions, "afterVersion": 2}
            _, last, end = [each async for each in stream]
            assert last[1]["errors"][0]["extensions"] == {**extensions, "after": cursors.encode(FEED, 1, 2)}
            assert end == ("complete", None)

    run_on_server(api, scenario)


def test_stopped_server_gives_its_subscribers_the_position_to_resume_from(api: Api) -> None:
    changes(api)

    async def scenario(server: Running) -> None:
        async with AsyncExitStack() as open_:
            client = await open_.enter_async_context(server.client())
            stream = await open_.enter_async_context(server.stream(ALL))
            subscription = await client.start(SESSION, id="s1", after=3)
            assert (await subscription.next())["customerSessionChanged"]["version"] == 4
            api.server.feed.stop()
            (error,) = await subscription.end()
            assert error["extensions"] == {"code": "GOING_AWAY", "afterVersion": 4}
            kind, answer = await anext(stream)
            assert kind == "next"
            assert answer["errors"][0]["extensions"] == {"code": "GOING_AWAY", "after": cursors.encode(FEED, 1, 6)}
            assert json.loads(bytes.fromhex(answer["errors"][0]["extensions"]["after"])) == ["feed", 1, 6]

    run_on_server(api, scenario)


@pytest.mark.parametrize(
    ("error", "code"), [(DatabaseUnavailable(), "UNAVAILABLE"), (OSError("5"), "INTERNAL"), (TimeoutError(), "TIMEOUT")]
)
def test_subscription_can_resume_with_an_event_that_could_not_be_read(
    api: Api, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str
) -> None:
    kept, broken = api.database.read, asyncio.Event()

    async def read(statement: str, *arguments: Any) -> Any:
        if broken.is_set() and "session_event" in statement:
            raise error
        return await kept(statement, *arguments)

    monkeypatch.setattr(api.database, "read", read)

    async def scenario(server: Running) -> None:
        async with server.client() as client, server.stream(ALL) as stream:
            subscription = await client.start(ALL)
            session = await client.start(SESSION, id="s0")
            await until(lambda: api.server.feed.subscribers == 3)
            for number in range(2):
                await post(api, "s0", f"c{number}")
                assert [await subscription.next(), await session.next(), await anext(stream)]
            broken.set()
            await post(api, "s0", "c2")
            (of_all,), (of_session,) = await subscription.end(), await session.end()
            _, answer = await anext(stream)
            for extensions in (of_all["extensions"], answer["errors"][0]["extensions"]):
                assert extensions == {**extensions, "code": code, "after": cursors.encode(FEED, 1, 2)}
            assert of_session["extensions"] == {**of_session["extensions"], "code": code, "afterVersion": 2}
            broken.clear()
            again = await client.start(ALL, after=of_all["extensions"]["after"])
            assert names([await again.next()]) == [("s0", 3)]

    run_on_server(api, scenario)


def test_subscription_can_resume_with_a_replay_that_failed(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    changes(api)

    def away(*arguments: object) -> Any:
        raise DatabaseUnavailable

    monkeypatch.setattr(SessionHistory, "events_after", away)

    async def scenario(server: Running) -> None:
        async with server.client() as client:
            (error,) = await (await client.start(SESSION, id="s1", after=2)).end()
            assert error["extensions"] == {"code": "UNAVAILABLE", "afterVersion": 2}

    run_on_server(api, scenario)


def test_stream_ends_when_its_client_disconnects(api: Api) -> None:
    async def scenario(server: Running) -> None:
        async with server.stream(ALL):
            assert len(api.server.connections) == 1
        await until(lambda: not len(api.server.connections) and not api.server.feed.subscribers)

    run_on_server(api, scenario)
