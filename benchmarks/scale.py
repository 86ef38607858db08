"""What a session and the pages of each filter take in a small table and in a large one.

Run by hand: it makes both databases, asks for pages at both ends and in the middle of each order, and prints the median
time of the slowest of them. It should take about as long in both tables.
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
LONG_ENOUGH = 3_600.0  # seconds, for the statements that fill a table
OPENED = 1_767_225_600  # 2026-01-01; the sessions are a second apart
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT CAST(1 AS bigint) UNION ALL SELECT i + 1 FROM n WHERE i < :size)"
MOMENTS = {  # so many seconds after the opening
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

# In SQL that both databases take; a moment is written as MOMENTS says.
ROWS = (
    f"""INSERT INTO customer_profile (application_id, integration_id, created, updated, attributes,
        closed_sessions, sales_whole, sales_fraction)
    {NUMBERS} SELECT 1, 'customer-' || i, at(0), at(0), '{{}}', 0, 0, 0 FROM n WHERE i <= :size / 10""",  # noqa: S608 (the parts are our own)
    f"""INSERT INTO customer_session (application_id, id, integration_id, profile_id, state, version, first_session,
        minor_digits, total, discount_total, returned_total, created, updated, closed, cancelled, coupon, referral,
        attributes)
    {NUMBERS} SELECT 1, i, 'session-' || i, 'customer-' || (i % (:size / 10) + 1),
        CASE WHEN i % (:size / 50) = 0 THEN 'cancelled' WHEN i % 3 = 0 THEN 'closed' ELSE 'open' END,
        1, i % 10 = 0, 2, i * 7919 % 1000003 * 10000, 0, 0, at(i), at(i + i * 7919 % 1000),
        CASE WHEN i % (:size / 50) <> 0 AND i % 3 = 0 THEN at(i + 60) END,
        CASE WHEN i % (:size / 50) = 0 THEN at(i) END,
        CASE WHEN i % (:size / 50) = 1 THEN 'RARE' WHEN i % 2 = 0 THEN 'DENSE' END,
        CASE WHEN i % (:size / 50) = 1 THEN 'RARE' WHEN i % 2 = 0 THEN 'DENSE' END, '{{}}' FROM n""",  # noqa: S608 (the parts are our own)
    f"""INSERT INTO cart_item (application_id, session_id, position, sku, quantity, returned_quantity, price,
        discount_share, returned_total, attributes)
    {NUMBERS}, line(place) AS (VALUES (0), (1), (2), (3), (4))
    SELECT 1, i, place, CASE WHEN place = 4 THEN 'rare-' || (i % (:size / 50)) ELSE 'sku-' || ((i + place) % 10) END,
        1, 0, 10000, 0, 0, '{{}}' FROM n, line""",  # noqa: S608 (the parts are our own)
    f"""INSERT INTO session_identifier (application_id, session_id, position, identifier)
    {NUMBERS} SELECT 1, i, 0, CASE WHEN i % 2 = 1 THEN 'web' ELSE 'rare-' || (i % (:size / 50)) END FROM n""",  # noqa: S608 (the parts are our own)
)


def fill(connection: Connection, size: int) -> None:
    """So many sessions of five lines for application 1, which is there."""
    dialect = connection.dialect.name
    if dialect == "postgresql":
        connection.execute(text("SET LOCAL session_replication_role = replica"))  # no foreign key is looked up
    for statement in ROWS:
        written = re.sub(r"\bat\(([^()]*)\)", MOMENTS[dialect], statement)
        connection.execute(text(written), {"size": size, "opened": OPENED})
    connection.execute(text("ANALYZE"))


Filter = dict[str, object]
Filtering = Callable[[int], Filter]  # in terms of how many sessions there are


def moment(seconds: float) -> str:
    """So many seconds after the opening."""
    return datetime.fromtimestamp(OPENED + int(seconds), UTC).isoformat()


def value(field: str, *values: object) -> Filtering:
    """A filter with these values."""
    return lambda size: {field: values}


def span(field: str, start: float, seconds: int | None = None) -> Filtering:
    """A span of time that starts so far through the table; open at its end without ``seconds``."""

    def spanned(size: int) -> Filter:
        first = size * start
        return {field: {"from": moment(first), **({} if seconds is None else {"to": moment(first + seconds)})}}

    return spanned


def both(*filters: Filtering) -> Filtering:
    """Several at once."""
    return lambda size: {name: demanded for each in filters for name, demanded in each(size).items()}


FILTERS: Mapping[str, Filtering] = {
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
MIDDLE: Mapping[str, Filtering] = {  # in each order, what the session in the middle is the first of
    "CREATED": span("created", 0.5),
    "UPDATED": span("updated", 0.5),
    "TOTAL": lambda size: {"total": {"min": "500000"}},
    "INTEGRATION_ID": lambda size: {"integrationIdPrefix": "session-5"},
}


@dataclass(frozen=True)
class Taken:
    """Milliseconds; those of the slowest page, and which one it is."""

    count: float
    page: float
    slowest: str


async def make(url: str, size: int, partitions: int | None) -> str:
    """Fill an empty database with so many sessions; answers a READER key."""
    database = await open_database(url, ServerOptions(statement_timeout=LONG_ENOUGH))
    opened = datetime.fromtimestamp(OPENED, UTC)
    await database.write(migrations.upgrade)
    if partitions:
        await database.write(partition, partitions)
    await database.write(create_application, CreateApplication(name="Scale", currency="EUR"), opened)
    made = await database.write(create_key, CreateKey(application_id=1, name="Scale", role="reader"), opened)
    await database.write(fill, size)
    await database.close()
    return made.secret


async def measure(url: str, size: int, partitions: int | None) -> tuple[float, dict[str, Taken]]:
    """What one session takes, in milliseconds, and what each filter does."""
    key = await make(url, size, partitions)
    app = create_app(Settings(database_url=url))
    transport = httpx.ASGITransport(app)
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://scale.test", headers=headers, timeout=600) as client,
    ):
        asked = Asked(client)
        one = await asked.time(ONE, {"id": f"session-{size // 2}"})
        pages = {name: page async for name, page in asked.pages(size)}
        return one, {name: await asked.taken(filtering(size), pages) for name, filtering in FILTERS.items()}


@dataclass(frozen=True)
class Asked:
    """The API, and how long it takes."""

    client: httpx.AsyncClient

    async def pages(self, size: int) -> AsyncIterator[tuple[str, Filter]]:
        """The first page, the last, and one in the middle, in each order."""
        for (field, middle), direction in product(MIDDLE.items(), ("ASC", "DESC")):
            order = {"field": field, "direction": direction}
            one = {"first": 1} if direction == "ASC" else {"last": 1}
            found = await self.answer(PAGE, {"filter": middle(size), "order": order, **one})
            after = found["customerSessions"]["pageInfo"]["endCursor"]
            yield f"the first by {field} {direction}", {"order": order, "first": 20}
            yield f"the last by {field} {direction}", {"order": order, "last": 20}
            yield f"in the middle by {field} {direction}", {"order": order, "first": 20, "after": after}

    async def taken(self, filter: Filter, pages: Mapping[str, Filter]) -> Taken:
        """What a filter takes."""
        times = {name: await self.time(PAGE, {"filter": filter, **page}) for name, page in pages.items()}
        slowest = max(times, key=times.__getitem__)
        return Taken(await self.time(COUNT, {"filter": filter}), times[slowest], slowest)

    async def time(self, document: str, variables: Filter) -> float:
        """The median time of a document, in milliseconds."""
        taken = []
        for _ in range(ROUNDS):
            start = perf_counter()
            await self.answer(document, variables)
            taken.append(perf_counter() - start)
        return 1_000 * median(taken)

    async def answer(self, document: str, variables: Filter) -> Any:
        """The data."""
        response = await self.client.post("/graphql", json={"query": document, "variables": variables})
        answer = response.json()
        assert answer.get("errors") is None, response.text
        return answer["data"]


def main() -> None:
    """Both tables, and what each takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("size", nargs="?", type=int, default=1_000_000, help="sessions in the large table")
    parser.add_argument("--postgresql", action="store_true", help="on a server that is started for it")
    parser.add_argument("--partitions", type=int, help="PostgreSQL's tables in so many partitions")
    given = parser.parse_args()
    with TemporaryDirectory() as directory, closing(Server() if given.postgresql else Files(Path(directory))) as store:
        sizes = (SMALL, given.size)
        (small, of_small), (large, of_large) = (
            asyncio.run(measure(store.empty(), size, given.partitions)) for size in sizes
        )
    write = sys.stdout.write
    columns = [f"{what}, of {size:,}" for what in ("slowest page", "totalCount") for size in sizes]
    write(f"| filter | {' | '.join(columns)} | the slowest page |\n|---|--:|--:|--:|--:|---|\n")
    write(f"| one session by its ID | {small:.1f} ms | {large:.1f} ms | | | |\n")
    for name, one in of_small.items():
        other = of_large[name]
        times = (one.page, other.page, one.count, other.count)
        write(f"| {name} | {' | '.join(f'{time:.1f} ms' for time in times)} | {other.slowest} |\n")


if __name__ == "__main__":
    main()
