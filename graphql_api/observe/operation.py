"""What is known of one operation: filled in while it is answered, told when it has been."""

from contextvars import ContextVar
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from graphql import OperationDefinitionNode

from graphql_api.guard.viewer import Viewer
from graphql_api.reading.plans import Document

LONGEST_NAME = 100  # characters of an operation's name that are told


@dataclass(slots=True)
class Operation:
    """One operation, from when it was asked for. ``outcome`` is OK or the code of the first error."""

    request_id: str = ""
    started: float = field(default_factory=perf_counter)
    viewer: Viewer | None = None
    document: Document | None = None
    definition: OperationDefinitionNode | None = None
    cost: int = 0
    statements: int = 0
    status: int = 0
    outcome: str = "OK"

    @property
    def type(self) -> str | None:
        """query, mutation or subscription; None where the request did not come so far."""
        return self.definition.operation.value if self.definition else None

    @property
    def name(self) -> str | None:
        """The name that the document gives it."""
        name = self.definition.name if self.definition else None
        return name.value[:LONGEST_NAME] if name else None

    @property
    def seconds(self) -> float:
        """How long it has taken up to now."""
        return perf_counter() - self.started

    def facts(self) -> dict[str, Any]:
        """All that is told of it."""
        return {
            "request": self.request_id,
            "type": self.type,
            "operation": self.name,
            "document": self.document.sha256 if self.document else None,
            "key": self.viewer.key_prefix if self.viewer else None,
            "cost": self.cost,
            "statements": self.statements,
            "milliseconds": round(self.seconds * 1_000, 3),
            "status": self.status,
            "outcome": self.outcome,
        }

    def __str__(self) -> str:
        """The same for a person."""
        return " ".join(f"{name}={fact}" for name, fact in self.facts().items() if fact is not None)


# The operation that this task, or this thread of a database, is at work on.
current: ContextVar[Operation | None] = ContextVar("operation", default=None)
