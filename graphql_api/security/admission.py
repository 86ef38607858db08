"""Admit operations: a limit of concurrent operations in this process, and a budget of cost for each key."""

import math
from time import monotonic

from graphql_api.errors import Overloaded, RateLimited

RETRY_AFTER = 1  # seconds
WINDOW = 60  # seconds


class AdmissionControl:
    """Counts the operations in progress, and what each key spends in a minute, in this process.

    A cost is charged when it is known, which is after the operation was admitted; so a key may overdraw by the cost of
    the operations it has in progress.
    """

    def __init__(self, max_concurrent: int, max_cost_per_minute: int | None) -> None:
        self._max_concurrent = max_concurrent
        self._budget = max_cost_per_minute
        self._concurrent = 0
        self._spent: dict[str, int] = {}
        self._window_end = 0.0  # by the monotonic clock, so that setting the wall clock back extends no window

    def __len__(self) -> int:
        """Return the number of operations in progress."""
        return self._concurrent

    def admit(self, key: str) -> None:
        """Admit an operation; ``release`` must follow. Raises Overloaded and RateLimited."""
        if self._concurrent >= self._max_concurrent:
            problem = f"The server runs {self._max_concurrent} operations, its maximum."
            raise Overloaded(f"{problem} Try again in {RETRY_AFTER} second.", RETRY_AFTER)
        if self._budget and self._spent.get(key, 0) > self._budget:
            seconds = math.ceil(self._window_end - monotonic())
            if seconds > 0:
                problem = f"This key has spent its budget of {self._budget} for this minute."
                raise RateLimited(f"{problem} Try again in {seconds} seconds.", seconds)
        self._concurrent += 1

    def release(self, key: str, cost: int) -> None:
        """End an operation and charge its cost: at least 1, also for a refused document."""
        self._concurrent -= 1
        self.charge(key, max(cost, 1))

    def charge(self, key: str, cost: int) -> None:
        """Charge a cost to a key, as for each event of a subscription, which does not count as in progress."""
        if self._budget is None:
            return
        now = monotonic()
        if now >= self._window_end:
            self._window_end = now + WINDOW
            self._spent.clear()
        self._spent[key] = self._spent.get(key, 0) + cost
