"""The end of the event history on PostgreSQL: no event is committed with an ID up to a settled one."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stores import Server, migrate

from db.engine import postgresql_tail
from db.engine.postgresql_tail import CHANNEL, PostgresTail

TAKE = "SELECT pg_current_xact_id(), nextval('session_event_id')"
BEGINS = "SELECT pg_current_xact_id()"
LISTENERS = "SELECT pid FROM pg_stat_activity WHERE query = $1 AND datname = current_database()"


@pytest.fixture(scope="module")
def url(server: Server) -> Iterator[str]:
    """A PostgreSQL database with all tables, as asyncpg takes it."""
    url = server.empty()
    asyncio.run(migrate(url))
    yield url.replace("postgresql+asyncpg:", "postgresql:")
    server.drop(url)


@asynccontextmanager
async def tail_of(url: str, *, listens: bool = True) -> AsyncIterator[PostgresTail]:
    """The end of the history, seen over one connection."""
    connection = await asyncpg.connect(url)
    free = asyncio.Lock()

    @asynccontextmanager
    async def link() -> AsyncIterator[asyncpg.Connection]:
        async with free:
            yield connection

    tail = PostgresTail(link, (lambda: asyncpg.connect(url)) if listens else None)
    yield tail
    await tail.close()
    await connection.close()


async def connected(stack: AsyncExitStack, url: str) -> asyncpg.Connection:
    """Another connection, closed with the others."""
    connection = await asyncpg.connect(url)
    stack.push_async_callback(connection.close)
    return connection


async def comes_to(tail: PostgresTail, last: int) -> None:
    """Wait until all is settled: PostgreSQL's own transactions, such as autovacuum's, may run beside ours."""
    async with asyncio.timeout(20):
        while await tail.settled_id() != last:  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0.01)


def test_close_waits_for_a_notification_that_is_under_way(runner: asyncio.Runner) -> None:
    async def close_while_the_pool_connects() -> None:
        asked, connected, sent = asyncio.Event(), asyncio.Event(), []

        class Connection:
            async def execute(self, statement: str) -> None:
                sent.append(statement)

        @asynccontextmanager
        async def acquire() -> AsyncIterator[Connection]:
            asked.set()
            await connected.wait()
            yield Connection()

        tail = PostgresTail(acquire, None)
        tail.committed()
        await asked.wait()
        closing = asyncio.create_task(tail.close())
        await asyncio.sleep(0)
        assert not closing.done()
        connected.set()
        await closing
        assert sent == [f"NOTIFY {CHANNEL}"]

    runner.run(close_while_the_pool_connects())


def test_an_id_is_not_settled_while_its_transaction_runs(url: str) -> None:
    async def scenario() -> None:
        async with tail_of(url) as tail, AsyncExitStack() as stack:
            before = await tail.settled_id()
            first, second = await connected(stack, url), await connected(stack, url)
            await first.execute(f"BEGIN; {BEGINS}")
            await second.execute(f"BEGIN; {TAKE}")
            assert await tail.settled_id() == before
            await first.execute("COMMIT")
            assert await tail.settled_id() == before
            await second.execute("COMMIT")
            await comes_to(tail, before + 1)

    asyncio.run(scenario())


moves = st.lists(st.tuples(st.sampled_from(["begin", "take", "COMMIT", "ROLLBACK"]), st.integers(0, 3)), max_size=30)


@settings(max_examples=40)
@given(moves=moves)
def test_the_settled_id_stays_below_running_transactions_and_reaches_the_last_id(
    url: str, moves: list[tuple[str, int]]
) -> None:
    async def scenario() -> None:
        async with tail_of(url, listens=False) as tail, AsyncExitStack() as stack:
            writers = [await connected(stack, url) for _ in range(4)]
            held: dict[int, list[int]] = {}
            last = before = await tail.settled_id()
            for move, number in moves:
                if move == "begin" and number not in held:
                    await writers[number].execute(f"BEGIN; {BEGINS}")
                    held[number] = []
                elif move == "take" and number in held:
                    last = await writers[number].fetchval("SELECT nextval('session_event_id')")
                    held[number].append(last)
                elif move in ("COMMIT", "ROLLBACK") and held.pop(number, None) is not None:
                    await writers[number].execute(move)
                settled = await tail.settled_id()
                assert before <= settled < min((ids[0] for ids in held.values() if ids), default=last + 1)
                before = settled
            for number in held:
                await writers[number].execute("COMMIT")
            await comes_to(tail, last)

    asyncio.run(scenario())


def test_a_commit_is_found_by_notification_and_by_polling(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(*, listens: bool) -> None:
        async with tail_of(url, listens=listens) as tail, AsyncExitStack() as stack:
            writer = await connected(stack, url)
            for _ in range(3):
                changed = asyncio.create_task(tail.wait_for_commit())
                await writer.execute(f"BEGIN; {TAKE}; SELECT pg_notify('{CHANNEL}', '1'); COMMIT")
                async with asyncio.timeout(20):
                    await changed

    asyncio.run(scenario(listens=False))
    monkeypatch.setattr(postgresql_tail, "MAX_POLL", 1_000)
    asyncio.run(scenario(listens=True))


def test_a_lost_listener_reconnects(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql_tail, "RECONNECT_DELAY", 0.01)
    listen = f'LISTEN "{CHANNEL}"'

    async def listeners(connection: asyncpg.Connection, besides: list[int]) -> list[int]:
        async with asyncio.timeout(20):
            while not (  # noqa: ASYNC110  # nobody tells
                found := [row["pid"] for row in await connection.fetch(LISTENERS, listen) if row["pid"] not in besides]
            ):
                await asyncio.sleep(0.01)
        return found

    async def scenario() -> None:
        async with tail_of(url) as tail, AsyncExitStack() as stack:
            writer = await connected(stack, url)
            changed = asyncio.create_task(tail.wait_for_commit())
            (first,) = await listeners(writer, [])
            await writer.execute(f"SELECT pg_terminate_backend({first})")
            await listeners(writer, [first])
            await writer.execute(f"BEGIN; {TAKE}; COMMIT")
            async with asyncio.timeout(20):
                await changed

    asyncio.run(scenario())
