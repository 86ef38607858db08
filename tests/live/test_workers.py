"""Several workers of one server, which share only the database."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from customers import Customers, versions
from sockets import Client, Operation
from stores import Store
from workers import Workers, running_workers

from graphql_api.cli import main
from graphql_api.settings import PREFIX

pytestmark = pytest.mark.alone

WORKERS = 3
ABNORMAL_CLOSURE = 1006  # the close code of a connection that was lost

SESSION = "query($id: String!) { customerSession(integrationId: $id) { version } }"
UPDATE = """mutation($input: UpdateSessionInput!) {
  changed: updateSession(input: $input) {
    session { version } replayed errors { __typename ... on VersionConflict { session { version } } }
  }
}"""
CREATE = """mutation($input: CreateSessionInput!) {
  changed: createSession(input: $input) { session { version } replayed errors { message } }
}"""
FOLLOW = "subscription($id: String!) { customerSessionChanged(integrationId: $id, afterVersion: 0) { version } }"


@dataclass
class Cluster:
    """Workers and their API keys."""

    workers: Workers
    keys: dict[str, str]
    alive: list[int]

    def run_on_server(self, scenario: Callable[[list[Client]], Coroutine[Any, Any, None]]) -> None:
        """Run a scenario with a socket to each worker."""

        async def run() -> None:
            async with self.workers.sockets(self.alive, self.keys["writer"]) as clients:
                await scenario(clients)

        asyncio.run(run())


@pytest.fixture(scope="module")
def database_url(
    store: Store, seeded: tuple[str, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The URL of a database, set in the environment."""
    url = store.copy(seeded[0])
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("workers"))
        for name in [name for name in os.environ if name.startswith(PREFIX)]:
            patch.delenv(name)
        patch.setenv(f"{PREFIX}DATABASE_URL", url)
        yield url
    store.release(url)


@pytest.fixture(scope="module")
def cluster(database_url: str, seeded: tuple[str, dict[str, str]]) -> Iterator[Cluster]:
    """A server with three workers."""
    with running_workers(WORKERS) as workers:
        yield Cluster(workers, seeded[1], workers.wait_for_workers(WORKERS))


async def version_of(client: Client, name: str) -> int:
    """Return the version of a session."""
    read = await (await client.start(SESSION, id=name)).next()
    version: int = read["customerSession"]["version"]
    return version


async def changed(operations: list[Operation]) -> list[dict[str, Any]]:
    """Return the payloads of running mutations."""
    return [(await each.next())["changed"] for each in operations]


def test_each_worker_reads_what_the_others_write(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    customers = Customers(cluster.workers.url, cluster.keys["writer"])
    asyncio.run(customers.shop(100, prefix="many "))

    async def scenario(clients: list[Client]) -> None:
        for client in clients:
            found = {name: await version_of(client, name) for name in customers.acknowledged}
            assert found == customers.acknowledged

    cluster.run_on_server(scenario)
    assert main(["check"]) == 0
    assert f"{len(customers.acknowledged)} sessions checked, 0 disagreements" in capsys.readouterr().out


def test_a_repeated_request_is_replayed_by_another_worker(cluster: Cluster) -> None:
    async def scenario(clients: list[Client]) -> None:
        asked = {"integrationId": "once", "idempotencyKey": "k"}
        answers = await changed([await client.start(CREATE, input=asked) for client in 5 * clients])
        assert Counter(each["replayed"] for each in answers) == {False: 1, True: len(answers) - 1}
        assert all(each == {**each, "session": {"version": 1}, "errors": []} for each in answers)

    cluster.run_on_server(scenario)


def test_one_of_concurrent_changes_to_a_version_succeeds(cluster: Cluster) -> None:
    async def scenario(clients: list[Client]) -> None:
        await changed([await clients[0].start(CREATE, input={"integrationId": "contended"})])
        for version in range(1, 6):
            asked = {"integrationId": "contended", "expectedVersion": version}
            coupons = [f"{version} {number}" for number in range(WORKERS)]
            changes = zip(clients, coupons, strict=True)
            answers = await changed([await client.start(UPDATE, input={**asked, "coupon": c}) for client, c in changes])
            (made,) = (each for each in answers if not each["errors"])
            assert made["session"] == {"version": version + 1}
            conflict = {"__typename": "VersionConflict", "session": {"version": version + 1}}
            assert [each["errors"] for each in answers if each != made] == [[conflict]] * (WORKERS - 1)

    cluster.run_on_server(scenario)


def test_each_worker_sends_all_events_once_and_in_order(cluster: Cluster) -> None:
    async def scenario(clients: list[Client]) -> None:
        following = [await client.start(FOLLOW, id="followed") for client in clients]
        await changed([await clients[0].start(CREATE, input={"integrationId": "followed"})])
        for number, client in enumerate(3 * clients):
            await changed([await client.start(UPDATE, input={"integrationId": "followed", "coupon": f"{number}"})])
        for each in following:
            versions = [(await each.next())["customerSessionChanged"]["version"] for _ in range(3 * WORKERS + 1)]
            assert versions == [*range(1, 3 * WORKERS + 2)]

    cluster.run_on_server(scenario)


def test_a_killed_worker_is_replaced_and_the_others_continue(cluster: Cluster) -> None:
    async def losing(clients: list[Client]) -> None:
        await changed([await clients[0].start(CREATE, input={"integrationId": "lasting"})])
        os.kill(cluster.alive[0], signal.SIGKILL)
        assert await clients[0].closed() == ABNORMAL_CLOSURE
        assert [await version_of(client, "lasting") for client in clients[1:]] == [1] * (WORKERS - 1)

    async def whole(clients: list[Client]) -> None:
        assert [await version_of(client, "lasting") for client in clients] == [1] * WORKERS

    cluster.run_on_server(losing)
    cluster.alive = cluster.workers.wait_for_workers(WORKERS + 1)[1:]
    cluster.run_on_server(whole)


def test_sigterm_stops_all_workers_and_every_request_gets_a_response(cluster: Cluster) -> None:
    with running_workers(2) as workers:
        customers = Customers(workers.url, cluster.keys["writer"])

        async def scenario() -> None:
            async with workers.sockets(workers.wait_for_workers(2), cluster.keys["reader"]) as clients:
                following = [await client.start(FOLLOW, id="nobody's") for client in clients]
                end = workers.process.terminate
                await customers.shop(1_000, lambda _: customers.changes == 100 and end(), prefix="last ")
                for each in following:
                    (error,) = await each.end()
                    assert error["extensions"] == {"code": "GOING_AWAY", "afterVersion": 0}

        asyncio.run(scenario())
        assert workers.wait() == 0
        assert "Traceback" not in workers.output
    assert 100 <= customers.changes < 1_000
    kept = {name: version for name, version in versions().items() if name.startswith("last ")}
    assert kept == customers.acknowledged
