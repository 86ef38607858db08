"""What is kept of a traced operation while it is answered: as little as will do, since that is on everyone's way."""

import re
from collections.abc import Callable
from itertools import groupby
from operator import itemgetter
from time import time_ns
from typing import NamedTuple

from opentelemetry.trace import SpanContext, format_trace_id

from db.tables import Row
from graphql_api.observability.operation import Ended, Operation

MANY = 100  # statements of one operation that are kept until it ends

# What a statement does, or the table that it does it to. DO UPDATE and FOR UPDATE are no steps of their own.
STEP = re.compile(r"\b(?<!DO )(?<!FOR )(SELECT|INSERT|UPDATE|DELETE)\b|(?<=FROM |JOIN |INTO )(\w+)|(\w+)(?= SET\b)")


class StatementSpan:
    """One statement. Times are nanoseconds since 1970, and ``ended`` is 0 as long as it has not."""

    __slots__ = ("ended", "error", "started", "system", "text")

    def __init__(self, text: str, system: str) -> None:
        self.text = text
        self.system = system
        self.started = time_ns()
        self.ended = 0
        self.error: str | None = None

    def end(self, error: BaseException | None) -> None:
        """It has ended; of an error its class is kept, since what it says may hold values."""
        self.ended = time_ns()
        if error is not None:
            self.error = type(error).__qualname__


class OperationSpan:
    """One operation and its statements. ``parent`` is the span of another server that asked for it, if one did.

    One that goes on for long, as a subscription does, hands its statements on to ``take`` meanwhile.
    """

    __slots__ = ("_take", "context", "parent", "started", "statements")

    def __init__(self, context: SpanContext, parent: SpanContext | None, take: "Callable[[Told], None]") -> None:
        self._take = take
        self.context = context
        self.parent = parent
        self.started = time_ns()
        self.statements: list[StatementSpan] = []

    @property
    def id(self) -> str:
        """The trace's."""
        return format_trace_id(self.context.trace_id)

    def statement(self, text: str, system: str) -> Ended:
        """A statement begins."""
        if len(self.statements) >= MANY:
            ended = [each for each in self.statements if each.ended]
            self.statements = [each for each in self.statements if not each.ended]
            self._take(Told(self.context, self, ended, None))
        statement = StatementSpan(text, system)
        self.statements.append(statement)
        return statement.end

    def end(self, seen: Operation) -> None:
        """It has been answered."""
        self._take(Told(self.context, self, self.statements, seen))


class Told(NamedTuple):
    """What there is to be told of an operation, on its way to the exporter: statements, and itself if it has ended."""

    context: SpanContext
    span: OperationSpan
    statements: list[StatementSpan]
    seen: Operation | None


def summary(statement: str) -> str:
    """What a statement does, and the tables that it does it to, in its order, each once."""
    verb, told = "", dict[tuple[str, str], None]()
    for step in STEP.finditer(statement):
        verb, table = step[1] or verb, step[2] or step[3]
        if table in Row.metadata.tables:
            told[verb, table] = None
    if not told:
        return verb or statement.split(maxsplit=1)[0]
    return " ".join(f"{verb} {' '.join(table for _, table in group)}" for verb, group in groupby(told, itemgetter(0)))
