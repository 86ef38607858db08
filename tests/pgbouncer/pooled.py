"""The API behind PgBouncer in transaction mode: no connection is anyone's for longer than a transaction."""

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from api_server import Api, seed
from shop import Shop
from sockets import running
from stores import NOBODY, Server, migrate, name_of

from db.events.feed import MAX_ID
from db.events.history import ApplicationHistory
from db.import_export.checking import check_sessions
from graphql_api.sql import cursors
from graphql_api.types.session_event import FEED

CREATE = "mutation($id: String!) { createSession(input: {integrationId: $id}) { session { version } } }"
READ = "query($id: String!) { customerSession(integrationId: $id) { state version events { nodes { version } } } }"
ALL = "subscription($after: String) { sessionEvents(after: $after) { cursor } }"
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


@pytest.fixture(scope="module")
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


@pytest.fixture
def behind(runner: asyncio.Runner, server: Server, pooled: Path) -> Iterator[Callable[[], Api]]:
    """Makes the API behind the pooler, on one database however many there are."""
    direct = server.empty()
    runner.run(migrate(direct))
    keys = runner.run(seed(direct))
    url = f"postgresql+asyncpg://postgres@/{name_of(direct)}?host={pooled}&port={PORT}"
    yield lambda: Api(runner, url, keys, database_pooler=True, database_pool_size=10)
    server.drop(direct)


def test_many_changes_and_reads_share_a_few_connections(behind: Callable[[], Api]) -> None:
    with behind() as api:

        async def live(number: int) -> None:
            made = (await api.post({"query": CREATE, "variables": {"id": f"s{number}"}})).json()
            assert made == {**made, "data": {"createSession": {"session": {"version": 1}}}}
            read = (await api.post({"query": READ, "variables": {"id": f"s{number}"}})).json()["data"]
            assert read == {"customerSession": {"state": "OPEN", "version": 1, "events": {"nodes": [{"version": 1}]}}}

        async def all_live() -> None:
            await asyncio.gather(*map(live, range(MANY)))

        api.runner.run(all_live())
        shop = Shop(api.runner, api.database, 1)
        checked = shop.query(lambda connection: list(check_sessions(connection, 1)))
        assert sum(each.sessions for each in checked) == MANY
        assert [each.disagreements for each in checked if each.disagreements] == []


def test_subscriptions_receive_events_of_other_processes_once_and_in_order(behind: Callable[[], Api]) -> None:
    with behind() as api, behind() as elsewhere:

        async def scenario() -> None:
            async with running(api) as server, server.client() as client:
                subscription = await client.start(ALL, after=cursors.encode(FEED, 1, 0))
                for begun in range(0, MANY, 20):
                    names = [f"s{number}" for number in range(begun, begun + 20)]
                    made = [elsewhere.post({"query": CREATE, "variables": {"id": name}}) for name in names]
                    await asyncio.gather(*made)
                received = [(await subscription.next())["sessionEvents"]["cursor"] for _ in range(MANY)]
            committed = await api.database.query(ApplicationHistory(1).events_after, 0, MAX_ID, 2 * MANY)
            assert received == [cursors.encode(FEED, 1, event.id) for event in committed]
            assert len(committed) == MANY

        api.runner.run(scenario())
