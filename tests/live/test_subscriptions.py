"""Subscriptions over both transports: each event once, in order, to clients that may see it."""

from collections.abc import Callable
from typing import Any

import pytest
from api_server import Api
from followed import ALL, SESSION, changes, names, post
from sockets import Running, run_on_server

from db.repository.core import EVENT
from graphql_api.sql import cursors
from graphql_api.types.session_event import FEED

BEFORE = [("s1", 1), ("s1", 2), ("s2", 1), ("s1", 3), ("s1", 4), ("s3", 1)]  # the events of changes()


def test_session_is_replayed_from_a_version_and_then_followed_live(api: Api) -> None:
    changes(api)

    async def scenario(server: Running) -> None:
        async with server.client("reader") as client:
            subscription = await client.start(SESSION, id="s1", after=1)
            missed = [(await subscription.next())["customerSessionChanged"] for _ in range(3)]
            assert [(each["__typename"], each["version"]) for each in missed] == [
                ("SessionUpdated", 2),
                ("SessionUpdated", 3),
                ("SessionClosed", 4),
            ]
            assert missed[0]["changedFields"] == ["coupon"]
            assert missed[0]["session"] == {"integrationId": "s1", "version": 4}
            await api.post({"query": 'mutation { cancelSession(input: {integrationId: "s1"}) { replayed } }'})
            assert (await subscription.next())["customerSessionChanged"]["__typename"] == "SessionCancelled"

    run_on_server(api, scenario)


def test_replayed_and_live_events_join_without_a_gap(api: Api) -> None:
    changes(api)
    expected = [*BEFORE, ("s4", 1), ("s4", 2)]
    before_all = cursors.encode(FEED, 1, 0)

    async def scenario(server: Running) -> None:
        async with server.client("reader") as client, server.stream(ALL, "reader", after=before_all) as stream:
            subscription = await client.start(ALL, after=before_all)
            await post(api, "s4")
            await post(api, "s4", "c")
            received = [await subscription.next() for _ in expected]
            assert names(received) == expected
            streamed = [await anext(stream) for _ in expected]
            assert [kind for kind, _ in streamed] == ["next"] * len(expected)
            assert [each["data"] for _, each in streamed] == received
            for place, event in enumerate(received):
                again = await client.start(ALL, after=event["sessionEvents"]["cursor"])
                assert names([await again.next() for _ in expected[place + 1 :]]) == expected[place + 1 :]
                await again.stop()

    run_on_server(api, scenario)


def test_cursor_encoded_in_python_equals_the_one_that_the_database_writes(api: Api) -> None:
    changes(api)

    async def scenario(server: Running) -> None:
        async with server.client() as client:
            subscription = await client.start(ALL, after=cursors.encode(FEED, 1, 0))
            for number in range(1, 7):
                cursor = (await subscription.next())["sessionEvents"]["cursor"]
                assert cursor == cursors.encode(FEED, 1, number)
                assert cursors.decode(cursor, FEED, [EVENT.c.id], 1) == [number]

    run_on_server(api, scenario)


SOME = """
subscription($after: String, $types: [SessionEventType!], $prefix: String) {
  sessionEvents(after: $after, types: $types, integrationIdPrefix: $prefix) {
    cursor node { version session { integrationId } }
  }
}
"""


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"types": ["CREATED"]}, [("s1", 1), ("s2", 1), ("s3", 1), ("s4", 1), ("S4", 1)]),
        ({"types": ["UPDATED", "CLOSED"]}, [("s1", 2), ("s1", 3), ("s1", 4), ("s4", 2)]),
        ({"prefix": "s4"}, [("s4", 1), ("s4", 2)]),
        ({"prefix": "s", "types": ["CLOSED"]}, [("s1", 4)]),
        ({"types": None, "prefix": None}, [*BEFORE, ("s4", 1), ("S4", 1), ("s4", 2)]),
        ({"types": [], "prefix": "s"}, []),
    ],
)
def test_only_events_that_fit_types_and_prefix_are_sent(
    api: Api, wanted: dict[str, Any], expected: list[tuple[str, int]]
) -> None:
    changes(api)

    async def scenario(server: Running) -> None:
        async with server.client("reader") as client:
            everything = await client.start(ALL, after=cursors.encode(FEED, 1, 0))
            some = await client.start(SOME, after=cursors.encode(FEED, 1, 0), **wanted)
            for change in (("s4",), ("S4",), ("s4", "c")):
                await post(api, *change)
            assert len([await everything.next() for _ in range(9)]) == 9
            received = [await some.next() for _ in expected]
            assert names(received) == expected
            await post(api, "s5")
            if not wanted.get("prefix") and wanted["types"] in (None, ["CREATED"]):
                assert names([await some.next()]) == [("s5", 1)]

    run_on_server(api, scenario)


@pytest.mark.parametrize(
    ("key", "variables", "code"),
    [
        ("reader", {"after": "00"}, "BAD_USER_INPUT"),
        ("reader", {"after": "nonsense"}, "BAD_USER_INPUT"),
        ("reader", {"after": cursors.encode(FEED, 2, 1)}, "BAD_USER_INPUT"),
        ("reader", {"after": cursors.encode(FEED, 1, 10**6)}, "BAD_USER_INPUT"),
        ("reader", {"after": b'["feed",1,"x"]'.hex()}, "BAD_USER_INPUT"),
        ("reader", {"after": b'["-feed",1,1]'.hex()}, "BAD_USER_INPUT"),
        ("reader", {"after": 1}, "BAD_USER_INPUT"),
        ("reader", {"application": 2}, "FORBIDDEN"),
        ("admin", {}, "BAD_USER_INPUT"),
        ("reader", {"id": "s1", "after": -1}, "BAD_USER_INPUT"),
        ("reader", {"id": "s1", "after": 5}, "BAD_USER_INPUT"),
        ("reader", {"id": "s1", "after": "x"}, "BAD_USER_INPUT"),
        ("reader", {"id": "s1", "application": 2}, "FORBIDDEN"),
        ("admin", {"id": "s1"}, "BAD_USER_INPUT"),
    ],
)
def test_subscription_with_bad_arguments_is_refused(api: Api, key: str, variables: dict[str, Any], code: str) -> None:
    changes(api)
    document = SESSION if "id" in variables else ALL

    async def scenario(server: Running) -> None:
        async with server.client(key) as client, server.stream(document, key, **variables) as stream:
            (error,) = await (await client.start(document, **variables)).end()
            assert error["extensions"]["code"] == code
            kind, answer = await anext(stream)
            assert (kind, answer["errors"][0]["extensions"]["code"]) == ("next", code)
            assert (await anext(stream))[0] == "complete"

    run_on_server(api, scenario)


def test_events_of_another_application_are_not_delivered(api: Api) -> None:
    changes(api)

    async def scenario(server: Running) -> None:
        async with server.client("other reader") as other, server.client("admin") as admin:
            theirs = await other.start(SESSION, id="s1", after=0)
            everything = await other.start(ALL)
            ours = await admin.start(SESSION, id="s1", after=3, application=1)
            assert (await ours.next())["customerSessionChanged"]["version"] == 4
            await post(api, "s5")
            mine = 'mutation { createSession(input: {integrationId: "s1"}) { replayed } }'
            await api.post({"query": mine}, "other writer")
            assert names([await everything.next()]) == [("s1", 1)]
            assert (await theirs.next())["customerSessionChanged"]["__typename"] == "SessionCreated"

    run_on_server(api, scenario)


def test_session_token_receives_the_events_of_its_session_only(api: Api) -> None:
    changes(api)
    document = "mutation($input: CreateSessionTokenInput!) { createSessionToken(input: $input) { token } }"
    given = {"integrationId": "s2", "rights": "READ", "expiresIn": 60}
    token = api.data(document, {"input": given})["createSessionToken"]["token"]
    api.keys["token"] = token

    async def scenario(server: Running) -> None:
        async with server.client("token") as client:
            other = await client.start(SESSION, id="s1", after=0)
            ahead = await client.start(SESSION, id="s3", after=1)
            own = await client.start(SESSION, id="s2", after=0)
            assert (await own.next())["customerSessionChanged"]["version"] == 1
            (error,) = await (await client.start(ALL)).end()
            assert error["extensions"]["code"] == "FORBIDDEN"
            await post(api, "s2", "x")
            assert (await own.next())["customerSessionChanged"]["version"] == 2
            (error,) = await ahead.end()
            assert error["extensions"]["code"] == "BAD_USER_INPUT"
            assert "version is 0" in error["message"]
            await post(api, "s3", "x")
            await client.send("ping")
            assert (await client.receive())["type"] == "pong"
            await other.stop()

    run_on_server(api, scenario)


def test_subscription_whose_events_would_cost_too_much_is_refused_at_the_start(serve: Callable[..., Api]) -> None:
    api = serve(max_cost=20)

    async def scenario(server: Running) -> None:
        async with server.client() as client:
            events = "session { events(first: 50) { nodes { version } } }"
            document = f'subscription {{ customerSessionChanged(integrationId: "s1") {{ {events} }} }}'
            (error,) = await (await client.start(document)).end()
            assert error["extensions"]["code"] == "LIMIT_EXCEEDED"

    run_on_server(api, scenario)


def test_query_over_a_stream_is_one_event_and_complete(api: Api) -> None:
    async def scenario(server: Running) -> None:
        async with server.stream("{ viewer { role } }") as stream:
            cost = {"cost": {"requested": 1, "maximum": 10_000}}
            assert [each async for each in stream] == [
                ("next", {"data": {"viewer": {"role": "WRITER"}}, "extensions": cost}),
                ("complete", None),
            ]
        async with server.stream("{ nothing }") as stream:
            (kind, answer), end = [each async for each in stream]
            assert (kind, end) == ("next", ("complete", None))
            assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"

    run_on_server(api, scenario)


@pytest.mark.parametrize("accept", ["application/json", "*/*", "application/graphql-response+json"])
def test_subscription_that_accepts_only_json_is_refused(api: Api, accept: str) -> None:
    headers = {"Authorization": f"Bearer {api.keys['reader']}", "Accept": accept}
    response = api.request("POST", json={"query": "subscription { sessionEvents { cursor } }"}, headers=headers)
    assert response.status_code == 406
    assert "text/event-stream" in response.text


def test_stream_without_a_key_is_not_opened(api: Api) -> None:
    response = api.request("POST", json={"query": ALL}, headers={"Accept": "text/event-stream"})
    assert response.status_code == 401


def test_number_of_streams_of_a_key_is_limited(serve: Callable[..., Api]) -> None:
    api = serve(max_connections_per_key=1)

    async def scenario(server: Running) -> None:
        async with server.stream(ALL), server.stream(ALL) as second:
            assert (second.response.status_code, second.response.headers["retry-after"]) == (429, "1")

    run_on_server(api, scenario)
