"""Where an expression stands while a document is compiled, and what the compilation has to remember.

What a request decides about the *text* of the statement (a directive, an order, which arguments stand) is asked with
``look`` and kept with the statement, which serves all requests that look the same. What it decides about *values* goes
through ``bind`` and becomes a parameter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import count
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    BinaryExpression,
    BindParameter,
    ColumnElement,
    FromClause,
    Integer,
    Table,
    bindparam,
    false,
    literal_column,
    select,
)
from sqlalchemy.types import TypeEngine

from db.repository.core import APPLICATION, SESSION
from db.tables import ApplicationRow, CustomerSessionRow
from graphql_api.errors import LimitExceeded
from graphql_api.sql.arguments import Getter
from graphql_api.sql.global_ids import Columns, Source
from graphql_api.sql.request import Request

SWEEP = 20  # objects that going through rows is counted as


class Trace:
    """One compilation, for one request: what was looked at, and what is put in when the statement runs."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.looks: dict[Getter, Any] = {}
        self.binds: dict[str, Getter] = {}
        self._bound: dict[tuple[Getter, type[TypeEngine[Any]]], BindParameter[Any]] = {}
        self.objects: Counter[tuple[Getter, ...]] = Counter()
        self.swept = False
        self.granted = self.look(lambda request: request.viewer.session_id is not None)
        self._aliases = count(1)

    def look(self, getter: Getter) -> Any:
        """The request's value of something that decides the statement's text; it has to be hashable and small."""
        if getter not in self.looks:
            self.looks[getter] = getter(self.request)
        return self.looks[getter]

    def bind(self, getter: Getter, type_: TypeEngine[Any]) -> BindParameter[Any]:
        """A parameter that each request fills for itself; one for all that are equal."""
        key = (getter, type(type_))
        if key not in self._bound:
            name = f"p{len(self.binds) + 1}"
            self.binds[name] = getter
            self._bound[key] = bindparam(name, type_=type_, required=True)
        return self._bound[key]

    def counts(self, sizes: tuple[Getter, ...], weight: int = 1) -> None:
        """An object that is answered as many times as the pages around it are long.

        Raises LimitExceeded where there are too many of them to compile.
        """
        self.objects[sizes] += weight
        if self.objects.total() > self.request.limits.max_cost:
            raise LimitExceeded(f"The document selects more than {self.request.limits.max_cost} objects.")

    def sweeps(self, sizes: tuple[Getter, ...]) -> None:
        """Rows, nobody knows how many, that are gone through: to count them, to sum them, or to find those that fit."""
        self.swept = True
        self.counts(sizes, SWEEP)

    def alias(self, source: Source) -> FromClause:
        """A name for a table that stands nowhere else in the statement; for a session token, of the rows it opens.

        No table gets into a statement by any other way.
        """
        name = f"t{next(self._aliases)}"
        if not self.granted:
            return aliased(source.table, name)
        return select(source.table).where(*self.opened(source.table)).subquery(name)

    def opened(self, table: Table) -> Iterator[ColumnElement[bool]]:
        """Which rows exist for a session token: the session's, and its application's own. Of any other table, none."""
        application, session = self.own
        yield table.c.application_id == application
        if table is SESSION or "session_id" in table.c:
            yield table.c["id" if table is SESSION else "session_id"] == session
        elif table is not APPLICATION:
            yield false()

    @cached_property
    def own(self) -> tuple[BindParameter[int], BindParameter[int]]:
        """The application and the number of the session that a session token is for."""
        application = self.bind(lambda request: request.viewer.application_id, Integer())
        return application, self.bind(lambda request: request.viewer.session_id, BigInteger())


@lru_cache(maxsize=200)
def aliased(table: Table, name: str) -> FromClause:
    """A table under a name. To make its columns is a third of compiling a statement."""
    return table.alias(name)


@dataclass(frozen=True)
class Scope:
    """Where an expression stands: the row it reads, the rows around it, the arguments of its field."""

    trace: Trace
    source: Source | None = None
    columns: Columns | None = None
    around: Scope | None = None
    name: str = ""
    arguments: Mapping[str, Getter] | None = None
    sizes: tuple[Getter, ...] = ()

    @property
    def row(self) -> Columns:
        """The columns of the row."""
        assert self.columns is not None, "a root field has no row"
        return self.columns

    def argument(self, name: str) -> Getter:
        """The value of one of the field's arguments, by its GraphQL name."""
        assert self.arguments is not None, "only a field with arguments has any"
        return self.arguments[name]

    def bind(self, getter: Getter, type_: TypeEngine[Any]) -> BindParameter[Any]:
        """A parameter that each request fills for itself."""
        return self.trace.bind(getter, type_)

    def look(self, getter: Getter) -> Any:
        """The request's value of something that decides the statement's text."""
        return self.trace.look(getter)

    @property
    def minor_digits(self) -> ColumnElement[int]:
        """The minor digits of the currency that amounts here are in."""
        if self.columns is None:
            return literal_column("0")
        if "minor_digits" in self.columns:
            return self.columns["minor_digits"]
        if self.around is not None and self.around.columns is not None:
            return self.around.minor_digits
        of_session = "session_id" in self.columns
        owner = self.trace.alias(Source(CustomerSessionRow if of_session else ApplicationRow))
        found = select(owner.c.minor_digits).where(owner.c.application_id == self.columns["application_id"])
        if of_session:
            found = found.where(owner.c.id == self.columns["session_id"])
        return found.correlate_except(owner).scalar_subquery()


class Placed:
    """The columns of a row whose application is a parameter, which stands in the place of the column.

    So what hangs on the row is looked for in one application, and the database knows it before it has the row.
    """

    def __init__(self, row: Columns, application: BindParameter[Any]) -> None:
        self._row = row
        self._application = application

    def __getitem__(self, name: str) -> ColumnElement[Any]:
        return self._application if name == "application_id" else self._row[name]

    def __contains__(self, name: str) -> bool:
        return name in self._row


def placed(row: Columns, conditions: Sequence[ColumnElement[bool]]) -> Columns:
    """A row as what hangs on it sees it, by the conditions that it meets."""
    for each in conditions:
        if isinstance(each, BinaryExpression) and each.left is row["application_id"]:
            return cast(Columns, Placed(row, each.right)) if isinstance(each.right, BindParameter) else row
    return row
