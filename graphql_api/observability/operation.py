"""What is known of one operation: filled in while it is answered, told when it has been."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import perf_counter, time
from typing import Any, Protocol

from graphql import OperationType

from graphql_api.security.viewer import Viewer

LONGEST_NAME = 100  # characters of an operation's name that are told


# How the end of a statement is told to a trace, and the error that it may have come to.
Ended = Callable[[BaseException | None], None]


class Trace(Protocol):
    """An operation that is traced, in whatever way."""

    @property
    def id(self) -> str:
        """The trace's id, for the log to name."""
        ...

    def statement(self, text: str, system: str) -> Ended:
        """A statement of a database system begins."""
        ...


@dataclass(slots=True)
class Operation:
    """One operation, from when it was asked for. ``outcome`` is OK or the code of the first error.

    ``document`` is the SHA-256 of its text: many operations may wait to be told of, and hold no document meanwhile.

    ``started`` and ``seconds`` tell how long it took; ``ended`` is when that was, in seconds since 1970. One of those
    that are traced has a ``trace``.
    """

    request_id: str = ""
    started: float = field(default_factory=perf_counter)
    viewer: Viewer | None = None
    document: str | None = None
    kind: OperationType | None = None
    name: str | None = None
    cost: int = 0
    statements: int = 0
    status: int = 0
    outcome: str = "OK"
    seconds: float = 0
    ended: float = 0
    trace: Trace | None = None

    def end(self) -> None:
        """It has been answered."""
        self.seconds = perf_counter() - self.started
        self.ended = time()

    def facts(self) -> dict[str, Any]:
        """All that is told of it."""
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
            **({"trace": self.trace.id} if self.trace else {}),
        }

    def __str__(self) -> str:
        """The same for a person."""
        return " ".join(f"{name}={fact}" for name, fact in self.facts().items() if fact is not None)


# The operation that this task is at work on.
current: ContextVar[Operation | None] = ContextVar("operation", default=None)
