"""The gate: who is let in to run an operation, and who is told to come back."""

from graphql_api.errors import Overloaded
from graphql_api.security.budget import Budget

MOMENT = 1  # seconds: how soon there may be room again


class Gate:
    """Counts what is under way in this process, and charges it to whoever asked for it."""

    def __init__(self, most: int, budget: int | None) -> None:
        self._most = most
        self._budget = Budget(budget) if budget else None
        self._under_way = 0

    def __len__(self) -> int:
        """How many operations are under way."""
        return self._under_way

    def enter(self, holder: str) -> None:
        """Let in an operation, which then has to leave. Raises Overloaded and RateLimited."""
        if self._under_way >= self._most:
            problem = f"{self._most} operations are under way here, as many as are taken at once."
            raise Overloaded(f"{problem} Come back in a moment.", MOMENT)
        if self._budget:
            self._budget.check(holder)
        self._under_way += 1

    def leave(self, holder: str, cost: int) -> None:
        """An operation has come to its end. What has no cost, such as a document that is refused, counts as 1."""
        self._under_way -= 1
        self.charge(holder, max(cost, 1))

    def charge(self, holder: str, cost: int) -> None:
        """Take a cost off the holder's budget, of what goes on without being counted as under way."""
        if self._budget:
            self._budget.charge(holder, cost)
