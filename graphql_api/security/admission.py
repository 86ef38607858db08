"""Admit operations: a limit of concurrent operations in this process, and a rate limit for each key."""

from graphql_api.errors import Overloaded
from graphql_api.security.rate_limit import RateLimiter

RETRY_AFTER = 1  # seconds


class AdmissionControl:
    """Counts the operations in progress and charges their costs."""

    def __init__(self, max_concurrent: int, max_cost_per_minute: int | None) -> None:
        self._max_concurrent = max_concurrent
        self._rate_limiter = RateLimiter(max_cost_per_minute) if max_cost_per_minute else None
        self._concurrent = 0

    def __len__(self) -> int:
        """Return the number of operations in progress."""
        return self._concurrent

    def admit(self, key: str) -> None:
        """Admit an operation; ``release`` must follow. Raises Overloaded and RateLimited."""
        if self._concurrent >= self._max_concurrent:
            problem = f"The server runs {self._max_concurrent} operations, its maximum."
            raise Overloaded(f"{problem} Try again in {RETRY_AFTER} second.", RETRY_AFTER)
        if self._rate_limiter:
            self._rate_limiter.check(key)
        self._concurrent += 1

    def release(self, key: str, cost: int) -> None:
        """End an operation and charge its cost: at least 1, also for a refused document."""
        self._concurrent -= 1
        self.charge(key, max(cost, 1))

    def charge(self, key: str, cost: int) -> None:
        """Charge a cost to a key, as for each event of a subscription, which does not count as in progress."""
        if self._rate_limiter:
            self._rate_limiter.charge(key, cost)
