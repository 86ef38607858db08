"""The event feed: each event once and in order, from any process and with queues of any size."""

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shop import Shop
from sockets import until
from sqlalchemy import Connection
from stores import Files

from db.domain.commands import CreateApplication, CreateSession, SessionContent, UpsertSession
from db.engine import open_database
from db.engine.database import Database
from db.events.feed import MAX_ID, Feed, FeedStopped, PositionAhead, SubscriberTooSlow
from db.events.history import ApplicationHistory, History, SessionHistory
from db.operations.applications import create_application
from db.operations.outcome import Actor
from db.operations.sessions import create_session, upsert_session

TILL = Actor("Till", "till00000000")
ALL = ApplicationHistory(1)
S1 = SessionHistory(1, "s1")


class Client:
    """A subscriber and the positions it has received."""

    def __init__(self, feed: Feed, history: History, after: int | None, pauses: int = 0) -> None:
        self.history = history
        self._pauses = pauses
        self.positions: list[int] = []
        self._feed = feed
        self._after = after
        self.subscribed = asyncio.Event()
        self.task = asyncio.create_task(self._receive())

    async def _receive(self) -> None:
        events = await self._feed.subscribe(self.history, self._after)
        self.subscribed.set()
        async with aclosing(events):
            async for event in events:
                self.positions.append(self.history.position(event))
                for _ in range(self._pauses):
                    await asyncio.sleep(0)

    async def reach(self, position: int) -> list[int]:
        """Wait for the event at a position and return all positions so far."""
        await until(lambda: self.positions and self.positions[-1] >= position)
        return self.positions

    async def unsubscribe(self) -> None:
        """End the subscription."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@pytest.fixture
def shop(shop_in_a_file: Shop) -> Shop:
    """On SQLite, whose ids have no gaps."""
    return shop_in_a_file


@pytest.fixture
def feed(shop: Shop) -> Iterator[Feed]:
    """A feed with queues of ten."""

    async def opened() -> Feed:
        return Feed(shop.database, 10, 60)

    feed = shop.runner.run(opened())
    yield feed
    shop.runner.run(feed.close())


def creating(name: str) -> CreateSession:
    """The command that makes an empty session."""
    return CreateSession(application_id=1, integration_id=name, content=SessionContent())


async def create(database: Database, name: str) -> None:
    """Make a session, and with it one event."""
    await database.write(create_session, TILL, creating(name), Shop.OPENED)


async def create_many(database: Database, first: int, count: int) -> None:
    """Make sessions in one transaction."""

    def many(connection: Connection) -> None:
        for number in range(first, first + count):
            create_session(connection, TILL, creating(f"n{number}"), Shop.OPENED)

    await database.write(many)


def test_a_new_subscriber_receives_only_later_events(shop: Shop, feed: Feed) -> None:
    async def scenario() -> None:
        await create_many(shop.database, 1, 3)
        client = Client(feed, ALL, None)
        await client.subscribed.wait()
        await create_many(shop.database, 4, 3)
        assert await client.reach(6) == [4, 5, 6]
        await client.unsubscribe()

    shop.runner.run(scenario())


def test_a_subscriber_can_start_after_any_position(shop: Shop, feed: Feed) -> None:
    shop.create("s1")
    for coupon in "abcd":
        shop.update("s1", coupon=coupon)
    shop.create("s2")

    async def scenario() -> None:
        for history, last in ((ALL, 6), (S1, 5)):
            for after in range(last):
                client = Client(feed, history, after)
                assert await client.reach(last) == [*range(after + 1, last + 1)]
                await client.unsubscribe()

    shop.runner.run(scenario())


def test_a_position_after_the_end_of_the_history_is_refused(shop: Shop, feed: Feed) -> None:
    shop.create("s1")
    for history in (ALL, S1):
        with pytest.raises(PositionAhead) as refused:
            shop.runner.run(feed.subscribe(history, 2))
        assert refused.value.args == (1,)


def test_a_session_can_be_subscribed_to_before_it_exists(shop: Shop, feed: Feed) -> None:
    async def scenario() -> None:
        client = Client(feed, S1, None)
        await client.subscribed.wait()
        await create(shop.database, "s2")
        await create(shop.database, "s1")
        assert await client.reach(1) == [1]
        await client.unsubscribe()

    shop.runner.run(scenario())


def test_events_of_other_applications_and_sessions_are_not_delivered(shop: Shop, feed: Feed) -> None:
    other = shop.another("Other", "EUR")

    async def subscribe_both() -> tuple[Client, Client]:
        clients = Client(feed, S1, 0), Client(feed, ApplicationHistory(other.application_id), 0)
        await asyncio.gather(*(each.subscribed.wait() for each in clients))
        return clients

    of_session, of_other = shop.runner.run(subscribe_both())
    other.create("s1")
    other.update("s1", coupon="theirs")
    shop.create("s1")
    shop.create("s2")
    assert shop.runner.run(of_session.reach(1)) == [1]
    assert shop.runner.run(of_other.reach(2)) == [1, 2]
    shop.runner.run(of_session.unsubscribe())
    shop.runner.run(of_other.unsubscribe())


def test_a_rolled_back_event_is_not_delivered(shop: Shop, feed: Feed) -> None:
    def fails(connection: Connection) -> None:
        create_session(connection, TILL, creating("never"), Shop.OPENED)
        raise ValueError("rolled back")

    async def scenario() -> None:
        client = Client(feed, SessionHistory(1, "never"), None)
        everything = Client(feed, ALL, None)
        await asyncio.gather(client.subscribed.wait(), everything.subscribed.wait())
        with pytest.raises(ValueError, match="rolled back"):
            await shop.database.write(fails)
        await create(shop.database, "s1")
        assert len(await everything.reach(1)) == 1
        assert client.positions == []
        await client.unsubscribe()
        await everything.unsubscribe()

    shop.runner.run(scenario())


def test_events_of_another_process_are_delivered(shop: Shop, feed: Feed, file_url: str) -> None:
    async def scenario() -> None:
        other = await open_database(file_url)
        client = Client(feed, ALL, None)
        await client.subscribed.wait()
        for number in range(1, 4):
            await create(other, f"s{number}")
            assert (await client.reach(number))[-1] == number
        assert client.positions == [1, 2, 3]
        await client.unsubscribe()
        await other.close()

    shop.runner.run(scenario())


def test_a_subscriber_whose_queue_overflowed_receives_every_event(shop: Shop, feed: Feed) -> None:
    async def scenario() -> None:
        clients = [Client(feed, ALL, None) for _ in range(3)]
        await asyncio.gather(*(each.subscribed.wait() for each in clients))
        for first in (1, 1_001, 1_002):
            await create_many(shop.database, first, 1_000 if first == 1 else 1)
        for each in clients:
            assert await each.reach(1_002) == [*range(1, 1_003)]
            await each.unsubscribe()

    shop.runner.run(scenario())


@dataclass(frozen=True)
class Subscription:
    """A subscription: after which burst, to which history, how far back (None: from now on), and how slowly read."""

    when: int
    history: ApplicationHistory | SessionHistory
    back: int | None
    pauses: int


subscriptions = st.builds(
    Subscription,
    when=st.integers(0, 8),
    history=st.sampled_from([ALL, S1, SessionHistory(1, "s2")]),
    back=st.none() | st.integers(0, 100),
    pauses=st.integers(0, 3),
)
bursts = st.lists(st.lists(st.sampled_from(["s1", "s2", "s3"]), min_size=1, max_size=30), min_size=1, max_size=8)


@settings(max_examples=30)
@given(bursts=bursts, subscriptions=st.lists(subscriptions, min_size=1, max_size=6), most=st.integers(1, 12))
def test_every_subscriber_receives_each_event_once_and_in_order(
    bursts: list[list[str]], subscriptions: list[Subscription], most: int, files: Files, migrated_file: str
) -> None:
    url = files.copy(migrated_file)

    async def scenario() -> None:
        database = await open_database(url)
        await database.write(create_application, CreateApplication(name="Shop", currency="EUR"), Shop.OPENED)
        feed = Feed(database, most, 60)
        subscribing = []
        for number in range(9):
            for subscription in subscriptions:
                if subscription.when == number:
                    subscribing.append(asyncio.create_task(subscribe(database, feed, subscription)))
            if number < len(bursts):
                await database.write(write_all, bursts[number])
        for client, before, after in await asyncio.gather(*subscribing):
            last = await database.query(client.history.last_position, MAX_ID)
            if last > after:
                await client.reach(last)
            await client.unsubscribe()
            for first in client.positions[:1]:
                assert client.positions == [*range(first, first + len(client.positions))]
                assert before < first <= after + 1
        await feed.close()
        await database.close()

    asyncio.run(scenario())


async def subscribe(database: Database, feed: Feed, subscription: Subscription) -> tuple[Client, int, int]:
    """Subscribe. Return the client, and bounds of the position after which it has to start."""
    before = await database.query(subscription.history.last_position, MAX_ID)
    position = None if subscription.back is None else max(before - subscription.back, 0)
    client = Client(feed, subscription.history, position, subscription.pauses)
    await client.subscribed.wait()
    if position is not None:
        return client, position, position
    return client, before, await database.query(subscription.history.last_position, MAX_ID)


def write_all(connection: Connection, names: list[str]) -> None:
    """Create each session, or update it where it is there."""
    for number, name in enumerate(names):
        content = SessionContent(coupon=f"{number}")
        upsert_session(
            connection, TILL, UpsertSession(application_id=1, integration_id=name, content=content), Shop.OPENED
        )


def test_a_slow_subscriber_is_disconnected_with_its_position(shop: Shop) -> None:
    async def scenario() -> int:
        feed = Feed(shop.database, 5, 0)
        events = await feed.subscribe(ALL, None)
        writing = asyncio.create_task(create_many(shop.database, 1, 1))
        assert (await anext(events)).id == 1
        waiting = asyncio.ensure_future(anext(events))  # it keeps up: it waits
        await asyncio.sleep(0)
        await create_many(shop.database, 2, 1)
        assert (await waiting).id == 2
        await create_many(shop.database, 3, 1_000)
        last = 2
        try:
            async for event in events:
                assert event.id == last + 1
                last = event.id
                await asyncio.sleep(0.001)
        except SubscriberTooSlow as slow:
            position = slow.position
        await writing
        await feed.close()
        assert position == last
        return last

    assert 2 <= shop.runner.run(scenario()) < 1_002


def test_stopping_the_feed_ends_subscriptions_with_their_positions(shop: Shop) -> None:
    shop.create("s1")
    shop.update("s1", coupon="a")

    async def scenario() -> None:
        feed = Feed(shop.database, 5, 60)
        waits, comes_later = await feed.subscribe(S1, 0), await feed.subscribe(ALL, 1)
        assert [(await anext(waits)).version for _ in range(2)] == [1, 2]
        waiting = asyncio.ensure_future(anext(waits))
        await asyncio.sleep(0.01)
        feed.stop()
        for last, position in ((waiting, 2), (anext(comes_later), 1)):
            with pytest.raises(FeedStopped) as cut:
                await last
            assert cut.value.position == position
        await feed.close()

    shop.runner.run(scenario())


def test_the_feed_recovers_from_a_database_error(shop: Shop, feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("db.events.feed.RETRY_DELAY", 0.01)

    async def broken() -> int:
        raise OSError("disk on fire")

    async def scenario() -> None:
        client = Client(feed, ALL, 0)
        await create(shop.database, "s1")
        await client.reach(1)
        with monkeypatch.context() as patch:
            patch.setattr(shop.database.tail, "settled_id", broken)
            await create(shop.database, "s2")
            await asyncio.sleep(0.05)
            assert client.positions == [1]
        assert await client.reach(2) == [1, 2]
        await client.unsubscribe()

    shop.runner.run(scenario())


def test_ended_subscriptions_are_removed(shop: Shop, feed: Feed) -> None:
    async def scenario() -> None:
        clients = [Client(feed, history, 0) for history in (ALL, S1, S1)]
        await create(shop.database, "s1")
        for each in clients:
            await each.reach(1)
        assert feed.subscribers == 3
        for each in clients:
            await each.unsubscribe()
        assert feed.subscribers == 0

    shop.runner.run(scenario())
