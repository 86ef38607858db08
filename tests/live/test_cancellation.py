"""A cancelled operation is cancelled in the database, too."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import httpx
import pytest
from api_server import Api
from sockets import PATIENCE, Running, running, until
from sqlalchemy import Connection

from db.engine.sqlite_readers import MAX_INLINE_OBJECTS, READERS

pytestmark = pytest.mark.alone

LOOKUP = '{ customerSession(integrationId: "s1") { version } }'
ENDLESS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
    "postgresql": "SELECT pg_sleep(600)::text",
}
MANY = 2 * READERS  # more reads than connections
ACTIVE = """SELECT count(*) FROM pg_stat_activity
    WHERE state = 'active' AND query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()"""


class Endless:
    """An API whose reads never end."""

    def __init__(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        self.api = api
        self._read = api.database.read
        self._dialect = api.database.dialect.name
        self._started = 0
        monkeypatch.setattr(api.database, "read", self._read_on)

    async def _read_on(self, statement: str, parameters: Any, objects: int | None) -> str | None:
        reading = asyncio.ensure_future(self._read(ENDLESS[self._dialect], {}, objects))
        await asyncio.sleep(0)  # the driver has it now
        self._started += 1
        return await reading

    async def running_reads(self, times: int) -> None:
        """Wait until so many reads are running."""
        await until(lambda: self._started >= times)
        while self._dialect == "postgresql" and await self._active() < times:  # noqa: ASYNC110  # nothing to await
            await asyncio.sleep(0.01)

    async def assert_idle(self) -> None:
        """Wait until no read is running; assert that every connection answers."""
        while self._dialect == "postgresql" and await self._active():  # noqa: ASYNC110  # as above
            await asyncio.sleep(0.01)
        await asyncio.gather(*(self._read("SELECT 'well'", {}, MAX_INLINE_OBJECTS + 1) for _ in range(MANY)))

    async def _active(self) -> int:
        def count(connection: Connection) -> int:
            return int(connection.exec_driver_sql(ACTIVE).scalar_one())

        return await self.api.database.query(count)


@pytest.fixture
def endless(serve: Callable[..., Api], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Endless]:
    """Return a function that serves such an API with given settings."""
    return lambda **settings: Endless(serve(database_pool_size=MANY + 1, **settings), monkeypatch)


def run_on_server(endless: Endless, scenario: Callable[[Running], Coroutine[Any, Any, None]]) -> None:
    """Run a scenario against a server; assert that no read is left running."""

    async def run() -> None:
        async with running(endless.api) as server, asyncio.timeout(3 * PATIENCE):
            await scenario(server)
            await endless.assert_idle()

    endless.api.runner.run(run())


def test_a_disconnect_cancels_the_query_in_the_database(endless: Callable[..., Endless]) -> None:
    slow = endless(deadline_seconds=600)

    async def scenario(server: Running) -> None:
        async with httpx.AsyncClient(base_url=f"http://{server.address}", trust_env=False, timeout=PATIENCE) as client:
            ask = partial(
                client.post,
                "/graphql",
                json={"query": LOOKUP},
                headers={"Authorization": f"Bearer {server.api.keys['reader']}"},
            )
            asked = [asyncio.create_task(ask()) for _ in range(READERS)]
            await slow.running_reads(READERS)
            for each in asked:
                each.cancel()  # closes its connection

    run_on_server(slow, scenario)


def test_complete_and_a_closed_socket_cancel_the_query_in_the_database(endless: Callable[..., Endless]) -> None:
    slow = endless(deadline_seconds=600)

    async def scenario(server: Running) -> None:
        async with server.client() as leaving, server.client() as staying:
            await leaving.start(LOOKUP)
            completed = await staying.start(LOOKUP)
            await slow.running_reads(2)
            await completed.stop()
            await leaving.connection.close()

    run_on_server(slow, scenario)


def test_a_deadline_cancels_the_query_in_the_database(endless: Callable[..., Endless]) -> None:
    slow = endless(deadline_seconds=0.3)

    async def scenario(server: Running) -> None:
        asked = await asyncio.gather(*(server.api.post({"query": LOOKUP}) for _ in range(READERS)))
        codes = [error["extensions"]["code"] for each in asked for error in each.json()["errors"]]
        assert codes == ["TIMEOUT"] * READERS

    run_on_server(slow, scenario)
