"""The API behind PgBouncer in transaction mode: no connection is anyone's for longer than a transaction."""

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from served import Api, furnish
from shop import Shop
from stores import NOBODY, Server, migrate, name_of

from db.exchange.checking import check_sessions

CREATE = "mutation($id: String!) { createSession(input: {integrationId: $id}) { session { version } } }"
READ = "query($id: String!) { customerSession(integrationId: $id) { state version events { nodes { version } } } }"
MANY = 200
PORT = 6432  # it names the socket; nothing listens on the network
SETTINGS = """
[databases]
* = host={server} user=postgres

[pgbouncer]
listen_addr =
listen_port = {port}
unix_socket_dir = {directory}
auth_type = any
pool_mode = transaction
default_pool_size = 3
"""


@pytest.fixture
def pooled(server: Server) -> Iterator[Path]:
    """The directory of a pooler's socket; fewer connections to the server than the API has to the pooler."""
    directory = server.directory / "pooler"
    directory.mkdir()
    settings = directory / "pgbouncer.ini"
    settings.write_text(SETTINGS.format(server=server.data, port=PORT, directory=directory), encoding="utf-8")
    who = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    if who:
        shutil.chown(directory, NOBODY, NOBODY)
    command = [shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin") or "pgbouncer", "-q", str(settings)]
    with subprocess.Popen(command, **who) as process:  # type: ignore[call-overload]  # noqa: S603  # options of one kind
        while not (directory / f".s.PGSQL.{PORT}").exists():
            assert process.poll() is None
            time.sleep(0.01)
        yield directory
        process.terminate()


def test_many_changes_and_reads_share_a_few_connections(runner: asyncio.Runner, server: Server, pooled: Path) -> None:
    direct = server.empty()
    runner.run(migrate(direct))
    keys = runner.run(furnish(direct))
    url = f"postgresql+asyncpg://postgres@/{name_of(direct)}?host={pooled}&port={PORT}"

    with Api(runner, url, keys, database_pooler=True, database_pool_size=10) as api:

        async def live(number: int) -> None:
            made = (await api.post({"query": CREATE, "variables": {"id": f"s{number}"}})).json()
            assert made == {**made, "data": {"createSession": {"session": {"version": 1}}}}
            read = (await api.post({"query": READ, "variables": {"id": f"s{number}"}})).json()["data"]
            assert read == {"customerSession": {"state": "OPEN", "version": 1, "events": {"nodes": [{"version": 1}]}}}

        async def all_live() -> None:
            await asyncio.gather(*map(live, range(MANY)))

        runner.run(all_live())
        shop = Shop(runner, api.database, 1)
        checked = shop.query(lambda connection: list(check_sessions(connection, 1)))
        assert (
            sum(each.sessions for each in checked),
            [each.disagreements for each in checked if each.disagreements],
        ) == (
            MANY,
            [],
        )
