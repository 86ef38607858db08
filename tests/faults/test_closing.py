"""Closing a PostgreSQL database finishes the changes that were requested, also those whose caller was cancelled."""

import asyncio

import pytest
from sqlalchemy import Connection, text
from stores import Server

from db.engine import open_database
from db.engine.options import ServerOptions

MANY = 10


@pytest.mark.parametrize("cancelled", [False, True])
def test_changes_that_wait_for_a_connection_are_committed(
    runner: asyncio.Runner, server: Server, *, cancelled: bool
) -> None:
    url = server.empty()

    def change(connection: Connection, number: int) -> None:
        connection.execute(text(f"CREATE TABLE made_{number} ()"))

    def made(connection: Connection) -> int:
        tables = "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'made%'"
        return int(connection.execute(text(tables)).scalar_one())

    async def close_while_they_wait() -> int:
        database = await open_database(url, ServerOptions(pool_size=1))
        changes = [asyncio.create_task(database.write(change, number)) for number in range(MANY)]
        await asyncio.sleep(0)
        if cancelled:
            for each in changes:
                each.cancel()
        async with asyncio.timeout(20):
            await database.close()
        await asyncio.gather(*changes, return_exceptions=True)
        database = await open_database(url)
        try:
            return await database.query(made)
        finally:
            await database.close()

    assert runner.run(close_while_they_wait()) == MANY
    server.drop(url)
