"""What a session and a page of sessions take in a small table and in a large one.

Run by hand (``python benchmarks/scale.py 1000000``): it makes both databases in a directory of its own, and prints the
median time of each in both and their ratio. Each should take at most twice as long in the large one.
"""

import argparse
import asyncio
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import httpx

from db import migrations
from db.domain.commands import CreateApplication, CreateKey
from db.engine import open_database
from db.operations import create_application, create_key
from graphql_api.app import create_app
from graphql_api.settings import Settings

SMALL = 10_000
ROUNDS = 15
OPENED = 1_767_225_600  # 2026-01-01; the sessions are a second apart
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :size)"
ONE = """query ($id: String!) {
  customerSession(integrationId: $id) { integrationId state total created cartItems { sku quantity price } }
}"""
DOCUMENT = """query ($filter: CustomerSessionFilter, $order: CustomerSessionOrder, $after: String) {
  customerSessions(first: 20, filter: $filter, orderBy: $order, after: $after) {
    nodes { integrationId state total created cartItems { sku quantity price } }
    pageInfo { hasNextPage endCursor }
  }
}"""

WALK = "query ($after: String) { customerSessions(first: 100, after: $after) { pageInfo { endCursor } } }"


def at(seconds: str) -> str:
    """So many seconds after the opening, in SQL."""
    return f"strftime('%Y-%m-%dT%H:%M:%S.000Z', {OPENED} + {seconds}, 'unixepoch')"


ROWS = (
    f"""INSERT INTO customer_profile {NUMBERS}
    SELECT 1, 'customer-' || i, {at("0")}, {at("0")}, '{{}}' FROM n WHERE i <= :size / 10""",  # noqa: S608 (the parts are our own)
    f"""INSERT INTO customer_session (application_id, id, integration_id, profile_id, state, version, first_session,
        minor_digits, total, discount_total, returned_total, created, updated, closed, cancelled, coupon, referral,
        attributes)
    {NUMBERS} SELECT 1, i, 'session-' || i, 'customer-' || (i % (:size / 10) + 1),
        CASE WHEN i % (:size / 50) = 0 THEN 'cancelled' WHEN i % 3 = 0 THEN 'closed' ELSE 'open' END,
        1, i % 10 = 0, 2, i * 7919 % 1000003 * 10000, 0, 0, {at("i")}, {at("i + i * 7919 % 1000")},
        CASE WHEN i % (:size / 50) <> 0 AND i % 3 = 0 THEN {at("i + 60")} END,
        CASE WHEN i % (:size / 50) = 0 THEN {at("i")} END,
        CASE WHEN i % (:size / 50) = 1 THEN 'RARE' WHEN i % 2 = 0 THEN 'DENSE' END,
        CASE WHEN i % (:size / 50) = 1 THEN 'RARE' WHEN i % 2 = 0 THEN 'DENSE' END, '{{}}' FROM n""",  # noqa: S608 (the parts are our own)
    f"""INSERT INTO cart_item (application_id, session_id, position, sku, quantity, returned_quantity, price,
        discount_share, returned_total, attributes)
    {NUMBERS}, line(place) AS (VALUES (0), (1), (2), (3), (4))
    SELECT 1, i, place, CASE WHEN place = 4 THEN 'rare-' || (i % (:size / 50)) ELSE 'sku-' || ((i + place) % 10) END,
        1, 0, 10000, 0, 0, '{{}}' FROM n, line""",  # noqa: S608 (the parts are our own)
    f"""INSERT INTO session_identifier {NUMBERS}
    SELECT 1, i, 0, CASE WHEN i % 2 THEN 'web' ELSE 'rare-' || (i % (:size / 50)) END FROM n""",  # noqa: S608 (the parts are our own)
)


@dataclass(frozen=True)
class Case:
    """A page; ``filter`` and ``order`` in terms of how many sessions there are."""

    name: str
    filter: Callable[[int], dict[str, object]] = lambda size: {}
    order: tuple[str, str] = ("CREATED", "DESC")
    behind: int = 0


def moment(seconds: int) -> str:
    """So many seconds after the opening."""
    return datetime.fromtimestamp(OPENED + seconds, UTC).isoformat()


def value(name: str, field: str, *values: object) -> Case:
    """A filter with these values."""
    return Case(name, lambda size: {field: values})


def span(name: str, field: str, start: float, seconds: int | None = None) -> Case:
    """A span of time that starts so far through the table; open at its end without ``seconds``."""

    def spanned(size: int) -> dict[str, object]:
        first = int(size * start)
        return {field: {"from": moment(first), **({} if seconds is None else {"to": moment(first + seconds)})}}

    return Case(name, spanned)


CASES = (
    Case("first page"),
    Case("first page by total", order=("TOTAL", "ASC")),
    Case("first page by integration ID", order=("INTEGRATION_ID", "ASC")),
    Case("page 10,000, or near the end", behind=200_000),
    value("states: dense", "states", "OPEN"),
    value("states: rare", "states", "CANCELLED"),
    value("states: two", "states", "OPEN", "CANCELLED"),
    value("profileIds", "profileIds", "customer-77"),
    value("profileIds: two", "profileIds", "customer-77", "customer-78"),
    value("coupons: dense", "coupons", "DENSE"),
    value("coupons: rare", "coupons", "RARE"),
    value("coupons: two", "coupons", "DENSE", "RARE"),
    value("referrals: dense", "referrals", "DENSE"),
    value("referrals: rare", "referrals", "RARE"),
    value("identifiers: dense", "identifiers", "web"),
    value("identifiers: rare", "identifiers", "rare-2"),
    value("identifiers: two", "identifiers", "web", "rare-2"),
    value("skus: dense", "skus", "sku-1"),
    value("skus: rare", "skus", "rare-7"),
    value("skus: two", "skus", "sku-1", "rare-7"),
    Case("integrationIdPrefix: dense", lambda size: {"integrationIdPrefix": "session-1"}),
    Case("integrationIdPrefix: rare", lambda size: {"integrationIdPrefix": f"session-{size // 10 - 1}"}),
    Case("firstSession: dense", lambda size: {"firstSession": False}),
    span("created: dense", "created", 0.1),
    span("created: rare", "created", 0.5, 50),
    span("updated: dense", "updated", 0.1),
    span("updated: rare", "updated", 0.5, 50),
    span("closed: dense", "closed", 0.1),
    span("closed: rare", "closed", 0.5, 50),
    Case("total: dense", lambda size: {"total": {"min": "500000"}}),
    Case("total: rare", lambda size: {"total": {"min": "0", "max": str(50_000_000 // size)}}),
)


async def make(path: Path, size: int) -> str:
    """A database of so many sessions with five lines each; answers a READER key."""
    database = await open_database(f"sqlite+aiosqlite:///{path}")
    opened = datetime.fromtimestamp(OPENED, UTC)
    await database.write(migrations.upgrade)
    await database.write(create_application, CreateApplication(name="Scale", currency="EUR"), opened)
    made = await database.write(create_key, CreateKey(application_id=1, name="Scale", role="reader"), opened)
    await database.close()
    with sqlite3.connect(path) as connection:
        for statement in ROWS:
            connection.execute(statement, {"size": size})
    connection.close()
    return made.secret


async def measure(path: Path, size: int) -> dict[str, float]:
    """The median of each case, in milliseconds."""
    key = await make(path, size)
    app = create_app(Settings(database_url=f"sqlite+aiosqlite:///{path}"))
    transport = httpx.ASGITransport(app)
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://scale.test", headers=headers, timeout=600) as client,
    ):
        one = await timed(client, ONE, {"id": f"session-{size // 2}"})
        return {"one session": one, **{case.name: await page(client, case, size) for case in CASES}}


async def walked(client: httpx.AsyncClient, rows: int) -> str | None:
    """The cursor of the row so far from the first one, in the default order."""
    after = None
    for _ in range(rows // 100):
        response = await client.post("/graphql", json={"query": WALK, "variables": {"after": after}})
        after = response.json()["data"]["customerSessions"]["pageInfo"]["endCursor"]
    return after


async def page(client: httpx.AsyncClient, case: Case, size: int) -> float:
    """The median time of one case, in milliseconds."""
    field, direction = case.order
    after = await walked(client, min(case.behind, size * 4 // 5))
    variables = {"filter": case.filter(size), "order": {"field": field, "direction": direction}, "after": after}
    return await timed(client, DOCUMENT, variables)


async def timed(client: httpx.AsyncClient, document: str, variables: dict[str, object]) -> float:
    """The median time of a document, in milliseconds."""
    taken = []
    for _ in range(ROUNDS):
        start = perf_counter()
        response = await client.post("/graphql", json={"query": document, "variables": variables})
        taken.append(perf_counter() - start)
        assert response.json().get("errors") is None, response.text
    return 1_000 * median(taken)


def main() -> None:
    """Both databases, and the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("size", nargs="?", type=int, default=1_000_000, help="sessions in the large table")
    large = parser.parse_args().size
    with TemporaryDirectory() as directory:
        found = [asyncio.run(measure(Path(directory, f"{size}.db"), size)) for size in (SMALL, large)]
    write = sys.stdout.write
    write(f"| page | {SMALL:,} | {large:,} | ratio |\n|---|--:|--:|--:|\n")
    for name, small in found[0].items():
        write(f"| {name} | {small:.2f} ms | {found[1][name]:.2f} ms | {found[1][name] / small:.2f} |\n")


if __name__ == "__main__":
    main()
