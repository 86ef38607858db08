"""PostgreSQL hangs: reads end at their deadline, and work again afterwards."""

import asyncio
import os
import signal
import time
from collections.abc import Callable

import asyncpg
import pytest
from api_server import Api
from stores import Server, name_of

pytestmark = pytest.mark.alone

READ = '{ customerSession(integrationId: "s1") { version } }'
BACKENDS = "SELECT pid FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()"


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_reads_end_at_their_deadline_while_postgresql_hangs(serve: Callable[..., Api], server: Server) -> None:
    api = serve(deadline_seconds=0.5, database_pool_size=2)
    url = api.server.settings.database_url

    async def backends() -> list[int]:
        connection = await asyncpg.connect(host=str(server.data), user="postgres", database=name_of(url))
        try:
            return [row["pid"] for row in await connection.fetch(BACKENDS, name_of(url))]
        finally:
            await connection.close()

    async def read_all() -> list[str]:
        answers = await asyncio.gather(*(api.post({"query": READ}) for _ in range(4)))
        return [error["extensions"]["code"] for each in answers for error in each.json().get("errors", [])]

    assert api.runner.run(read_all()) == []
    stopped = api.runner.run(backends())
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        codes = api.runner.run(read_all())
        seconds = time.monotonic() - started
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    assert "TIMEOUT" in codes
    assert seconds < 2
    assert api.runner.run(read_all()) == []
