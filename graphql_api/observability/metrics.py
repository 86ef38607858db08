"""Metrics: what Prometheus is told of operations, and of what is under way in each process."""

import asyncio
from collections.abc import Callable, Mapping
from functools import cache
from itertools import chain

from prometheus_client import Counter, Gauge, Histogram

from db.engine.database import Pool
from graphql_api import errors
from graphql_api.observability.operation import Operation

SAMPLED = 2  # seconds between two looks at what is under way
NONE, OTHER = "none", "OTHER"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
COSTS = (1, 10, 30, 100, 300, 1_000, 3_000, 10_000)
CODES = {each.code for each in vars(errors).values() if isinstance(each, type) and hasattr(each, "code")}
# Each is a label's value, so there have to be few of them, whatever clients send.
OUTCOMES = {"OK", "GONE", "INTERNAL", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", *CODES}


class Metrics:
    """The metrics of this process. prometheus_client keeps them for all of it, so there are never two of these."""

    def __init__(self) -> None:
        self._operations = Counter("cartograph_operations", "Operations answered.", ["type", "outcome"])
        self._seconds = Histogram(
            "cartograph_operation_seconds", "How long they took, from request to answer.", ["type"], buckets=SECONDS
        )
        self._cost = Histogram("cartograph_operation_cost", "What they cost.", ["type"], buckets=COSTS)
        self._statements = Counter("cartograph_statements", "SQL statements run for them.")
        self._under_way = Gauge("cartograph_under_way", "What is under way now.", ["what"], multiprocess_mode="livesum")
        self._pool = Gauge(
            "cartograph_database_connections", "Connections of the database.", ["state"], multiprocess_mode="livesum"
        )
        self._of_type = {
            each: (self._seconds.labels(each), self._cost.labels(each))
            for each in (NONE, "query", "mutation", "subscription")
        }
        self._of_outcome = {
            (type_, outcome): self._operations.labels(type_, outcome)
            for type_ in self._of_type
            for outcome in chain(OUTCOMES, [OTHER])
        }

    def tell(self, seen: Operation) -> None:
        """Count an operation that has been answered."""
        type_ = seen.kind.value if seen.kind else NONE
        seconds, cost = self._of_type[type_]
        self._of_outcome[type_, seen.outcome if seen.outcome in OUTCOMES else OTHER].inc()
        seconds.observe(seen.seconds)
        cost.observe(seen.cost)
        self._statements.inc(seen.statements)

    def tell_under_way(self, what: str, count: int) -> None:
        """How many of something there are now."""
        self._under_way.labels(what).set(count)

    def tell_pool(self, pool: Pool) -> None:
        """How the database's connections are used now."""
        for state, count in pool._asdict().items():
            self._pool.labels(state).set(count)


async def sample(counts: Mapping[str, Callable[[], int]], pool: Callable[[], Pool]) -> None:
    """Tell what is under way, and how the database's connections are used, again and again."""
    while True:
        for what, count in counts.items():
            metrics().tell_under_way(what, count())
        metrics().tell_pool(pool())
        await asyncio.sleep(SAMPLED)


@cache
def metrics() -> Metrics:
    """The metrics of this process."""
    return Metrics()
