"""Several processes on one database: subscribers miss no event, even if processes are killed."""

import asyncio
import json
import os
import signal
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import httpx
import pytest
from followed import CHANGE
from process import Process, address, serving
from sockets import PATIENCE, PROTOCOL, until
from stores import Store
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from db.engine import open_database
from db.events.feed import MAX_ID
from db.events.history import ApplicationHistory
from graphql_api.settings import PREFIX

pytestmark = pytest.mark.alone

PROCESSES, WRITERS, SUBSCRIBERS, SESSIONS, CHANGES = 3, 20, 30, 12, 600

ALL = "subscription($after: String) { sessionEvents(after: $after) { cursor node { id version } } }"
ONE = """subscription($name: String!, $after: Int!) {
  customerSessionChanged(integrationId: $name, afterVersion: $after) { id version }
}"""


@dataclass
class Fleet:
    """The servers that run, by address."""

    servers: dict[str, Process]
    keys: dict[str, str]
    random: Random = field(default_factory=lambda: Random(7))  # noqa: S311  # the same in every run

    def any(self) -> str:
        """Return the address of one of the servers."""
        return self.random.choice([*self.servers])

    def kill(self) -> str:
        """Kill a server, and return its address."""
        url = self.any()
        os.killpg(self.servers.pop(url).pid, signal.SIGKILL)
        return url


@dataclass
class Subscriber:
    """A subscriber to all events, or to those of one session, which reconnects to any server and resumes."""

    fleet: Fleet
    name: str | None
    ids: list[str] = field(default_factory=list)
    version: int = 0
    cursor: str | None = None
    connections_lost: int = -1

    async def run(self) -> None:
        """Follow until cancelled, and reconnect when a connection is lost."""
        while True:
            self.connections_lost += 1
            url = self.fleet.any().replace("http", "ws")
            with suppress(ConnectionClosed, OSError):
                async with connect(f"{url}/graphql", subprotocols=[PROTOCOL], proxy=None) as connection:
                    await self.follow(connection)
            await asyncio.sleep(0.01)

    async def follow(self, connection: ClientConnection) -> None:
        """Follow over one WebSocket."""
        authorization = {"authorization": f"Bearer {self.fleet.keys['reader']}"}
        await connection.send(json.dumps({"type": "connection_init", "payload": authorization}))
        if self.name is None:
            payload = {"query": ALL, "variables": {"after": self.cursor or START}}
        else:
            payload = {"query": ONE, "variables": {"name": self.name, "after": self.version}}
        await connection.send(json.dumps({"type": "subscribe", "id": "1", "payload": payload}))
        async for text in connection:
            message = json.loads(text)
            assert message["type"] in ("connection_ack", "next"), message
            if message["type"] == "next":
                (result,) = message["payload"]["data"].values()
                self.cursor = result.get("cursor")
                event = result.get("node", result)
                self.version = event["version"]
                self.ids.append(event["id"])


START = b'["feed",1,0]'.hex()


@pytest.fixture
def database_url(store: Store, seeded: tuple[str, dict[str, str]]) -> Iterator[str]:
    """A database with two applications and keys of every role, on SQLite and on PostgreSQL."""
    url = store.copy(seeded[0])
    yield url
    store.release(url)


@pytest.fixture
def fleet(
    own_directory: Path, seeded: tuple[str, dict[str, str]], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Fleet]:
    """Three servers on one database."""
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", database_url)
    with ExitStack() as running:
        processes = [running.enter_context(serving("--port", "0")) for _ in range(PROCESSES)]
        yield Fleet({address(process): process for process in processes}, seeded[1])


async def write(fleet: Fleet, changes: Iterator[int]) -> None:
    """Send changes one after another, each to any server. A request whose server is killed is not repeated."""
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as client:
        for number in changes:
            given = {"integrationId": f"s{number % SESSIONS}", "coupon": f"c{number}"}
            body = {"query": CHANGE, "variables": {"input": given}}
            headers = {"Authorization": f"Bearer {fleet.keys['writer']}"}
            with suppress(httpx.TransportError):
                response = await client.post(f"{fleet.any()}/graphql", json=body, headers=headers)
                assert response.json()["data"]["upsertSession"]["errors"] == []


async def committed(url: str) -> tuple[list[str], dict[str, list[str]]]:
    """Return the global IDs of all events in commit order, and those of each session."""
    database = await open_database(url)
    events = await database.query(ApplicationHistory(1).events_after, 0, MAX_ID, 2 * CHANGES)
    await database.close()
    by_session = defaultdict(list)
    for event in events:
        by_session[event.integration_id].append(f"event-1-{event.session_id}-{event.version}")
    return [f"event-1-{event.session_id}-{event.version}" for event in events], by_session


def test_nothing_is_lost_nothing_comes_twice_and_nothing_out_of_order(fleet: Fleet, database_url: str) -> None:
    names = [None] * (SUBSCRIBERS // 2) + [f"s{number % SESSIONS}" for number in range(SUBSCRIBERS // 2)]
    subscribers = [Subscriber(fleet, name) for name in names]

    def numbers() -> Iterator[int]:
        for number in range(CHANGES):
            if number == CHANGES // 2:
                fleet.kill()
            yield number

    async def scenario() -> None:
        following = [asyncio.create_task(subscriber.run()) for subscriber in subscribers]
        changes = numbers()
        await asyncio.gather(*(write(fleet, changes) for _ in range(WRITERS)))
        everything, by_session = await committed(database_url)
        for subscriber, task in zip(subscribers, following, strict=True):
            expected = len(everything if subscriber.name is None else by_session[subscriber.name])
            await until(lambda: len(subscriber.ids) >= expected or task.done())  # noqa: B023  # it is awaited here
        for task in following:
            task.cancel()
        for outcome in await asyncio.gather(*following, return_exceptions=True):
            assert isinstance(outcome, asyncio.CancelledError), outcome
        assert len(everything) > CHANGES * 0.9
        for subscriber in subscribers:
            assert subscriber.ids == (everything if subscriber.name is None else by_session[subscriber.name])

    asyncio.run(scenario())
    assert any(subscriber.connections_lost for subscriber in subscribers)
    assert len(fleet.servers) == PROCESSES - 1
