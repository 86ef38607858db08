"""Limit the cost that each key may spend in a minute."""

import math
import time
from typing import Any

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from graphql_api.errors import RateLimited

MAX_KEYS = 10_000  # tracked at once


class RateLimiter:
    """The same budget of cost for every key, in fixed windows of a minute, counted in this process.

    A cost is charged when it is known, which is after the operation was admitted; so a key may overdraw by the cost of
    the operations it has in progress. The counter is updated once for each hundredth of a budget, not at each request.
    """

    def __init__(self, cost_per_minute: int) -> None:
        self._limit = RateLimitItemPerMinute(cost_per_minute)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._batch = max(cost_per_minute // 100, 1)
        self._uncounted: dict[str, int] = {}
        self._exhausted: dict[str, float] = {}  # when the window of each ends

    def check(self, key: str) -> None:
        """Raise RateLimited if the key has spent its budget."""
        until = self._exhausted.get(key)
        if until is None:
            return
        seconds = math.ceil(until - time.time())
        if seconds > 0:
            problem = f"This key has spent its budget of {self._limit.amount} for this minute."
            raise RateLimited(f"{problem} Try again in {seconds} seconds.", seconds)
        del self._exhausted[key]

    def charge(self, key: str, cost: int) -> None:
        """Subtract a cost from the key's budget."""
        uncounted = self._uncounted.pop(key, 0) + cost
        if uncounted < self._batch:
            make_room(self._uncounted)
            self._uncounted[key] = uncounted
        elif not self._limiter.hit(self._limit, key, cost=uncounted):
            make_room(self._exhausted)
            self._exhausted[key] = self._limiter.get_window_stats(self._limit, key).reset_time


def make_room(keys: dict[str, Any]) -> None:
    """Clear the keys if there are too many. One that is over its budget is found again at its next charge."""
    if len(keys) >= MAX_KEYS:
        keys.clear()
