"""Time one session and pages of each filter in a small and in a large table.

It creates both databases, reads the first, the last and a middle page of each order, and prints the median time of the
slowest page. Times should be about equal in both tables.
"""

import argparse
import asyncio
import re
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import httpx
from sqlalchemy import Connection, text
from stores import Files, Server

from db import migrations
from db.domain.commands import CreateApplication, CreateKey
from db.engine import open_database
from db.engine.options import ServerOptions
from db.migrations.partitions import partition
from db.operations.applications import create_application
from db.operations.keys import create_key
from graphql_api.app import create_app
from graphql_api.settings import Settings

SMALL = 10_000
ROUNDS = 5
FILL_TIMEOUT = 3_600.0  # seconds for a statement that fills a table
OPENED = 1_767_225_600  # 2026-01-01; the sessions are a second apart
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT CAST(1 AS bigint) UNION ALL SELECT i + 1 FROM n WHERE i < :size)"
TIMESTAMPS = {  # seconds after OPENED
    "sqlite": "strftime('%Y-%m-%dT%H:%M:%S.000Z', \\1 + :opened, 'unixepoch')",
    "postgresql": "to_timestamp(\\1 + :opened)",
}
ONE = """query ($id: String!) {
  customerSession(integrationId: $id) { integrationId state total created cartItems { sku quantity price } }
}"""
PAGE = """query (
  $filter: CustomerSessionFilter, $order: CustomerSessionOrder, $first: Int, $last: Int, $after: String
) {
  customerSessions(first: $first, last: $last, filter: $filter, orderBy: $order, after: $after) {
    nodes { integrationId state total created cartItems { sku quantity price } }
    pageInfo { hasNextPage endCursor }
  }
}"""
COUNT = "query ($filter: CustomerSessionFilter) { customerSessions(filter: $filter) { totalCount } }"

# SQL for both databases; at(seconds) is replaced by TIMESTAMPS.
ROWS = (
    f"""INSERT INTO customer_profile (application_id, integration_id, created, updated, attributes,
        closed_sessions, sales_whole, sales_fraction)
    {NUMBERS} SELECT 1, 'customer-' || i, at(0), at(0), '{{}}', 0, 0, 0 FROM n WHERE i <= :size / 10""",  # noqa: S608 (the parts are constants)
    f"""INSERT INTO customer_session (application_id, id, integration_id, profile_id, state, version, first_session,
        minor_digits, total, discount_total, returned_total, created, updated, closed, cancelled, coupon, referral,
        attributes)
    {NUMBERS} SELECT 1, i, 'session-' || i, 'customer-' || (i % (:size / 10) + 1),
        CASE WHEN i % (:size / 50) = 0 THEN 'cancelled' WHEN i % 3 = 0 THEN 'closed' ELSE 'open' END,
        1, i % 10 = 0, 2, i * 7919 % 1000003 * 10000, 0, 0, at(i), at(i + i * 7919 % 1000),
        CASE WHEN i % (:size / 50) <> 0 AND i % 3 = 0 THEN at(i + 60) END,
        CASE WHEN i % (:size / 50) = 0 THEN at(i) END,
        CASE WHEN i % (:size / 50) = 1 THEN 'RARE' WHEN i % 2 = 0 THEN 'DENSE' END,
        CASE WHEN i % (:size / 50) = 1 THEN 'RARE' WHEN i % 2 = 0 THEN 'DENSE' END, '{{}}' FROM n""",  # noqa: S608 (the parts are constants)
    f"""INSERT INTO cart_item (application_id, session_id, position, id, sku, quantity, returned_quantity, price,
        discount_share, returned_total, attributes)
    {NUMBERS}, line(place) AS (VALUES (0), (1), (2), (3), (4))
    SELECT 1, i, place, 'line-' || i || '-' || place,
        CASE WHEN place = 4 THEN 'rare-' || (i % (:size / 50)) ELSE 'sku-' || ((i + place) % 10) END,
        1, 0, 10000, 0, 0, '{{}}' FROM n, line""",  # noqa: S608 (the parts are constants)
    f"""INSERT INTO session_identifier (application_id, session_id, position, identifier)
    {NUMBERS} SELECT 1, i, 0, CASE WHEN i % 2 = 1 THEN 'web' ELSE 'rare-' || (i % (:size / 50)) END FROM n""",  # noqa: S608 (the parts are constants)
)


def fill(connection: Connection, size: int) -> None:
    """Insert sessions of five lines for application 1, which exists."""
    dialect = connection.dialect.name
    if dialect == "postgresql":
        connection.execute(text("SET LOCAL session_replication_role = replica"))  # skips the checks of foreign keys
    for statement in ROWS:
        sql = re.sub(r"\bat\(([^()]*)\)", TIMESTAMPS[dialect], statement)
        connection.execute(text(sql), {"size": size, "opened": OPENED})
    connection.execute(text("ANALYZE"))


Filter = dict[str, object]
MakeFilter = Callable[[int], Filter]  # from the number of sessions


def moment(seconds: float) -> str:
    """Return the time so many seconds after OPENED."""
    return datetime.fromtimestamp(OPENED + int(seconds), UTC).isoformat()


def value(field: str, *values: object) -> MakeFilter:
    """Return a filter for these values of a field."""
    return lambda size: {field: values}


def span(field: str, start: float, seconds: int | None = None) -> MakeFilter:
    """Return a filter for times from a fraction of the table on; without ``seconds`` it has no upper bound."""

    def make(size: int) -> Filter:
        first = size * start
        return {field: {"from": moment(first), **({} if seconds is None else {"to": moment(first + seconds)})}}

    return make


def both(*filters: MakeFilter) -> MakeFilter:
    """Combine filters."""
    return lambda size: {name: condition for each in filters for name, condition in each(size).items()}


FILTERS: Mapping[str, MakeFilter] = {
    "none": lambda size: {},
    "states: dense": value("states", "OPEN"),
    "states: rare": value("states", "CANCELLED"),
    "states: two": value("states", "OPEN", "CANCELLED"),
    "profileIds": value("profileIds", "customer-77"),
    "profileIds: two": value("profileIds", "customer-77", "customer-78"),
    "coupons: dense": value("coupons", "DENSE"),
    "coupons: rare": value("coupons", "RARE"),
    "coupons: two": value("coupons", "DENSE", "RARE"),
    "referrals: dense": value("referrals", "DENSE"),
    "referrals: rare": value("referrals", "RARE"),
    "identifiers: dense": value("identifiers", "web"),
    "identifiers: rare": value("identifiers", "rare-2"),
    "identifiers: two": value("identifiers", "web", "rare-2"),
    "skus: dense": value("skus", "sku-1"),
    "skus: rare": value("skus", "rare-7"),
    "skus: two": value("skus", "sku-1", "rare-7"),
    "integrationIdPrefix: dense": lambda size: {"integrationIdPrefix": "session-1"},
    "integrationIdPrefix: rare": lambda size: {"integrationIdPrefix": f"session-{size // 10 - 1}"},
    "firstSession: dense": lambda size: {"firstSession": False},
    "created: dense": span("created", 0.1),
    "created: rare": span("created", 0.5, 50),
    "updated: dense": span("updated", 0.1),
    "updated: rare": span("updated", 0.5, 50),
    "closed: dense": span("closed", 0.1),
    "closed: rare": span("closed", 0.5, 50),
    "total: dense": lambda size: {"total": {"min": "500000"}},
    "total: rare": lambda size: {"total": {"min": "0", "max": str(50_000_000 // size)}},
    "skus and identifiers: dense": both(value("skus", "sku-1"), value("identifiers", "web")),
    "skus: dense, coupons: rare": both(value("skus", "sku-1"), value("coupons", "RARE")),
    "coupons: dense, closed: dense": both(value("coupons", "DENSE"), span("closed", 0.1)),
}
MIDDLE: Mapping[str, MakeFilter] = {  # for each order, a filter whose first session is in the middle of the table
    "CREATED": span("created", 0.5),
    "UPDATED": span("updated", 0.5),
    "TOTAL": lambda size: {"total": {"min": "500000"}},
    "INTEGRATION_ID": lambda size: {"integrationIdPrefix": "session-5"},
}


@dataclass(frozen=True)
class Timing:
    """Milliseconds of the count and of the slowest page, and the name of that page."""

    count: float
    page: float
    slowest: str


async def create(url: str, size: int, partitions: int | None) -> str:
    """Fill an empty database with sessions. Returns a READER key."""
    database = await open_database(url, ServerOptions(statement_timeout=FILL_TIMEOUT))
    opened = datetime.fromtimestamp(OPENED, UTC)
    await database.write(migrations.upgrade)
    if partitions:
        await database.write(partition, partitions)
    await database.write(create_application, CreateApplication(name="Scale", currency="EUR"), opened)
    key = await database.write(create_key, CreateKey(application_id=1, name="Scale", role="reader"), opened)
    await database.write(fill, size)
    await database.close()
    return key.secret


async def measure(url: str, size: int, partitions: int | None) -> tuple[float, dict[str, Timing]]:
    """Time one session, in milliseconds, and each filter."""
    key = await create(url, size, partitions)
    app = create_app(Settings(database_url=url))
    transport = httpx.ASGITransport(app)
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://scale.test", headers=headers, timeout=600) as client,
    ):
        timer = Timer(client)
        one = await timer.time(ONE, {"id": f"session-{size // 2}"})
        pages = {name: page async for name, page in timer.pages(size)}
        return one, {name: await timer.time_filter(make_filter(size), pages) for name, make_filter in FILTERS.items()}


@dataclass(frozen=True)
class Timer:
    """Times requests to the API."""

    client: httpx.AsyncClient

    async def pages(self, size: int) -> AsyncIterator[tuple[str, Filter]]:
        """Yield the variables of the first, the last and a middle page of each order, by name."""
        for (field, middle), direction in product(MIDDLE.items(), ("ASC", "DESC")):
            order = {"field": field, "direction": direction}
            one = {"first": 1} if direction == "ASC" else {"last": 1}
            found = await self.answer(PAGE, {"filter": middle(size), "order": order, **one})
            after = found["customerSessions"]["pageInfo"]["endCursor"]
            yield f"the first by {field} {direction}", {"order": order, "first": 20}
            yield f"the last by {field} {direction}", {"order": order, "last": 20}
            yield f"in the middle by {field} {direction}", {"order": order, "first": 20, "after": after}

    async def time_filter(self, filter: Filter, pages: Mapping[str, Filter]) -> Timing:
        """Time the count and all pages of a filter."""
        times = {name: await self.time(PAGE, {"filter": filter, **page}) for name, page in pages.items()}
        slowest = max(times, key=times.__getitem__)
        return Timing(await self.time(COUNT, {"filter": filter}), times[slowest], slowest)

    async def time(self, document: str, variables: Filter) -> float:
        """Return the median time of a request, in milliseconds."""
        times = []
        for _ in range(ROUNDS):
            start = perf_counter()
            await self.answer(document, variables)
            times.append(perf_counter() - start)
        return 1_000 * median(times)

    async def answer(self, document: str, variables: Filter) -> Any:
        """Send a request and return its data."""
        response = await self.client.post("/graphql", json={"query": document, "variables": variables})
        answer = response.json()
        assert answer.get("errors") is None, response.text
        return answer["data"]


def main() -> None:
    """Measure both tables and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("size", nargs="?", type=int, default=1_000_000, help="sessions in the large table")
    parser.add_argument("--postgresql", action="store_true", help="start a PostgreSQL server; the default is SQLite")
    parser.add_argument("--partitions", type=int, help="number of partitions of PostgreSQL's tables")
    arguments = parser.parse_args()
    with (
        TemporaryDirectory() as directory,
        closing(Server() if arguments.postgresql else Files(Path(directory))) as store,
    ):
        sizes = (SMALL, arguments.size)
        (small, small_timings), (large, large_timings) = (
            asyncio.run(measure(store.empty(), size, arguments.partitions)) for size in sizes
        )
    write = sys.stdout.write
    columns = [f"{name}, of {size:,}" for name in ("slowest page", "totalCount") for size in sizes]
    write(f"| filter | {' | '.join(columns)} | the slowest page |\n|---|--:|--:|--:|--:|---|\n")
    write(f"| one session by its ID | {small:.1f} ms | {large:.1f} ms | | | |\n")
    for name, in_small in small_timings.items():
        in_large = large_timings[name]
        times = (in_small.page, in_large.page, in_small.count, in_large.count)
        write(f"| {name} | {' | '.join(f'{time:.1f} ms' for time in times)} | {in_large.slowest} |\n")


if __name__ == "__main__":
    main()
