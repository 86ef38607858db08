"""A cancelled read leaves its PostgreSQL connection usable."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from stores import Server

from db.engine import open_database
from db.engine.database import Database
from db.engine.options import ServerOptions
from db.engine.postgresql_connections import PooledConnection

PROCESS = "SELECT pg_backend_pid()::text"  # at the other end of the connection


@pytest.fixture
def database(runner: asyncio.Runner, server: Server) -> Iterator[Database]:
    """A database to which there is one connection."""
    url = server.empty()
    database = runner.run(open_database(url, ServerOptions(pool_size=1)))
    yield database
    runner.run(database.close())
    server.drop(url)


def test_a_read_cancelled_after_it_was_prepared_leaves_no_transaction(
    runner: asyncio.Runner, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare = PooledConnection._get_statement

    async def prepared_and_given_up(link: PooledConnection, *arguments: Any, **options: Any) -> Any:
        statement = await prepare(link, *arguments, **options)
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)
        return statement

    async def give_up() -> tuple[str | None, str | None]:
        before = await database.read(PROCESS, {}, 1)
        with monkeypatch.context() as patched:
            patched.setattr(PooledConnection, "_get_statement", prepared_and_given_up)
            reading = asyncio.create_task(database.read("SELECT 'what nobody reads'", {}, 1))
            await asyncio.wait([reading])
            assert reading.cancelled()
        await database.query(lambda connection: None)
        return before, await database.read(PROCESS, {}, 1)

    before, after = runner.run(give_up())
    assert before == after
