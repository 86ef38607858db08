"""Limits on waiting: they hold for what waits, and are not even begun for what does not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest

from graphql_api.execution.lazy_timeout import with_lazy_timeout

pytestmark = pytest.mark.alone


class Limits:
    """Limits that are counted."""

    def __init__(self) -> None:
        self.begun = 0

    @asynccontextmanager
    async def limit(self) -> AsyncIterator[None]:
        """Another one."""
        self.begun += 1
        yield


async def waited(times: int) -> int:
    """Waits so often, and says how often."""
    for _ in range(times):
        await asyncio.sleep(0)
    return times


@pytest.mark.parametrize(("times", "begun"), [(0, 0), (1, 1), (5, 1)])
def test_a_limit_is_begun_once_and_only_for_what_waits(times: int, begun: int) -> None:
    limits = Limits()
    assert asyncio.run(with_lazy_timeout(waited(times), limits.limit)) == times
    assert limits.begun == begun


def test_what_waits_for_longer_is_cut_off_and_can_clean_up() -> None:
    told: list[str] = []

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await waited(2)
            told.append("cleaned up")
            raise

    with pytest.raises(TimeoutError):
        asyncio.run(with_lazy_timeout(endless(), partial(asyncio.timeout, 0)))
    assert told == ["cleaned up"]


@pytest.mark.parametrize("times", [0, 2])
def test_an_error_is_the_callers_whether_or_not_there_was_a_wait(times: int) -> None:
    async def failed() -> None:
        await waited(times)
        raise LookupError("nothing there")

    with pytest.raises(LookupError, match="nothing there"):
        asyncio.run(with_lazy_timeout(failed(), Limits().limit))


def test_an_error_that_the_work_waits_for_is_its_own_to_handle() -> None:
    async def failing() -> None:
        await asyncio.sleep(0)
        raise LookupError

    async def forgiving() -> str:
        try:
            await asyncio.create_task(failing())
        except LookupError:
            await waited(1)
        return "forgiven"

    assert asyncio.run(with_lazy_timeout(forgiving(), Limits().limit)) == "forgiven"


def test_limits_stand_in_each_other_and_the_inner_one_is_met_first() -> None:
    async def both() -> str:
        try:
            return await with_lazy_timeout(asyncio.sleep(60, "late"), partial(asyncio.timeout, 0))
        except TimeoutError:
            await waited(1)
            return "cut off"

    assert asyncio.run(with_lazy_timeout(both(), partial(asyncio.timeout, 60))) == "cut off"
