"""with_lazy_timeout: it applies to coroutines that suspend, and is not started for others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest

from graphql_api.http.timeouts import with_lazy_timeout

pytestmark = pytest.mark.alone


class CountingTimeouts:
    """Counts the timeouts that are started."""

    def __init__(self) -> None:
        self.started = 0

    @asynccontextmanager
    async def start(self) -> AsyncIterator[None]:
        """Start one."""
        self.started += 1
        yield


async def suspend(times: int) -> int:
    """Suspend so many times, and return the number."""
    for _ in range(times):
        await asyncio.sleep(0)
    return times


@pytest.mark.parametrize(("times", "started"), [(0, 0), (1, 1), (5, 1)])
def test_the_timeout_starts_once_and_only_if_the_coroutine_suspends(times: int, started: int) -> None:
    timeouts = CountingTimeouts()
    assert asyncio.run(with_lazy_timeout(suspend(times), timeouts.start)) == times
    assert timeouts.started == started


def test_a_coroutine_that_times_out_can_clean_up() -> None:
    events: list[str] = []

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await suspend(2)
            events.append("cleaned up")
            raise

    with pytest.raises(TimeoutError):
        asyncio.run(with_lazy_timeout(endless(), partial(asyncio.timeout, 0)))
    assert events == ["cleaned up"]


@pytest.mark.parametrize("times", [0, 2])
def test_an_exception_propagates_whether_or_not_the_coroutine_suspended(times: int) -> None:
    async def fail() -> None:
        await suspend(times)
        raise LookupError("nothing there")

    with pytest.raises(LookupError, match="nothing there"):
        asyncio.run(with_lazy_timeout(fail(), CountingTimeouts().start))


def test_a_coroutine_can_handle_an_exception_of_what_it_awaits() -> None:
    async def fail_later() -> None:
        await asyncio.sleep(0)
        raise LookupError

    async def recover() -> str:
        try:
            await asyncio.create_task(fail_later())
        except LookupError:
            await suspend(1)
        return "recovered"

    assert asyncio.run(with_lazy_timeout(recover(), CountingTimeouts().start)) == "recovered"


def test_timeouts_nest() -> None:
    async def both() -> str:
        try:
            return await with_lazy_timeout(asyncio.sleep(60, "late"), partial(asyncio.timeout, 0))
        except TimeoutError:
            await suspend(1)
            return "timed out"

    assert asyncio.run(with_lazy_timeout(both(), partial(asyncio.timeout, 60))) == "timed out"
