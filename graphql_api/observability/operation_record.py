"""OperationRecord: the facts about one GraphQL operation that the log, the metrics and the traces report."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import perf_counter, thread_time
from typing import Any, Protocol

from graphql import OperationType

from graphql_api.security.viewer import Viewer

MAX_NAME_LENGTH = 100  # characters of an operation's name that are reported
COST_PER_SECOND = 1_000  # of CPU time for parsing, validating and compiling

# Called when a statement ends, with the exception that it raised, if any.
StatementEnded = Callable[[BaseException | None], None]


class Span(Protocol):
    """The span of a sampled operation."""

    @property
    def trace_id(self) -> str:
        """The trace ID in hexadecimal, as the log names it."""
        ...

    def start_statement(self, text: str, system: str) -> StatementEnded:
        """Start the span of a statement that runs on this database system."""
        ...

    def end(self, record: "OperationRecord") -> None:
        """End the span."""
        ...


@dataclass(slots=True)
class OperationRecord:
    """The facts about one operation, filled in while it runs.

    ``outcome`` is OK or the code of the first error. ``document`` is the SHA-256 of the document: records wait in
    queues, and must not hold documents in memory meanwhile. ``work_seconds`` is the CPU time of parsing, validating and
    compiling; ``charged`` is what the key's budget has been charged. ``started`` is a reading of ``perf_counter``,
    ``ended`` is in seconds since 1970. ``span`` is None unless the operation is sampled for traces.
    """

    request_id: str = ""
    started: float = field(default_factory=perf_counter)
    viewer: Viewer | None = None
    document: str | None = None
    kind: OperationType | None = None
    name: str | None = None
    cost: int = 0
    work_seconds: float = 0
    charged: int = 0
    statements: int = 0
    status: int = 0
    outcome: str = "OK"
    seconds: float = 0
    ended: float = 0
    span: Span | None = None

    def charge(self) -> int:
        """Return the cost that is to be charged now: all that was not charged before."""
        total = self.cost + int(self.work_seconds * COST_PER_SECOND)
        due, self.charged = total - self.charged, total
        return due

    def fields(self) -> dict[str, Any]:
        """Return the fields of the operation's line in the log."""
        return {
            "request": self.request_id,
            "type": self.kind.value if self.kind else None,
            "operation": self.name,
            "document": self.document,
            "key": self.viewer.key_prefix if self.viewer else None,
            "cost": self.cost,
            "statements": self.statements,
            "milliseconds": round(self.seconds * 1_000, 3),
            "status": self.status,
            "outcome": self.outcome,
            **({"trace": self.span.trace_id} if self.span else {}),
        }

    def __str__(self) -> str:
        """Return the fields as text, for the log in development."""
        return " ".join(f"{name}={value}" for name, value in self.fields().items() if value is not None)


current_operation: ContextVar[OperationRecord | None] = ContextVar("current_operation", default=None)


@contextmanager
def count_work() -> Iterator[None]:
    """Add the CPU time of the block to the current operation."""
    began = thread_time()
    try:
        yield
    finally:
        if record := current_operation.get():
            record.work_seconds += thread_time() - began
