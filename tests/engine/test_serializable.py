"""Serialization failures where default_transaction_isolation is serializable: reads and writes are repeated."""

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
# takes its snapshot and waits until the withdrawal, which it cannot precede in any serial order, has been committed.
CREATE = "CREATE TABLE account (name text PRIMARY KEY, amount integer NOT NULL)"
SUM = "SELECT sum(amount) FROM account"
READ = """
    WITH waited AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared(7))
    SELECT (SELECT string_agg(name || amount, ' ' ORDER BY name) FROM account) FROM waited"""
WAITS = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)"


@pytest.fixture
def url(serializable: Server) -> Iterator[str]:
    """Create a database with two empty accounts."""
    url = serializable.empty()
    execute(url, CREATE)
    execute(url, "INSERT INTO account VALUES ('x', 0), ('y', 0)")
    yield url
    serializable.drop(url)


def test_read_that_fails_to_serialize_is_repeated(url: str) -> None:
    plain = url.replace("postgresql+asyncpg:", "postgresql:")

    async def scenario() -> str | None:
        database = await open_database(url)
        withdrawing, paying_in, gate = [await asyncpg.connect(plain) for _ in range(3)]
        await gate.execute("SELECT pg_advisory_lock(7)")
        await withdrawing.execute(f"BEGIN; {SUM}")
        await paying_in.execute("UPDATE account SET amount = amount + 20 WHERE name = 'y'")
        reading = asyncio.create_task(database.read(READ, {}, None))
        async with asyncio.timeout(20):
            while not await gate.fetchval(WAITS):  # noqa: ASYNC110  # there is no event to wait for
                await asyncio.sleep(0.01)
        await withdrawing.execute("UPDATE account SET amount = amount - 11 WHERE name = 'x'; COMMIT")
        await gate.execute("SELECT pg_advisory_unlock(7)")
        try:
            return await reading
        finally:
            await database.close()
            for each in (withdrawing, paying_in, gate):
                await each.close()

    assert asyncio.run(scenario()) == "x-11 y20"


def test_write_that_keeps_failing_to_serialize_runs_as_read_committed(runner: asyncio.Runner, url: str) -> None:
    database = runner.run(open_database(url))
    begun: list[int] = []

    def deposit(connection: Connection) -> None:
        connection.execute(text("UPDATE account SET amount = amount + 1 WHERE name = 'x'"))

    def deposit_after_another(connection: Connection) -> int:
        begun.append(len(begun))
        if len(begun) <= AUTOCOMMIT_ATTEMPTS:
            raise WriteConflict
        connection.execute(text(SUM)).one()
        await_only(database.write(deposit))
        deposit(connection)
        return int(connection.execute(text(SUM)).scalar_one())

    try:
        assert runner.run(database.write(deposit_after_another)) == 2
        assert len(begun) == AUTOCOMMIT_ATTEMPTS + 1
    finally:
        runner.run(database.close())
