"""Delivery in this process: what is sent, in which order, and how failures are treated."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from api_server import Api
from receiver import OK, Received, Receiver, status
from shop import line
from sockets import until
from sqlalchemy import Connection, select

from db.repository.core import WEBHOOK
from graphql_api.sql import cursors
from graphql_api.types.session_event import FEED
from graphql_api.webhooks import deliverer, retries

CREATE = """mutation($input: CreateWebhookInput!) {
  createWebhook(input: $input) { webhook { id } secret errors { message } }
}"""
UPDATE = "mutation($input: UpdateWebhookInput!) { updateWebhook(input: $input) { errors { message } } }"
ROTATE = "mutation($id: ID!) { rotateWebhookSecret(input: {id: $id}) { secret } }"
SHOWN = "{ webhooks { state after lag failures lastStatus lastError nextAttempt } }"
CHANGE = "mutation($input: UpsertSessionInput!) { upsertSession(input: $input) { errors { message } } }"
START = cursors.encode(FEED, 1, 0)


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliverer, "POLL_SECONDS", 0.1)
    monkeypatch.setattr(deliverer, "FLUSH_SECONDS", 0.02)
    monkeypatch.setattr(retries, "FIRST_PAUSE", 0.02)


@pytest.fixture
def api(serve: Callable[..., Api]) -> Api:
    """The API, which may send to loopback addresses."""
    return serve(webhook_networks=("127.0.0.0/8",))


class Hook:
    """A webhook and its receiver."""

    def __init__(self, api: Api, receiver: Receiver) -> None:
        self.api = api
        self.receiver = receiver
        self.id = self.secret = ""

    async def create(self, **values: Any) -> None:
        """Create the webhook, at the beginning of the history."""
        made = await self.run(CREATE, input={"url": self.receiver.url, "after": START, **values})
        assert made["createWebhook"]["errors"] == []
        self.id, self.secret = made["createWebhook"]["webhook"]["id"], made["createWebhook"]["secret"]

    async def run(self, document: str, **variables: Any) -> Any:
        """Run an operation and return its data."""
        answer = (await self.api.post({"query": document, "variables": variables})).json()
        assert "errors" not in answer, answer
        return answer["data"]

    async def shown(self) -> Any:
        """Return the one webhook."""
        return (await self.run(SHOWN))["webhooks"][0]

    async def change(self, name: str, coupon: str | None = None) -> None:
        """Create or update a session."""
        await self.run(CHANGE, input={"integrationId": name, **({"coupon": coupon} if coupon else {})})

    async def acknowledged(self, number: int) -> list[tuple[int, int]]:
        """Wait until so many messages have been acknowledged; return their sessions and versions."""
        await until(lambda: len(self.receiver.acknowledged) >= number)
        return [request.key for request in self.receiver.acknowledged]

    async def at(self, **expected: Any) -> Any:
        """Wait until the webhook has these values."""
        for _ in range(500):
            shown = await self.shown()
            if all(shown[name] == value for name, value in expected.items()):
                return shown
            await asyncio.sleep(0.02)
        pytest.fail(f"{shown} is not {expected}")


Scenario = Callable[[Hook], Coroutine[Any, Any, None]]


@pytest.fixture
def play(api: Api) -> Callable[[Scenario], None]:
    """Run a scenario with a webhook that is not created yet."""

    def run(scenario: Scenario) -> None:
        async def with_receiver() -> None:
            async with Receiver() as receiver:
                await scenario(Hook(api, receiver))

        api.runner.run(with_receiver())

    return run


def history(api: Api) -> None:
    """Two sessions with five events."""
    shop = api.shop
    shop.create("s1", cart_items=[line()])
    shop.update("s1", coupon="a")
    shop.create("s2")
    shop.close("s1")
    shop.cancel("s2")


def test_events_are_sent_signed_and_in_order(api: Api, play: Callable[[Scenario], None]) -> None:
    history(api)

    async def scenario(hook: Hook) -> None:
        await hook.create()
        await hook.acknowledged(5)
        assert hook.receiver.versions() == {1: [1, 2, 3], 2: [1, 2]}
        for request in hook.receiver.requests:
            request.verify(hook.secret)
            assert request.headers["content-type"] == "application/json"
        first = next(each for each in hook.receiver.requests if each.key == (1, 1))
        assert first.id == "event-1-1-1"
        assert first.message["type"] == "session.created"
        assert first.message["timestamp"] == "2026-03-01T10:00:01.000Z"
        node = first.message["data"]["sessionEvents"]["node"]
        assert node["__typename"] == "SessionCreated"
        assert node["session"]["netTotal"] == "1.00"
        await hook.at(after=cursors.encode(FEED, 1, 5), lag=0, lastStatus=204, failures=0, lastError=None)
        await hook.change("s3")
        await hook.acknowledged(6)
        await hook.at(after=cursors.encode(FEED, 1, 6))

    play(scenario)


def test_only_events_of_the_types_are_sent_and_the_place_passes_the_others(
    api: Api, play: Callable[[Scenario], None]
) -> None:
    history(api)

    async def scenario(hook: Hook) -> None:
        await hook.create(types=["CLOSED"], document="subscription { it: sessionEvents { cursor node { version } } }")
        assert await hook.acknowledged(1) == [(1, 3)]
        assert hook.receiver.requests[0].message["data"] == {
            "it": {"cursor": cursors.encode(FEED, 1, 4), "node": {"version": 3}}
        }
        await hook.at(after=cursors.encode(FEED, 1, 5), lag=0)

    play(scenario)


def test_failed_event_holds_back_its_session_only(api: Api, play: Callable[[Scenario], None]) -> None:
    history(api)

    async def scenario(hook: Hook) -> None:
        free = asyncio.Event()

        async def answer(request: Received) -> bytes:
            return OK if request.key[0] == 2 or free.is_set() else status(500)

        hook.receiver.answer = answer
        await hook.create()
        await until(lambda: len(hook.receiver.requests) >= 6)
        assert hook.receiver.versions() == {2: [1, 2]}
        shown = await hook.at(after=START, lag=5, lastStatus=500)
        assert shown["lastError"] == "The answer had the status 500."
        assert shown["failures"] >= 1
        assert shown["nextAttempt"] is not None
        assert {request.key for request in hook.receiver.requests} == {(1, 1), (2, 1), (2, 2)}
        free.set()
        await hook.at(after=cursors.encode(FEED, 1, 5), failures=0, nextAttempt=None)
        assert hook.receiver.versions() == {1: [1, 2, 3], 2: [1, 2]}
        ids = [request.id for request in hook.receiver.requests if request.key == (1, 1)]
        assert len(ids) > 1
        assert len(set(ids)) == 1

    play(scenario)


def test_answer_410_pauses_until_the_webhook_is_set_active(api: Api, play: Callable[[Scenario], None]) -> None:
    history(api)

    async def scenario(hook: Hook) -> None:
        async def gone(request: Received) -> bytes:
            return status(410)

        hook.receiver.answer = gone
        await hook.create()
        await hook.at(state="PAUSED", lastStatus=410, lastError="The receiver answered 410 (Gone).", after=START)
        sent = len(hook.receiver.requests)
        await asyncio.sleep(0.3)
        assert len(hook.receiver.requests) == sent

        async def accept(request: Received) -> bytes:
            return OK

        hook.receiver.answer = accept
        await hook.run(UPDATE, input={"id": hook.id, "state": "ACTIVE"})
        await hook.at(after=cursors.encode(FEED, 1, 5), state="ACTIVE")

    play(scenario)


def test_event_that_fails_for_three_days_makes_the_webhook_failing(
    api: Api, play: Callable[[Scenario], None], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(retries, "GIVE_UP_AFTER", 0.2)
    history(api)

    async def scenario(hook: Hook) -> None:
        async def fail(request: Received) -> bytes | None:
            return None

        hook.receiver.answer = fail
        await hook.create()
        shown = await hook.at(state="FAILING", after=START)
        assert shown["lastError"].startswith("An event could not be sent for three days. The request failed: ")
        assert any(record.levelname == "ERROR" for record in caplog.records)

    play(scenario)


@pytest.mark.parametrize(
    "value", ["2", format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)], ids=["seconds", "date"]
)
def test_retry_after_delays_the_next_attempt(api: Api, play: Callable[[Scenario], None], value: str) -> None:
    api.shop.create("s1")

    async def scenario(hook: Hook) -> None:
        async def busy(request: Received) -> bytes:
            return status(503, Retry_After=value)

        hook.receiver.answer = busy
        await hook.create()
        shown = await hook.at(lastStatus=503)
        wait = datetime.fromisoformat(shown["nextAttempt"]) - datetime.now(UTC)
        assert wait > timedelta(seconds=1)
        await asyncio.sleep(0.5)
        assert len(hook.receiver.requests) == 1

    play(scenario)


def test_requests_of_different_sessions_are_under_way_together(api: Api, play: Callable[[Scenario], None]) -> None:
    for number in range(40):
        api.shop.create(f"s{number}")

    async def scenario(hook: Hook) -> None:
        async def late(request: Received) -> bytes:
            await asyncio.sleep(0.05)
            return OK

        hook.receiver.answer = late
        await hook.create()
        await hook.acknowledged(40)
        assert hook.receiver.most_under_way == 16

    play(scenario)


def test_rotated_secret_signs_together_with_the_one_before(api: Api, play: Callable[[Scenario], None]) -> None:
    async def scenario(hook: Hook) -> None:
        await hook.create()
        rotated = (await hook.run(ROTATE, id=hook.id))["rotateWebhookSecret"]["secret"]
        await asyncio.sleep(0.5)
        await hook.change("s1")
        await hook.acknowledged(1)
        for secret in (hook.secret, rotated):
            hook.receiver.requests[0].verify(secret)

    play(scenario)


def test_earlier_place_sends_events_again(api: Api, play: Callable[[Scenario], None]) -> None:
    history(api)

    async def scenario(hook: Hook) -> None:
        await hook.create()
        await hook.at(after=cursors.encode(FEED, 1, 5))
        await hook.run(UPDATE, input={"id": hook.id, "after": cursors.encode(FEED, 1, 3)})
        assert sorted((await hook.acknowledged(7))[5:]) == [(1, 3), (2, 2)]
        await hook.at(after=cursors.encode(FEED, 1, 5))

    play(scenario)


def test_answer_that_never_ends_is_judged_by_its_status(api: Api, play: Callable[[Scenario], None]) -> None:
    api.shop.create("s1")

    async def scenario(hook: Hook) -> None:
        async def endless(request: Received) -> bytes:
            return b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n" + b"x" * 200_000

        hook.receiver.answer = endless
        await hook.create()
        await hook.at(after=cursors.encode(FEED, 1, 1), lastStatus=200)

    play(scenario)


def test_redirect_is_not_followed(api: Api, play: Callable[[Scenario], None]) -> None:
    api.shop.create("s1")

    async def scenario(hook: Hook) -> None:
        async def redirect(request: Received) -> bytes:
            return status(302, Location=f"{hook.receiver.url}/other")

        hook.receiver.answer = redirect
        await hook.create()
        await hook.at(lastStatus=302, after=START)
        assert {request.path for request in hook.receiver.requests} == {"/events"}

    play(scenario)


def test_removed_event_is_passed(api: Api, play: Callable[[Scenario], None]) -> None:
    history(api)

    async def scenario(hook: Hook) -> None:
        blocked = asyncio.Event()

        async def answer(request: Received) -> bytes:
            await blocked.wait()
            return OK

        hook.receiver.answer = answer
        await hook.create()
        await until(lambda: len(hook.receiver.requests) == 2)

        def remove(connection: Connection) -> None:
            for table in ("cart_item", "session_event"):
                connection.exec_driver_sql(f"DELETE FROM {table} WHERE application_id = 1")  # noqa: S608  # constants

        await api.database.write(remove)
        blocked.set()
        await hook.at(after=cursors.encode(FEED, 1, 5))
        assert len(hook.receiver.requests) == 2

    play(scenario)


def test_lease_is_released_when_the_process_stops(serve: Callable[..., Api]) -> None:
    api = serve(webhook_networks=("127.0.0.0/8",))

    def holders(connection: Connection) -> list[str | None]:
        return list(connection.execute(select(WEBHOOK.c.lease_holder)).scalars())

    async def scenario() -> None:
        async with Receiver() as receiver:
            await Hook(api, receiver).create()
            for _ in range(100):
                if (await api.database.query(holders))[0] is not None:
                    return
                await asyncio.sleep(0.02)
            pytest.fail("no lease was taken")

    api.runner.run(scenario())


def test_setting_webhooks_false_sends_nothing(serve: Callable[..., Api]) -> None:
    api = serve(webhooks=False, webhook_networks=("127.0.0.0/8",))
    api.shop.create("s1")

    async def scenario() -> None:
        async with Receiver() as receiver:
            await Hook(api, receiver).create()
            await asyncio.sleep(0.5)
            assert receiver.connections == 0

    api.runner.run(scenario())
