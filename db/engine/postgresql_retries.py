"""Runs transactions again that failed because of a concurrent transaction."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from db.engine.postgresql_errors import is_conflict

T = TypeVar("T")

MAX_ATTEMPTS = 50
MAX_BACKOFF = 0.1  # seconds


async def retry_conflicts(attempt: Callable[[int], Awaitable[T]]) -> T:
    """Call ``attempt`` with 0, 1, 2, … until it raises no conflict; raise the conflict of the last attempt."""
    for number in range(MAX_ATTEMPTS):
        try:
            return await attempt(number)
        except Exception as error:
            if number == MAX_ATTEMPTS - 1 or not is_conflict(error):
                raise
        await asyncio.sleep(backoff(number))
    raise AssertionError("the last attempt returns or raises")


def backoff(number: int) -> float:
    """Return a random delay in seconds after a failed attempt (exponential backoff with full jitter)."""
    return random.uniform(0, min(MAX_BACKOFF, 0.001 * 2**number))  # noqa: S311  # not a secret
