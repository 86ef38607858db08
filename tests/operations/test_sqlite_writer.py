"""The writer of an SQLite file: many operations share a commit, and the event loop stays everybody's."""

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
    """An operation that takes longer than its turn."""
    time.sleep(0.006)


def together(shop: Shop, *work: Coroutine[Any, Any, Any]) -> list[Any]:
    """What comes of all of it, begun at once."""

    async def run() -> list[Any]:
        return await asyncio.gather(*work, return_exceptions=True)

    return shop.runner.run(run())


def test_what_comes_at_once_is_committed_at_once(shop: Shop, transactions: list[object]) -> None:
    transactions.clear()

    def number(connection: Connection, own: int) -> int:
        return own

    answers = together(shop, *(shop.database.write(number, own) for own in range(50)))

    assert answers == [*range(50)]
    assert len(transactions) == 1


def test_others_have_their_turn_between_operations(shop: Shop) -> None:
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


def test_what_nobody_waits_for_any_more_is_not_begun(shop: Shop) -> None:
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
