"""Prometheus metrics of one process: operations that ended, work in progress, connections of the database."""

import asyncio
from collections.abc import Callable, Mapping
from functools import cache
from itertools import chain

from prometheus_client import Counter, Gauge, Histogram

from db.domain.webhook import WebhookState
from db.engine.database import Pool
from graphql_api import errors
from graphql_api.observability.operation_record import OperationRecord

SAMPLE_SECONDS = 2  # between two readings of the gauges
NO_TYPE, OTHER_OUTCOME = "none", "OTHER"
SECONDS_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
COST_BUCKETS = (1, 10, 30, 100, 300, 1_000, 3_000, 10_000)
ERROR_CODES = {each.code for each in vars(errors).values() if isinstance(each, type) and hasattr(each, "code")}
# Each outcome is a value of a label, hence a time series: the set is closed, so that clients cannot make it grow.
OUTCOMES = {"OK", "GONE", "INTERNAL", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", *ERROR_CODES}


class Metrics:
    """The metrics of this process. Made once: prometheus_client registers each name for the whole process."""

    def __init__(self) -> None:
        self._operations = Counter("cartograph_operations", "Operations that ended.", ["type", "outcome"])
        self._seconds = Histogram(
            "cartograph_operation_seconds", "Time from request to answer.", ["type"], buckets=SECONDS_BUCKETS
        )
        self._cost = Histogram("cartograph_operation_cost", "Cost of operations.", ["type"], buckets=COST_BUCKETS)
        self._statements = Counter("cartograph_statements", "SQL statements run for operations.")
        self._in_progress = Gauge("cartograph_under_way", "Work in progress.", ["what"], multiprocess_mode="livesum")
        self._pool = Gauge(
            "cartograph_database_connections", "Connections of the database.", ["state"], multiprocess_mode="livesum"
        )
        self._attempts = Counter("cartograph_webhook_attempts", "Attempts to send an event to a webhook.", ["outcome"])
        self._webhooks = Gauge(
            "cartograph_webhooks", "Webhooks of all applications.", ["state"], multiprocess_mode="livemax"
        )
        self._webhook_lag = Gauge(
            "cartograph_webhook_lag",
            "Greatest number of events after the place of any webhook, counted to 10000.",
            multiprocess_mode="livemax",
        )
        # Looking up a labelled child takes longer than counting, so all of them are made here.
        self._histograms = {
            each: (self._seconds.labels(each), self._cost.labels(each))
            for each in (NO_TYPE, "query", "mutation", "subscription")
        }
        self._counters = {
            (type_, outcome): self._operations.labels(type_, outcome)
            for type_ in self._histograms
            for outcome in chain(OUTCOMES, [OTHER_OUTCOME])
        }

    def count_operation(self, record: OperationRecord) -> None:
        """Count an operation that has ended."""
        type_ = record.kind.value if record.kind else NO_TYPE
        seconds, cost = self._histograms[type_]
        self._counters[type_, record.outcome if record.outcome in OUTCOMES else OTHER_OUTCOME].inc()
        seconds.observe(record.seconds)
        cost.observe(record.cost)
        self._statements.inc(record.statements)

    def set_gauges(self, in_progress: Mapping[str, Callable[[], int]], pool: Pool) -> None:
        """Set how many of each thing are in progress, and the use of the database's connections."""
        for what, count in in_progress.items():
            self._in_progress.labels(what).set(count())
        for state, connections in pool._asdict().items():
            self._pool.labels(state).set(connections)

    def count_attempt(self, outcome: str) -> None:
        """Count an attempt to send an event."""
        self._attempts.labels(outcome).inc()

    def set_webhooks(self, states: Mapping[WebhookState, int], lag: int | None) -> None:
        """Set the number of webhooks in each state, and the greatest lag if it was counted."""
        for state in WebhookState:
            self._webhooks.labels(state).set(states.get(state, 0))
        if lag is not None:
            self._webhook_lag.set(lag)


async def sample(gauges: Mapping[str, Callable[[], int]], pool: Callable[[], Pool]) -> None:
    """Set the gauges every two seconds, until cancelled."""
    while True:
        metrics().set_gauges(gauges, pool())
        await asyncio.sleep(SAMPLE_SECONDS)


@cache
def metrics() -> Metrics:
    """Return the metrics of this process."""
    return Metrics()
