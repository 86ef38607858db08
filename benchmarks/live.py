"""Measure the memory of open subscriptions, and the latency from a change to its subscribers.

Run: ``PYTHONPATH=tests python benchmarks/live.py``. It starts ``cartograph serve`` as one process on a new SQLite
database, opens a WebSocket for each subscription, makes changes at a constant rate, and prints the measurements.
Latency is the time from sending the mutation until a subscriber has received the event. It includes the mutation and
the work of this client, which runs on the same machine.
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
from databases import Address
from servers import CARTOGRAPH, Server, run_server
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from db import migrations
from db.domain.commands import CreateApplication, CreateKey
from db.engine import open_database
from db.operations.applications import create_application
from db.operations.keys import create_key

PROTOCOL = Subprotocol("graphql-transport-ws")
CONCURRENT_HANDSHAKES = 50
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
    """The parameters and measurements of a run.

    ``sent`` has the time of each change by session and version; ``latencies`` are seconds, one for each event.
    """

    subscriptions: int
    feeds: int
    sessions: int
    rate: int
    seconds: int
    sent: dict[tuple[str, int], float] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    out_of_order: int = 0

    def expected(self) -> int:
        """Return how many events all subscribers receive together."""
        watchers = [0] * self.sessions
        for number in range(self.subscriptions - self.feeds):
            watchers[number % self.sessions] += 1
        changes = self.rate * self.seconds
        return sum(watchers[number % self.sessions] + self.feeds for number in range(changes))


async def subscribe(run: Run, url: str, key: str, number: int, handshakes: asyncio.Semaphore) -> asyncio.Task[None]:
    """Open a WebSocket with one subscription. Returns the task that receives its events."""
    async with handshakes:
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
    """Receive events, and count those whose version does not follow the previous one."""
    last: dict[str, int] = {}
    async for text in connection:
        now = perf_counter()
        (result,) = json.loads(text)["payload"]["data"].values()
        event = result.get("node", result)
        name, version = event["session"]["integrationId"], event["version"]
        run.out_of_order += name in last and version != last[name] + 1
        last[name] = version
        run.latencies.append(now - run.sent[name, version])


async def change(run: Run, client: httpx.AsyncClient, number: int, rounds: int) -> None:
    """Change a session. The new version is known beforehand, since there are no other writers."""
    name = f"s{number % run.sessions}"
    run.sent[name, rounds + number // run.sessions] = perf_counter()
    body = {"query": CHANGE, "variables": {"input": {"integrationId": name, "coupon": f"c{number}-{rounds}"}}}
    answer = (await client.post("/graphql", json=body)).json()
    assert answer["data"]["upsertSession"]["errors"] == [], answer


async def measure(run: Run, url: str, key: str, server: Server) -> dict[str, Any]:
    """Subscribe, make the changes, and wait until all events have arrived."""
    limits = httpx.Limits(max_connections=32)
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, limits=limits, trust_env=False, timeout=60) as client:
        await asyncio.gather(*(change(run, client, number, 1) for number in range(run.sessions)))
        empty = server.resident()
        handshakes = asyncio.Semaphore(CONCURRENT_HANDSHAKES)
        listening = await asyncio.gather(
            *(subscribe(run, url, key, number, handshakes) for number in range(run.subscriptions))
        )
        await asyncio.sleep(1)  # the protocol does not acknowledge a subscription
        before, began, changing = cpu(server.process.pid), perf_counter(), []
        for number in range(run.rate * run.seconds):
            await asyncio.sleep(max(0, began + number / run.rate - perf_counter()))
            changing.append(asyncio.create_task(change(run, client, number, 2)))
        await asyncio.gather(*changing)
        took = perf_counter() - began
        async with asyncio.timeout(60):
            while len(run.latencies) < run.expected():  # noqa: ASYNC110  # polling is exact enough here
                await asyncio.sleep(0.05)
        spent = cpu(server.process.pid) - before
        resident = server.resident()
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
    latencies = sorted(run.latencies)
    return {
        "subscriptions": run.subscriptions,
        "of all sessions": run.feeds,
        "sessions": run.sessions,
        "changes per second": round(run.rate * run.seconds / took, 1),
        "events received": len(latencies),
        "events out of order": run.out_of_order,
        "milliseconds, p50": milliseconds(latencies, 0.5),
        "milliseconds, p99": milliseconds(latencies, 0.99),
        "milliseconds, maximum": milliseconds(latencies, 1),
        "MB before": round(empty / 1e6),
        "MB after": round(resident / 1e6),
        "share of a core": round(spent / took, 2),
    }


def milliseconds(latencies: Sequence[float], share: float) -> float:
    """Return a percentile of sorted latencies, in milliseconds."""
    return round(latencies[min(int(len(latencies) * share), len(latencies) - 1)] * 1_000, 1)


def cpu(process: int) -> float:
    """Return the CPU seconds that a process has used."""
    user, system = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / TICKS


async def seed(url: str) -> str:
    """Create the tables, an application and a key. Returns the key."""
    database = await open_database(url)
    now = datetime.now(UTC)
    await database.write(migrations.upgrade)
    application_id = await database.write(create_application, CreateApplication(name="Shop", currency="EUR"), now)
    command = CreateKey(application_id=application_id, name="Load", role="writer")
    key = await database.write(create_key, command, now)
    await database.close()
    return key.secret


def main() -> None:
    """Start a server, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subscriptions", type=int, default=1_000)
    parser.add_argument("--feeds", type=int, default=20, help="subscriptions to all sessions, out of --subscriptions")
    parser.add_argument("--sessions", type=int, default=490)
    parser.add_argument("--rate", type=int, default=100, help="changes per second")
    parser.add_argument("--seconds", type=int, default=20)
    run = Run(**vars(parser.parse_args()))
    with TemporaryDirectory() as directory:
        path = f"{directory}/cartograph.db"
        address = Address(f"sqlite+aiosqlite:///{path}", path)
        key = asyncio.run(seed(address.url))
        with run_server(CARTOGRAPH, address, Path(directory)) as server:
            found = asyncio.run(measure(run, server.url.removesuffix("/graphql"), key, server))
    for name, value in found.items():
        sys.stdout.write(f"{name:>20}  {value}\n")


if __name__ == "__main__":
    main()
