"""Turns between applications, keys and session tokens."""

import asyncio
from collections.abc import Sequence

import pytest

from db.engine.fair import FairQueue, FairSlots, Holder, current_holder


def popped(items: Sequence[tuple[Holder, str]], skip: Sequence[int] = ()) -> str:
    """Push the items and return all that can be popped, in order."""
    queue: FairQueue[str] = FairQueue()
    for holder, item in items:
        queue.push(holder, item)
    found = []
    while (item_or_none := queue.pop(skip)) is not None:
        found.append(item_or_none)
    assert len(queue) == len(items) - len(found)
    return "".join(found)


def test_applications_take_turns() -> None:
    assert popped([((1, "k", "k"), each) for each in "abc"] + [((2, "k", "k"), each) for each in "xy"]) == "axbyc"


def test_keys_of_an_application_take_turns() -> None:
    assert popped([((1, "k", "k"), "a"), ((1, "k", "k"), "b"), ((1, "l", "l"), "x"), ((2, "m", "m"), "z")]) == "azxb"


def test_session_tokens_share_the_turn_of_their_key() -> None:
    tokens = [((1, "k", f"k-{number}"), each) for number, each in enumerate("abc")]
    assert popped([*tokens, ((1, "k", "k-0"), "d"), ((1, "l", "l"), "x")]) == "axbcd"


def test_skipped_applications_stay_in_the_queue() -> None:
    assert popped([((1, "k", "k"), "a"), ((2, "k", "k"), "b"), ((1, "k", "k"), "c")], skip=[1]) == "b"


def test_an_application_uses_at_most_its_share(runner: asyncio.Runner) -> None:
    slots, used = FairSlots(4, share=2), list[int]()

    async def use(application: int) -> None:
        current_holder.set((application, "", ""))
        async with slots.slot():
            used.append(application)
            await asyncio.sleep(0.01)

    async def scenario() -> None:
        tasks = [asyncio.create_task(use(application)) for application in (1, 1, 1, 1, 2)]
        await asyncio.sleep(0.005)
        assert used == [1, 1, 2]
        assert (slots.in_use, slots.waiting) == (3, 2)
        await asyncio.gather(*tasks)

    runner.run(scenario())
    assert used == [1, 1, 2, 1, 1]
    assert (slots.in_use, slots.waiting) == (0, 0)


@pytest.mark.parametrize("given", [False, True])
def test_cancelled_waiter_does_not_keep_a_slot(runner: asyncio.Runner, *, given: bool) -> None:
    slots = FairSlots(1, share=1)

    async def scenario() -> None:
        application = await slots.acquire()
        waiting = asyncio.create_task(slots.acquire())
        await asyncio.sleep(0)
        if given:
            slots.release(application)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        if not given:
            slots.release(application)
        assert (slots.in_use, slots.waiting) == (0, 0)
        slots.release(await slots.acquire())

    runner.run(scenario())
