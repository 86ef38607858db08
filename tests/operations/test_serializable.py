"""Where every transaction is serializable a read can lose a race, too, and who keeps losing has a turn all the same."""

import asyncio
from collections.abc import Iterator

import asyncpg
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.util import await_only
from stores import Server, execute

from db.engine import open_database
from db.engine.errors import WriteConflict
from db.engine.postgresql import AUTOCOMMIT_ATTEMPTS

# The transactions of Fekete, O'Neil and O'Neil, "A read-only transaction anomaly under snapshot isolation": the reader
# waits, with its snapshot taken, until the one that it may not come before has been committed.
KEPT = "CREATE TABLE kept (name text PRIMARY KEY, amount integer NOT NULL)"
BOTH = "SELECT sum(amount) FROM kept"
READ = """
    WITH waited AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared(7))
    SELECT (SELECT string_agg(name || amount, ' ' ORDER BY name) FROM kept) FROM waited"""
WAITS = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)"


@pytest.fixture
def url(serializable: Server) -> Iterator[str]:
    """Two accounts, with nothing in them."""
    url = serializable.empty()
    execute(url, KEPT)
    execute(url, "INSERT INTO kept VALUES ('x', 0), ('y', 0)")
    yield url
    serializable.drop(url)


def test_a_read_that_would_see_what_never_was_is_read_again(url: str) -> None:
    plain = url.replace("postgresql+asyncpg:", "postgresql:")

    async def scenario() -> str | None:
        database = await open_database(url)
        withdrawing, paying_in, gate = [await asyncpg.connect(plain) for _ in range(3)]
        await gate.execute("SELECT pg_advisory_lock(7)")
        await withdrawing.execute(f"BEGIN; {BOTH}")
        await paying_in.execute("UPDATE kept SET amount = amount + 20 WHERE name = 'y'")
        reading = asyncio.create_task(database.read(READ, {}, None))
        async with asyncio.timeout(20):
            while not await gate.fetchval(WAITS):  # noqa: ASYNC110  # it does not tell
                await asyncio.sleep(0.01)
        await withdrawing.execute("UPDATE kept SET amount = amount - 11 WHERE name = 'x'; COMMIT")
        await gate.execute("SELECT pg_advisory_unlock(7)")
        try:
            return await reading
        finally:
            await database.close()
            for each in (withdrawing, paying_in, gate):
                await each.close()

    assert asyncio.run(scenario()) == "x-11 y20"


def test_who_keeps_losing_gets_a_transaction_that_sees_what_others_do_meanwhile(
    runner: asyncio.Runner, url: str
) -> None:
    database = runner.run(open_database(url))
    begun: list[int] = []

    def pay_in(connection: Connection) -> None:
        connection.execute(text("UPDATE kept SET amount = amount + 1 WHERE name = 'x'"))

    def pay_in_late(connection: Connection) -> int:
        begun.append(len(begun))
        if len(begun) <= AUTOCOMMIT_ATTEMPTS:
            raise WriteConflict
        connection.execute(text(BOTH)).one()
        await_only(database.write(pay_in))
        pay_in(connection)
        return int(connection.execute(text(BOTH)).scalar_one())

    try:
        assert runner.run(database.write(pay_in_late)) == 2
        assert len(begun) == AUTOCOMMIT_ATTEMPTS + 1
    finally:
        runner.run(database.close())
