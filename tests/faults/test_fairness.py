"""Fairness: one application's costly reads do not delay another's pages."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

import pytest
from api_server import Api
from shop import Shop
from sqlalchemy import Connection, insert, literal, select

from db.repository.core import SESSION

pytestmark = pytest.mark.alone

ATTACKERS = 12
SESSIONS = 30_000
MEASURED = 30
COUNTS = "{ " + " ".join(f"a{number}: customerSessions(first: 1) {{ totalCount }}" for number in range(50)) + " }"
TOTALS = "{ customerSessions(first: 100) { nodes { profile { totalSales closedSessions lastActivity } } } }"
PAGE = "{ customerSessions(first: 20) { nodes { integrationId total profile { integrationId } } } }"


def multiply(connection: Connection) -> None:
    """Copy the one session of application 1 many times."""
    numbers = select(literal(1).label("number")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.number + 1).where(numbers.c.number < SESSIONS))
    changed = {
        "id": SESSION.c.id + numbers.c.number,
        "integration_id": "copy " + numbers.c.number.cast(SESSION.c.integration_id.type),
    }
    columns = [column for column in SESSION.c if column.computed is None]
    rows = select(*(changed.get(column.name, column) for column in columns)).select_from(
        SESSION.join(numbers, literal(True))
    )
    rows = rows.where(SESSION.c.application_id == 1)
    connection.execute(insert(SESSION).from_select([column.name for column in columns], rows))


@contextmanager
def attacked(api: Api, document: str, key: str) -> Iterator[list[str]]:
    """Send a document from many clients at once, again and again. Yields the codes of their errors."""
    codes: list[str] = []

    async def attack() -> None:
        while True:
            await asyncio.sleep(0)  # as a network would; a read on the event loop does not suspend
            answer = (await api.post({"query": document}, key)).json()
            codes.extend(error["extensions"]["code"] for error in answer.get("errors", ()))

    async def start() -> list[asyncio.Task[None]]:
        return [asyncio.create_task(attack()) for _ in range(ATTACKERS)]

    async def stop() -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    tasks = api.runner.run(start())
    try:
        yield codes
    finally:
        api.runner.run(stop())


def p95(api: Api, document: str, key: str) -> float:
    """Return the 95th percentile of the seconds that a document takes, sent by one client."""

    async def measure() -> list[float]:
        seconds = []
        for _ in range(MEASURED):
            started = perf_counter()
            answer = await api.post({"query": document}, key)
            seconds.append(perf_counter() - started)
            assert "errors" not in answer.json(), answer.text
        return sorted(seconds)

    return api.runner.run(asyncio.wait_for(measure(), 20))[int(0.95 * MEASURED)]


@pytest.mark.parametrize("attack", [COUNTS, TOTALS])
def test_reads_of_one_application_do_not_delay_another(serve: Callable[..., Api], attack: str) -> None:
    api = serve(max_cost_per_minute=None, key_cache_seconds=600)
    api.shop.create("original", profile_id="ada")
    api.shop.write(multiply)
    other = Shop(api.runner, api.database, 2)
    for number in range(30):
        other.create(f"s{number}", profile_id="bob")
    alone = p95(api, PAGE, "other reader")

    with attacked(api, attack, "reader") as codes:
        under_attack = p95(api, PAGE, "other reader")

    assert set(codes) <= {"TIMEOUT"}
    assert under_attack <= max(5 * alone, 0.05)
