"""Plans: statements as text, with what is known of them and the ways in which their parameters are found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from sqlalchemy import Dialect, Select

from graphql_api.sql.arguments import Getter
from graphql_api.sql.cost import within
from graphql_api.sql.request import Request
from graphql_api.sql.scope import Trace


@dataclass(frozen=True, slots=True)
class Plan:
    """One statement, the looks it was made for, and how its parameters are found.

    A query that asks for the schema has no statement. What a request gave and the statement has no use for, such as
    the cursor of a page of which only totalCount is read, is checked all the same.
    """

    statement: str | None
    looks: Sequence[tuple[Getter, Any]]
    parameters: Sequence[tuple[str, Getter, Callable[[Any], Any] | None]] = ()
    objects: int = 0
    paged_objects: Sequence[tuple[int, tuple[Getter, ...]]] = ()
    swept: bool = False
    unused: Sequence[Getter] = ()

    def fits(self, request: Request) -> bool:
        """Whether the statement is the one for this request."""
        return all(getter(request) == seen for getter, seen in self.looks)

    def cost(self, request: Request) -> int:
        """How many objects the statement can answer: pages count for as many as they may hold, other lists for one.

        Rows that are only gone through (a count, a sum, the search for a page) count as some more.

        Raises LimitExceeded above the limit, and BadUserInput on a page of a size that cannot be.
        """
        cost = self.objects + sum(count * prod(size(request) for size in sizes) for count, sizes in self.paged_objects)
        return within(cost, request.limits.max_cost)

    def bound(self, request: Request) -> dict[str, Any]:
        """The statement's parameters. Raises BadUserInput where one cannot be made from the request."""
        for check in self.unused:
            check(request)
        return {
            name: process(getter(request)) if process else getter(request) for name, getter, process in self.parameters
        }


def written(statement: Select[Any], trace: Trace, dialect: Dialect) -> Plan:
    """A statement as text, with the ways in which its parameters are found."""
    compiled = statement.compile(dialect=dialect)
    parameters = []
    for name in compiled.positiontup or compiled.params:  # in the order in which the database numbers them
        bind = compiled.binds[name]
        getter = trace.binds[name] if name in trace.binds else constant(bind.value)
        parameters.append((name, getter, bind.type.dialect_impl(dialect).bind_processor(dialect)))
    paged = [(count, sizes) for sizes, count in trace.objects.items() if sizes]
    unused = [getter for name, getter in trace.binds.items() if name not in compiled.binds]
    return Plan(str(compiled), tuple(trace.looks.items()), parameters, trace.objects[()], paged, trace.swept, unused)


def constant(value: Any) -> Getter:
    """A parameter that is the same for all."""
    return lambda request: value
