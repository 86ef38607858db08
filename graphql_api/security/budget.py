"""Budgets: how much cost each key may run up in a minute."""

import math
import time
from typing import Any

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from graphql_api.errors import RateLimited

MAX_KNOWN = 10_000  # holders that are remembered at once


class Budget:
    """The same budget for every holder of a key, counted in this process, anew every minute.

    Cost is charged when it is known. So a holder that has something left is let in, whatever its request costs, and
    may overdraw by what it has under way. The counter is asked for each hundredth of a budget, not for each request.
    """

    def __init__(self, per_minute: int) -> None:
        self._per_minute = RateLimitItemPerMinute(per_minute)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._least = max(per_minute // 100, 1)
        self._owed: dict[str, int] = {}  # what has not been counted yet
        self._spent: dict[str, float] = {}  # who has nothing left, and until when

    def check(self, holder: str) -> None:
        """Raises RateLimited where the holder has nothing left."""
        until = self._spent.get(holder)
        if until is None:
            return
        seconds = math.ceil(until - time.time())
        if seconds > 0:
            problem = f"This key has spent its budget of {self._per_minute.amount} for the minute."
            raise RateLimited(f"{problem} Come back in {seconds} seconds.", seconds)
        del self._spent[holder]

    def charge(self, holder: str, cost: int) -> None:
        """Take a cost off the holder's budget."""
        owed = self._owed.pop(holder, 0) + cost
        if owed < self._least:
            forget(self._owed)
            self._owed[holder] = owed
        elif not self._limiter.hit(self._per_minute, holder, cost=owed):
            forget(self._spent)
            self._spent[holder] = self._limiter.get_window_stats(self._per_minute, holder).reset_time


def forget(holders: dict[str, Any]) -> None:
    """Make room where too many are remembered. Those who matter are found out again by their next requests."""
    if len(holders) >= MAX_KNOWN:
        holders.clear()
