"""The writer of an SQLite file: group commit, and time slices on the event loop."""

import asyncio
import time
from collections.abc import Coroutine, Iterator
from itertools import count
from typing import Any

import pytest
from shop import Shop
from sqlalchemy import Connection, Pool, event

pytestmark = pytest.mark.parametrize("store", ["sqlite"], indirect=True, scope="session")


@pytest.fixture
def transactions() -> Iterator[list[object]]:
    """One item for each transaction so far."""
    begun: list[object] = []

    def note(*connection: object) -> None:
        begun.append(connection)

    event.listen(Pool, "checkout", note)
    yield begun
    event.remove(Pool, "checkout", note)


def slow(connection: Connection) -> None:
    """An operation that takes longer than its time slice."""
    time.sleep(0.006)


def together(shop: Shop, *work: Coroutine[Any, Any, Any]) -> list[Any]:
    """Run all of it concurrently and return the results."""

    async def run() -> list[Any]:
        return await asyncio.gather(*work, return_exceptions=True)

    return shop.runner.run(run())


def test_concurrent_operations_share_a_commit(shop: Shop, transactions: list[object]) -> None:
    transactions.clear()

    def number(connection: Connection, own: int) -> int:
        return own

    answers = together(shop, *(shop.database.write(number, own) for own in range(50)))

    assert answers == [*range(50)]
    assert len(transactions) == 1


def test_other_tasks_run_between_operations(shop: Shop) -> None:
    turns = count()

    async def wait(writes: asyncio.Future[Any]) -> None:
        while not writes.done():
            next(turns)
            await asyncio.sleep(0)

    async def run() -> None:
        writes = asyncio.gather(*(shop.database.write(slow) for _ in range(10)))
        await wait(writes)

    shop.runner.run(run())

    assert next(turns) >= 10


def test_a_cancelled_operation_is_not_started(shop: Shop) -> None:
    ran: list[str] = []

    def note(connection: Connection, name: str) -> None:
        ran.append(name)

    async def run() -> None:
        wanted, unwanted = (asyncio.ensure_future(shop.database.write(note, name)) for name in ("wanted", "unwanted"))
        await asyncio.sleep(0)
        unwanted.cancel()
        await asyncio.wait([wanted, unwanted])

    shop.runner.run(run())

    assert ran == ["wanted"]
