"""What open subscriptions take: memory, and the time from a change to its subscribers.

Run by hand (``PYTHONPATH=tests python benchmarks/live.py``): it starts ``cartograph serve`` as one process on a
database of its own, opens a socket for each subscription, makes so many changes a second for a while, and prints what
came of it. A time is measured from when the change is asked for to when a subscriber has the event, so that the change
itself and the work of this client, which shares the machine, are in it.
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import httpx
from databases import Place
from servers import OURS, Server, served
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from db import migrations
from db.domain.commands import CreateApplication, CreateKey
from db.engine import open_database
from db.operations.applications import create_application
from db.operations.keys import create_key

PROTOCOL = Subprotocol("graphql-transport-ws")
OPENED_AT_ONCE = 50
TICKS = os.sysconf("SC_CLK_TCK")

ONE = """subscription($name: String!) {
  customerSessionChanged(integrationId: $name) {
    version occurred session { integrationId state total coupon cartItems { sku quantity price } }
  }
}"""
ALL = """subscription {
  sessionEvents { cursor node { version occurred session { integrationId state total coupon } } }
}"""
CHANGE = """mutation($input: UpsertSessionInput!) {
  upsertSession(input: $input) { session { version } errors { message } }
}"""


@dataclass
class Run:
    """What is asked of the server, and what has come of it so far."""

    subscriptions: int
    feeds: int
    sessions: int
    rate: int
    seconds: int
    asked: dict[tuple[str, int], float] = field(default_factory=dict)
    taken: list[float] = field(default_factory=list)
    wrong: int = 0

    def expected(self) -> int:
        """How many events all subscribers are to be told together."""
        watchers = [0] * self.sessions
        for number in range(self.subscriptions - self.feeds):
            watchers[number % self.sessions] += 1
        changes = self.rate * self.seconds
        return sum(watchers[number % self.sessions] + self.feeds for number in range(changes))


async def subscribe(run: Run, url: str, key: str, number: int, opened: asyncio.Semaphore) -> asyncio.Task[None]:
    """Open one socket with one subscription. Answers the task that takes what it is told."""
    async with opened:
        connection = await connect(
            f"{url.replace('http', 'ws')}/graphql", subprotocols=[PROTOCOL], proxy=None, compression=None
        )
        await connection.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {key}"}}))
        await connection.recv()
        query, variables = (
            (ALL, {}) if number < run.feeds else (ONE, {"name": f"s{(number - run.feeds) % run.sessions}"})
        )
        payload = {"query": query, "variables": variables}
        await connection.send(json.dumps({"type": "subscribe", "id": "1", "payload": payload}))
    return asyncio.create_task(listen(run, connection))


async def listen(run: Run, connection: ClientConnection) -> None:
    """Take what comes; versions have to follow each other."""
    last: dict[str, int] = {}
    async for text in connection:
        now = perf_counter()
        (told,) = json.loads(text)["payload"]["data"].values()
        event = told.get("node", told)
        name, version = event["session"]["integrationId"], event["version"]
        run.wrong += name in last and version != last[name] + 1
        last[name] = version
        run.taken.append(now - run.asked[name, version])


async def change(run: Run, client: httpx.AsyncClient, number: int, rounds: int) -> None:
    """One change of one session; its version is known before it is answered, since nobody else changes it."""
    name = f"s{number % run.sessions}"
    run.asked[name, rounds + number // run.sessions] = perf_counter()
    body = {"query": CHANGE, "variables": {"input": {"integrationId": name, "coupon": f"c{number}-{rounds}"}}}
    answer = (await client.post("/graphql", json=body)).json()
    assert answer["data"]["upsertSession"]["errors"] == [], answer


async def measure(run: Run, url: str, key: str, server: Server) -> dict[str, Any]:
    """Subscribe, change, and wait until all have been told."""
    limits = httpx.Limits(max_connections=32)
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, limits=limits, trust_env=False, timeout=60) as client:
        await asyncio.gather(*(change(run, client, number, 1) for number in range(run.sessions)))
        empty = server.resident()
        opened = asyncio.Semaphore(OPENED_AT_ONCE)
        listening = await asyncio.gather(
            *(subscribe(run, url, key, number, opened) for number in range(run.subscriptions))
        )
        await asyncio.sleep(1)  # nobody tells when a subscription has begun
        before, began, changing = cpu(server.process.pid), perf_counter(), []
        for number in range(run.rate * run.seconds):
            await asyncio.sleep(max(0, began + number / run.rate - perf_counter()))
            changing.append(asyncio.create_task(change(run, client, number, 2)))
        await asyncio.gather(*changing)
        took = perf_counter() - began
        async with asyncio.timeout(60):
            while len(run.taken) < run.expected():  # noqa: ASYNC110  # it is not worth an event
                await asyncio.sleep(0.05)
        spent = cpu(server.process.pid) - before
        held = server.resident()
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
    taken = sorted(run.taken)
    return {
        "subscriptions": run.subscriptions,
        "of all sessions": run.feeds,
        "sessions": run.sessions,
        "changes a second": round(run.rate * run.seconds / took, 1),
        "events told": len(taken),
        "told out of order": run.wrong,
        "milliseconds, p50": milliseconds(taken, 0.5),
        "milliseconds, p99": milliseconds(taken, 0.99),
        "milliseconds, most": milliseconds(taken, 1),
        "MB before": round(empty / 1e6),
        "MB after": round(held / 1e6),
        "share of a core": round(spent / took, 2),
    }


def milliseconds(taken: Sequence[float], share: float) -> float:
    """The time within which a share of the events has been told."""
    return round(taken[min(int(len(taken) * share), len(taken) - 1)] * 1_000, 1)


def cpu(process: int) -> float:
    """The seconds of a processor that a process has spent."""
    user, system = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / TICKS


async def furnish(url: str) -> str:
    """Make the tables, an application and a key. Answers the key."""
    database = await open_database(url)
    now = datetime.now(UTC)
    await database.write(migrations.upgrade)
    application_id = await database.write(create_application, CreateApplication(name="Shop", currency="EUR"), now)
    command = CreateKey(application_id=application_id, name="Load", role="writer")
    key = await database.write(create_key, command, now)
    await database.close()
    return key.secret


def main() -> None:
    """Serve, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subscriptions", type=int, default=1_000)
    parser.add_argument("--feeds", type=int, default=20, help="how many of them are of all sessions")
    parser.add_argument("--sessions", type=int, default=490)
    parser.add_argument("--rate", type=int, default=100, help="changes a second")
    parser.add_argument("--seconds", type=int, default=20)
    run = Run(**vars(parser.parse_args()))
    with TemporaryDirectory() as directory:
        path = f"{directory}/cartograph.db"
        place = Place(f"sqlite+aiosqlite:///{path}", path)
        key = asyncio.run(furnish(place.url))
        with served(OURS, place, Path(directory)) as server:
            found = asyncio.run(measure(run, server.url.removesuffix("/graphql"), key, server))
    for name, value in found.items():
        sys.stdout.write(f"{name:>20}  {value}\n")


if __name__ == "__main__":
    main()
