"""Measure how many events are delivered to webhooks in a second, and what the delivery costs concurrent writes.

Run: ``PYTHONPATH=tests python benchmarks/webhooks.py [--postgresql]``. A receiver in a process of its own answers each
request at once. ``cartograph webhooks deliver`` sends the events of a history that is there when it starts: those of
3,000 sessions to ten webhooks, then to one. After that ``cartograph serve`` takes 200 writes a second, for some seconds
without and for some seconds with ten webhooks that another process delivers, in turns.
"""

import argparse
import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import httpx
from databases import Address
from servers import CARTOGRAPH, run_server
from sqlalchemy import Connection, delete, func, select
from stores import Server as PostgresServer

from db import migrations
from db.domain.commands import CreateApplication, CreateKey, CreateSession
from db.domain.webhook import CreateWebhook
from db.engine import open_database
from db.engine.database import Database
from db.operations.applications import create_application
from db.operations.keys import create_key
from db.operations.outcome import Actor
from db.operations.sessions import create_session
from db.operations.webhooks import create_webhook
from db.repository.core import EVENT, WEBHOOK
from graphql_api.webhooks.document import DEFAULT

SESSIONS = 3_000
WEBHOOKS = 10
ROUNDS = 3
NETWORKS = {"CARTOGRAPH_WEBHOOK_NETWORKS": "127.0.0.0/8"}
ACTOR = Actor("benchmark", "benchmark000")
MAX_ID = 2**63 - 1
UPSERT = """mutation($input: UpsertSessionInput!) {
  upsertSession(input: $input) { session { version } errors { message } }
}"""
RECEIVER = """
import asyncio, sys
class Receiver(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.left, self.head = transport, 0, b""
    def data_received(self, data):
        while data:
            if self.left:
                taken = min(self.left, len(data))
                self.left -= taken
                data = data[taken:]
            else:
                self.head += data
                end = self.head.find(b"\\r\\n\\r\\n")
                if end < 0:
                    return
                lower = self.head[:end].lower()
                start = lower.index(b"content-length:") + 15
                self.left = int(lower[start:].split(b"\\r\\n")[0])
                data, self.head = self.head[end + 4:], b""
                taken = min(self.left, len(data))
                self.left -= taken
                data = data[taken:]
            if not self.left:
                self.transport.write(b"HTTP/1.1 204 No Content\\r\\n\\r\\n")
async def main():
    import uvloop
    server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
import uvloop
uvloop.run(main())
"""


@asynccontextmanager
async def receiver() -> AsyncIterator[str]:
    """Run the receiver and yield its URL."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", RECEIVER, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout
        port = int(await process.stdout.readline())
        yield f"http://127.0.0.1:{port}/events"
    finally:
        process.kill()
        await process.wait()


@asynccontextmanager
async def delivering(url: str) -> AsyncIterator[Process]:
    """Run ``cartograph webhooks deliver``."""
    environment = {**os.environ, **NETWORKS, "CARTOGRAPH_DATABASE_URL": url, "CARTOGRAPH_LOG_LEVEL": "warning"}
    command = (sys.executable, "-m", "graphql_api", "webhooks", "deliver")
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=DEVNULL)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()


def fill(connection: Connection) -> str:
    """Create an application, a key and sessions. Returns the key."""
    migrations.upgrade(connection)
    now = datetime.now(UTC)
    create_application(connection, CreateApplication(name="Shop", currency="EUR"), now)
    for number in range(SESSIONS):
        command = CreateSession(application_id=1, integration_id=f"session-{number}")
        create_session(connection, ACTOR, command, now)
    return create_key(connection, CreateKey(application_id=1, name="benchmark", role="writer"), now).secret


def add_webhooks(connection: Connection, url: str, number: int, after_id: int | None) -> None:
    """Replace all webhooks by new ones."""
    connection.execute(delete(WEBHOOK))
    for _ in range(number):
        command = CreateWebhook(application_id=1, url=url, document=DEFAULT, after_id=after_id)
        create_webhook(connection, ACTOR, command, datetime.now(UTC), settled_id=MAX_ID)


def places(connection: Connection) -> tuple[int, int, int]:
    """Return the least and the greatest place, and the ID of the last event."""
    least, greatest = connection.execute(select(func.min(WEBHOOK.c.after_id), func.max(WEBHOOK.c.after_id))).one()
    last = connection.execute(select(func.max(EVENT.c.id))).scalar_one()
    return least, greatest, last


async def measure_deliveries(database: Database, url: str, to: str, number: int) -> float:
    """Return the deliveries in a second, from the first acknowledgement to the last."""
    await database.write(add_webhooks, to, number, 0)
    async with delivering(url):
        began = None
        while True:
            least, greatest, last = await database.query(places)
            if greatest and began is None:
                began, done = perf_counter(), await database.query(delivered)
            if least == last:
                break
            await asyncio.sleep(0.02)
        assert began is not None
        return (SESSIONS * number - done) / (perf_counter() - began)


def delivered(connection: Connection) -> int:
    """Return how many events all webhooks have passed."""
    places = connection.execute(select(WEBHOOK.c.after_id)).scalars().all()
    first = connection.execute(select(func.min(EVENT.c.id))).scalar_one()
    return sum(max(place - first + 1, 0) for place in places)


async def measure_writes(client: httpx.AsyncClient, url: str, key: str, rate: int, seconds: float) -> list[float]:
    """Return the latencies of writes that begin at a constant rate, in seconds."""
    latencies: list[float] = []

    async def write(number: int, due: float) -> None:
        await asyncio.sleep(max(due - perf_counter(), 0))
        body = {
            "query": UPSERT,
            "variables": {"input": {"integrationId": f"session-{number % SESSIONS}", "coupon": f"{perf_counter()}"}},
        }
        began = perf_counter()
        answer: Any = (await client.post(url, json=body, headers={"Authorization": f"Bearer {key}"})).json()
        latencies.append(perf_counter() - began)
        assert answer["data"]["upsertSession"]["errors"] == [], answer

    start = perf_counter() + 0.5
    number = int(rate * seconds)
    await asyncio.gather(*(write(each, start + each / rate) for each in range(number)))
    return latencies


async def run(url: str, log: Path, rate: int, seconds: float) -> None:
    """Print all measurements."""
    database = await open_database(url)
    try:
        key = await database.write(fill)
        async with receiver() as to:
            for number in (WEBHOOKS, 1):
                found = await measure_deliveries(database, url, to, number)
                print(f"{found:,.0f} deliveries a second over {number} webhook{'s' if number > 1 else ''}")  # noqa: T201
            with_, without = [], []
            with serve(url, log) as graphql_url:
                limits = httpx.Limits(max_connections=64, keepalive_expiry=2)
                async with httpx.AsyncClient(trust_env=False, limits=limits, timeout=30) as client:
                    await measure_writes(client, graphql_url, key, rate, 2)
                    for _ in range(ROUNDS):
                        await database.write(add_webhooks, to, 0, None)
                        without.append(await measure_writes(client, graphql_url, key, rate, seconds))
                        await database.write(add_webhooks, to, WEBHOOKS, None)
                        async with delivering(url):
                            await asyncio.sleep(6)  # until it has taken all leases
                            with_.append(await measure_writes(client, graphql_url, key, rate, seconds))
                            least, _, last = await database.query(places)
            print(f"writes without deliveries: {summary(without)}")  # noqa: T201
            print(f"writes with deliveries:    {summary(with_)}; {last - least} events behind at the end")  # noqa: T201
            ratio = median(p95(a) / p95(b) for a, b in zip(with_, without, strict=True))
            print(f"p95 with deliveries: {ratio:.2f} times that without (median of {ROUNDS} rounds)")  # noqa: T201
    finally:
        await database.close()


@contextmanager
def serve(url: str, log: Path) -> Iterator[str]:
    """Serve the API without deliveries; yield its URL."""
    command = ("env", "CARTOGRAPH_WEBHOOKS=false", *CARTOGRAPH.command)
    with run_server(replace(CARTOGRAPH, command=command), Address(url, url), log) as server:
        yield server.url


def p95(latencies: list[float]) -> float:
    """Return the 95th percentile."""
    return quantiles(latencies, n=20)[-1]


def summary(rounds: list[list[float]]) -> str:
    """Return the median and the 95th percentile, each the median of the rounds."""
    middle, high = median(map(median, rounds)), median(map(p95, rounds))
    return f"median {1_000 * middle:.1f} ms, p95 {1_000 * high:.1f} ms"


def main() -> None:
    """Run the benchmark on one database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgresql", action="store_true", help="measure on PostgreSQL instead of SQLite")
    parser.add_argument("--rate", type=int, default=200, help="writes a second")
    parser.add_argument("--seconds", type=float, default=8, help="seconds of writes in each round")
    options = parser.parse_args()
    with TemporaryDirectory() as folder, ExitStack() as opened:
        url = f"sqlite+aiosqlite:///{folder}/cartograph.db"
        if options.postgresql:
            server = PostgresServer(fsync="on")
            opened.callback(server.close)
            url = server.empty()
        asyncio.run(run(url, Path(folder), options.rate, options.seconds))


if __name__ == "__main__":
    main()
