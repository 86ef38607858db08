"""Fairness: attacks of one application do not delay the pages and writes of another."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from time import perf_counter
from typing import Any

import orjson
import pytest
from api_server import Api
from attacks import ATTACKS as WORST_DOCUMENTS
from shop import Shop, line
from sockets import Client, running
from sqlalchemy import Connection, insert, literal, select
from stores import Store

from db.repository.core import SESSION

pytestmark = pytest.mark.alone

ATTACKERS = 12
SESSIONS = 30_000
LARGE_SESSIONS = 40  # of almost 512 KiB each
SUBSCRIPTIONS = 480
MEASURED = 30
BOUND = 0.05  # seconds
PAGE = "{ customerSessions(first: 20) { nodes { integrationId total profile { integrationId } } } }"
WRITE = """mutation($id: String!) {
    createSession(input: { integrationId: $id, cartItems: [{ sku: "apple", quantity: 1, price: "1" }] }) {
        session { total } } }"""
CHANGE = 'updateSession(input: { integrationId: "original", identifiers: [$id] }) { session { version } }'
SCHEMA = "__schema { types { fields { name args { name type { name } } type { name ofType { name } } } } }"
SUBSCRIPTION = """subscription { sessionEvents { node { session { profile { sessions(first: 100) {
    nodes { integrationId cartItems { sku } profile { totalSales closedSessions lastActivity } } } } } } } }"""


def repeat(times: int, field: str) -> str:
    return " ".join(f"a{number}: {field}" for number in range(times))


@dataclass(frozen=True)
class Attack:
    """Requests that differ in the number that stands for ``NUMBER``, and the codes of errors that they may have."""

    document: str
    codes: frozenset[str] = frozenset({"TIMEOUT"})

    def bodies(self) -> Iterator[bytes]:
        """Yield bodies without end."""
        body = orjson.dumps({"query": self.document, "variables": {"id": "attack NUMBER"}})
        return (body.replace(b"NUMBER", b"%d" % number) for number in count())


REFUSED = frozenset({"GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"})
ATTACKS = {
    "introspection": Attack("{ " + repeat(4, SCHEMA) + " }"),
    "too large an answer": Attack(
        '{ customerProfile(integrationId: "large") { sessions(first: 100) {'
        " nodes { cartItems { sku b: sku c: sku d: sku } } } } }",
        frozenset({"LIMIT_EXCEEDED"}),
    ),
    "totals of a profile": Attack(
        "{ customerSessions(first: 100) { nodes { profile { totalSales closedSessions lastActivity } } } }"
    ),
    "refused documents": Attack(
        "{ viewer { " + "...on CustomerSessionConnectiox0 { id } " * 5 + "aNUMBER } }", REFUSED
    ),
    "the worst documents": Attack(
        "query QNUMBER($a: Int) { " + WORST_DOCUMENTS["sessions and an unused variable"](60)[14:], REFUSED
    ),
    "counts": Attack("{ " + repeat(100, "customerSessions(first: 1) { totalCount }") + " }"),
    "statistics": Attack("{ " + repeat(20, "sessionStatistics(groupBy: DAY) { sessions }") + " }"),
    "changes": Attack("mutation($id: String!) { " + repeat(20, CHANGE) + " }"),
}


def multiply(connection: Connection) -> None:
    """Copy one session of application 1 many times."""
    numbers = select(literal(1).label("number")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.number + 1).where(numbers.c.number < SESSIONS))
    changed = {
        "id": SESSION.c.id + 1_000 + numbers.c.number,
        "integration_id": "copy " + numbers.c.number.cast(SESSION.c.integration_id.type),
    }
    columns = [column for column in SESSION.c if column.computed is None]
    rows = select(*(changed.get(column.name, column) for column in columns)).select_from(
        SESSION.join(numbers, literal(True))
    )
    rows = rows.where(SESSION.c.application_id == 1, SESSION.c.integration_id == "original")
    connection.execute(insert(SESSION).from_select([column.name for column in columns], rows))


@pytest.fixture(scope="module")
def crowded(store: Store, seeded: tuple[str, dict[str, str]]) -> Iterator[Api]:
    """An API whose first application has many sessions and some large ones, and whose second is a small shop."""
    url = store.copy(seeded[0])
    with asyncio.Runner() as runner, Api(runner, url, seeded[1], key_cache_seconds=600) as api:
        for number in range(LARGE_SESSIONS):
            lines = [line(f"{index:03}" + "x" * 897) for index in range(500)]
            api.shop.create(f"large {number}", profile_id="large", cart_items=lines)
        api.shop.create("original", profile_id="ada")
        api.shop.write(multiply)
        other = Shop(runner, api.database, 2)
        for number in range(30):
            other.create(f"s{number}", profile_id="bob")
        yield api
    store.release(url)


async def send(api: Api, body: bytes, key: str) -> bytes:
    """Send a request, and return the body of the answer."""
    headers = {"Authorization": f"Bearer {api.keys[key]}", "Content-Type": "application/json"}
    return (await api.client.post("/graphql", content=body, headers=headers)).content


async def send_repeatedly(api: Api, bodies: Iterator[bytes], errors: list[bytes]) -> None:
    """Send requests without end, and collect the answers that begin with errors."""
    while True:
        await asyncio.sleep(0)  # as a network would; a read on the event loop does not suspend
        answer = await send(api, next(bodies), "writer")
        if answer.startswith(b'{"errors"'):
            errors.append(answer)


async def subscribe(api: Api, started: asyncio.Semaphore) -> None:
    """Start many subscriptions over sockets, read all their results, and cause two events a second."""
    async with running(api) as server, AsyncExitStack() as sockets:
        clients = [await sockets.enter_async_context(server.client()) for _ in range(ATTACKERS)]
        for client in clients:
            for _ in range(SUBSCRIPTIONS // ATTACKERS):
                await client.start(SUBSCRIPTION)
        bodies = Attack(WRITE).bodies()
        async with asyncio.TaskGroup() as readers:
            for client in clients:
                readers.create_task(drain(client))
            while True:
                await send(api, next(bodies), "writer")
                await asyncio.sleep(0.5)
                started.release()


async def drain(client: Client) -> None:
    """Read the messages of a socket. No client parses them, since it shares the server's event loop."""
    async for message in client.connection:
        assert b'"type":"error"' not in (message if isinstance(message, bytes) else message.encode())


@contextmanager
def in_background(api: Api, *work: Coroutine[Any, Any, None]) -> Iterator[None]:
    """Run work in tasks while the context's body runs, and cancel it then. Raises what the work raises."""

    async def start() -> list[asyncio.Task[None]]:
        return [asyncio.create_task(each) for each in work]

    async def stop() -> list[Any]:
        for task in tasks:
            task.cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    tasks = api.runner.run(start())
    try:
        yield
    finally:
        ended = api.runner.run(stop())
    assert all(isinstance(each, asyncio.CancelledError) for each in ended), ended


NAMES = count()


def p95_of_pages_and_writes(api: Api) -> tuple[float, float]:
    """Return the 95th percentiles of the seconds that a page and a write of application 2 take."""

    async def measure() -> list[list[float]]:
        seconds: list[list[float]] = [[], []]
        for number in range(2 * MEASURED):
            query = (PAGE, WRITE)[number % 2]
            body = orjson.dumps({"query": query, "variables": {"id": f"other {next(NAMES)}"}})
            began = perf_counter()
            answer = await send(api, body, "other writer")
            seconds[number % 2].append(perf_counter() - began)
            assert b"errors" not in answer, answer
        return seconds

    pages, writes = api.runner.run(asyncio.wait_for(measure(), 30))
    index = int(0.95 * MEASURED)
    return sorted(pages)[index], sorted(writes)[index]


@pytest.mark.parametrize("name", ATTACKS)
def test_attack_of_one_application_does_not_delay_another(crowded: Api, name: str) -> None:
    attack = ATTACKS[name]
    bodies, errors = attack.bodies(), list[bytes]()
    alone = p95_of_pages_and_writes(crowded)

    with in_background(crowded, *(send_repeatedly(crowded, bodies, errors) for _ in range(ATTACKERS))):
        under_attack = p95_of_pages_and_writes(crowded)

    codes = {error["extensions"]["code"] for answer in errors for error in orjson.loads(answer)["errors"]}
    assert codes <= attack.codes
    assert under_attack[0] <= max(5 * alone[0], BOUND)
    assert under_attack[1] <= max(5 * alone[1], BOUND)


def test_subscriptions_of_one_application_do_not_delay_another(crowded: Api) -> None:
    alone = p95_of_pages_and_writes(crowded)
    started = asyncio.Semaphore(0)

    with in_background(crowded, subscribe(crowded, started)):
        crowded.runner.run(asyncio.wait_for(started.acquire(), 30))
        under_attack = p95_of_pages_and_writes(crowded)

    assert under_attack[0] <= max(5 * alone[0], BOUND)
    assert under_attack[1] <= max(5 * alone[1], BOUND)
