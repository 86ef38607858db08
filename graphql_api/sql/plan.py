"""A plan: the text of a statement, the requests that it serves, and how its parameters are computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from math import prod
from typing import Any

from sqlalchemy import Dialect, Select
from sqlalchemy.sql.compiler import SQLCompiler

from graphql_api.errors import LimitExceeded
from graphql_api.sql.compilation import CompilationContext
from graphql_api.sql.request import Getter, KeyValues, Lookup, Request, matches

Sizes = tuple[Getter, ...]  # of the pages around an object, the outermost first


@dataclass(frozen=True, slots=True)
class CostFormula:
    """A sum of products: each weight is multiplied by the sizes of the pages around it.

    ``key`` has the values of the request that the formula was made for, and ``sweeps`` says whether any number of rows
    may be read.
    """

    key: KeyValues
    fixed: int
    paged: Sequence[tuple[int, Sizes]]
    sweeps: bool

    def evaluate(self, request: Request) -> int:
        """Return the cost for a request.

        Raises LimitExceeded above the limit, and BadUserInput on a page size that is out of range.
        """
        cost = self.fixed + sum(weight * prod(size(request) for size in sizes) for weight, sizes in self.paged)
        if cost > request.limits.max_cost:
            raise LimitExceeded(f"The document can answer {cost} objects; the limit is {request.limits.max_cost}.")
        return cost


@dataclass(frozen=True, slots=True)
class Plan:
    """One statement; None for a query that asks for the schema, which is not in the database.

    ``unused`` are getters of values that the statement does not need, such as the cursor of a page of which only
    totalCount is selected. They are evaluated all the same, so that wrong values are refused.
    """

    statement: str | None
    key: KeyValues
    cost: CostFormula
    parameters: Sequence[tuple[str, Getter, Callable[[Any], Any] | None]] = ()
    unused: Sequence[Getter] = ()
    lookups: Sequence[Lookup] = ()

    def serves(self, request: Request) -> bool:
        """Return whether the statement is the one for a request."""
        return matches(self.key, request)

    def bind(self, request: Request) -> dict[str, Any]:
        """Return the statement's parameters. Raises BadUserInput where a value of the request is wrong."""
        for check in self.unused:
            check(request)
        return {
            name: process(getter(request)) if process else getter(request) for name, getter, process in self.parameters
        }


def build_plan(statement: Select[Any] | None, context: CompilationContext, cost: CostFormula, dialect: Dialect) -> Plan:
    """Render a statement as text, and find for each of its parameters the getter and the conversion for the driver."""
    if statement is None:
        return Plan(None, context.key.values, cost)
    compiler = without_nested_ctes(dialect.statement_compiler)  # type: ignore[arg-type]  # mypy takes no class as hashable
    compiled: Any = compiler(dialect, statement, compile_kwargs={"rendered": {}})  # see Concat
    parameters = []
    for name in compiled.positiontup or compiled.params:  # in the order in which the database numbers them
        bind = compiled.binds[name]
        getter = context.parameters[name] if name in context.parameters else constant(bind.value)
        parameters.append((name, getter, bind.type.dialect_impl(dialect).bind_processor(dialect)))
    unused = [getter for name, getter in context.parameters.items() if name not in compiled.binds]
    return Plan(str(compiled), context.key.values, cost, parameters, unused, context.lookups)


@cache
def without_nested_ctes(compiler: type[SQLCompiler]) -> type[SQLCompiler]:
    """Return the compiler for statements whose common table expressions all stand at the top.

    For each subquery SQLAlchemy looks through all of them for those that are nested in it. With ten for each
    ``node(id:)``, a document of a hundred took three times as much work.
    """

    class TopLevelCompiler(compiler):  # type: ignore[misc, valid-type]  # a class that is known only here
        def _render_cte_clause(self, nesting_level: int | None = None, **options: Any) -> str:
            if nesting_level and nesting_level > 1:
                return ""
            text: str = super()._render_cte_clause(nesting_level, **options)
            return text

    return TopLevelCompiler


def constant(value: Any) -> Getter:
    """Return the getter of a value that is the same for all requests."""
    return lambda request: value
