"""The feed: each event once and in order, wherever it was committed and however little a queue holds."""

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
from db.events.feed import LARGEST, Feed, NotYet, Stopped, TooSlow
from db.events.history import ApplicationHistory, History, SessionHistory
from db.operations import Actor, create_application, create_session, upsert_session

TILL = Actor("Till", "till00000000")
ALL = ApplicationHistory(1)
S1 = SessionHistory(1, "s1")


class Told:
    """What one who follows has been told so far."""

    def __init__(self, feed: Feed, history: History, after: int | None, pauses: int = 0) -> None:
        self.history = history
        self._pauses = pauses
        self.places: list[int] = []
        self._feed = feed
        self._after = after
        self.begun = asyncio.Event()
        self.task = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        events = await self._feed.follow(self.history, self._after)
        self.begun.set()
        async with aclosing(events):
            async for event in events:
                self.places.append(self.history.place(event))
                for _ in range(self._pauses):
                    await asyncio.sleep(0)

    async def reach(self, place: int) -> list[int]:
        """Wait until a place has been told."""
        await until(lambda: self.places and self.places[-1] >= place)
        return self.places

    async def leave(self) -> None:
        """Follow no more."""
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


def test_what_happens_from_now_on_is_told_and_what_happened_before_is_not(shop: Shop, feed: Feed) -> None:
    async def scenario() -> None:
        await create_many(shop.database, 1, 3)
        told = Told(feed, ALL, None)
        await told.begun.wait()
        await create_many(shop.database, 4, 3)
        assert await told.reach(6) == [4, 5, 6]
        await told.leave()

    shop.runner.run(scenario())


def test_a_history_is_told_from_any_place(shop: Shop, feed: Feed) -> None:
    shop.create("s1")
    for coupon in "abcd":
        shop.update("s1", coupon=coupon)
    shop.create("s2")

    async def scenario() -> None:
        for history, last in ((ALL, 6), (S1, 5)):
            for after in range(last):
                told = Told(feed, history, after)
                assert await told.reach(last) == [*range(after + 1, last + 1)]
                await told.leave()

    shop.runner.run(scenario())


def test_a_place_that_a_history_has_not_come_to_is_refused(shop: Shop, feed: Feed) -> None:
    shop.create("s1")
    for history in (ALL, S1):
        with pytest.raises(NotYet) as refused:
            shop.runner.run(feed.follow(history, 2))
        assert refused.value.args == (1,)


def test_a_session_that_is_not_there_is_waited_for(shop: Shop, feed: Feed) -> None:
    async def scenario() -> None:
        told = Told(feed, S1, None)
        await told.begun.wait()
        await create(shop.database, "s2")
        await create(shop.database, "s1")
        assert await told.reach(1) == [1]
        await told.leave()

    shop.runner.run(scenario())


def test_other_applications_and_other_sessions_are_not_told(shop: Shop, feed: Feed) -> None:
    other = shop.another("Other", "EUR")

    async def begun() -> tuple[Told, Told]:
        told = Told(feed, S1, 0), Told(feed, ApplicationHistory(other.application_id), 0)
        await asyncio.gather(*(each.begun.wait() for each in told))
        return told

    of_session, of_other = shop.runner.run(begun())
    other.create("s1")
    other.update("s1", coupon="theirs")
    shop.create("s1")
    shop.create("s2")
    assert shop.runner.run(of_session.reach(1)) == [1]
    assert shop.runner.run(of_other.reach(2)) == [1, 2]
    shop.runner.run(of_session.leave())
    shop.runner.run(of_other.leave())


def test_what_is_rolled_back_is_not_told(shop: Shop, feed: Feed) -> None:
    def fails(connection: Connection) -> None:
        create_session(connection, TILL, creating("never"), Shop.OPENED)
        raise ValueError("rolled back")

    async def scenario() -> None:
        told = Told(feed, SessionHistory(1, "never"), None)
        everything = Told(feed, ALL, None)
        await asyncio.gather(told.begun.wait(), everything.begun.wait())
        with pytest.raises(ValueError, match="rolled back"):
            await shop.database.write(fails)
        await create(shop.database, "s1")
        assert len(await everything.reach(1)) == 1
        assert told.places == []
        await told.leave()
        await everything.leave()

    shop.runner.run(scenario())


def test_what_another_process_commits_is_told(shop: Shop, feed: Feed, file_url: str) -> None:
    async def scenario() -> None:
        other = await open_database(file_url)
        told = Told(feed, ALL, None)
        await told.begun.wait()
        for number in range(1, 4):
            await create(other, f"s{number}")
            assert (await told.reach(number))[-1] == number
        assert told.places == [1, 2, 3]
        await told.leave()
        await other.close()

    shop.runner.run(scenario())


def test_more_than_a_queue_holds_is_told_all_the_same(shop: Shop, feed: Feed) -> None:
    async def scenario() -> None:
        told = [Told(feed, ALL, None) for _ in range(3)]
        await asyncio.gather(*(each.begun.wait() for each in told))
        for first in (1, 1_001, 1_002):
            await create_many(shop.database, first, 1_000 if first == 1 else 1)
        for each in told:
            assert await each.reach(1_002) == [*range(1, 1_003)]
            await each.leave()

    shop.runner.run(scenario())


@dataclass(frozen=True)
class Comer:
    """One who comes to follow: after which burst, what, from how far back (None: from now on), and how slow it is."""

    when: int
    history: ApplicationHistory | SessionHistory
    back: int | None
    pauses: int


comers = st.builds(
    Comer,
    when=st.integers(0, 8),
    history=st.sampled_from([ALL, S1, SessionHistory(1, "s2")]),
    back=st.none() | st.integers(0, 100),
    pauses=st.integers(0, 3),
)
bursts = st.lists(st.lists(st.sampled_from(["s1", "s2", "s3"]), min_size=1, max_size=30), min_size=1, max_size=8)


@settings(max_examples=30)
@given(bursts=bursts, comers=st.lists(comers, min_size=1, max_size=6), most=st.integers(1, 12))
def test_whoever_comes_whenever_is_told_everything_once_and_in_order(
    bursts: list[list[str]], comers: list[Comer], most: int, files: Files, migrated_file: str
) -> None:
    url = files.copy(migrated_file)

    async def scenario() -> None:
        database = await open_database(url)
        await database.write(create_application, CreateApplication(name="Shop", currency="EUR"), Shop.OPENED)
        feed = Feed(database, most, 60)
        following = []
        for number in range(9):
            for comer in comers:
                if comer.when == number:
                    following.append(asyncio.create_task(follow(database, feed, comer)))
            if number < len(bursts):
                await database.write(write_all, bursts[number])
        for told, before, after in await asyncio.gather(*following):
            last = await database.query(told.history.last, LARGEST)
            if last > after:
                await told.reach(last)
            await told.leave()
            for first in told.places[:1]:
                assert told.places == [*range(first, first + len(told.places))]
                assert before < first <= after + 1
        await feed.close()
        await database.close()

    asyncio.run(scenario())


async def follow(database: Database, feed: Feed, comer: Comer) -> tuple[Told, int, int]:
    """Come. Answers what is told, and the bounds of the place behind which it has to begin."""
    before = await database.query(comer.history.last, LARGEST)
    place = None if comer.back is None else max(before - comer.back, 0)
    told = Told(feed, comer.history, place, comer.pauses)
    await told.begun.wait()
    if place is not None:
        return told, place, place
    return told, before, await database.query(comer.history.last, LARGEST)


def write_all(connection: Connection, names: list[str]) -> None:
    """Create each session, or update it where it is there."""
    for number, name in enumerate(names):
        content = SessionContent(coupon=f"{number}")
        upsert_session(
            connection, TILL, UpsertSession(application_id=1, integration_id=name, content=content), Shop.OPENED
        )


def test_one_that_does_not_keep_up_is_told_where_to_go_on(shop: Shop) -> None:
    async def scenario() -> int:
        feed = Feed(shop.database, 5, 0)
        events = await feed.follow(ALL, None)
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
        except TooSlow as slow:
            place = slow.place
        await writing
        await feed.close()
        assert place == last
        return last

    assert 2 <= shop.runner.run(scenario()) < 1_002


def test_a_feed_that_stops_tells_all_where_to_go_on(shop: Shop) -> None:
    shop.create("s1")
    shop.update("s1", coupon="a")

    async def scenario() -> None:
        feed = Feed(shop.database, 5, 60)
        waits, comes_later = await feed.follow(S1, 0), await feed.follow(ALL, 1)
        assert [(await anext(waits)).version for _ in range(2)] == [1, 2]
        waiting = asyncio.ensure_future(anext(waits))
        await asyncio.sleep(0.01)
        feed.stop()
        for last, place in ((waiting, 2), (anext(comes_later), 1)):
            with pytest.raises(Stopped) as cut:
                await last
            assert cut.value.place == place
        await feed.close()

    shop.runner.run(scenario())


def test_a_feed_whose_database_fails_goes_on_when_it_is_back(
    shop: Shop, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.events.feed.PAUSE", 0.01)

    async def broken() -> int:
        raise OSError("disk on fire")

    async def scenario() -> None:
        told = Told(feed, ALL, 0)
        await create(shop.database, "s1")
        await told.reach(1)
        with monkeypatch.context() as patch:
            patch.setattr(shop.database.tail, "settled_id", broken)
            await create(shop.database, "s2")
            await asyncio.sleep(0.05)
            assert told.places == [1]
        assert await told.reach(2) == [1, 2]
        await told.leave()

    shop.runner.run(scenario())


def test_nobody_who_has_left_is_remembered(shop: Shop, feed: Feed) -> None:
    async def scenario() -> None:
        told = [Told(feed, history, 0) for history in (ALL, S1, S1)]
        await create(shop.database, "s1")
        for each in told:
            await each.reach(1)
        assert feed.followers == 3
        for each in told:
            await each.leave()
        assert feed.followers == 0

    shop.runner.run(scenario())
