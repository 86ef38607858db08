"""The place of a field while its SQL is made: the row it reads, the rows around it, and its arguments."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from sqlalchemy import BinaryExpression, BindParameter, ColumnElement, FromClause
from sqlalchemy.types import TypeEngine

from graphql_api.sql.compilation import CompilationContext
from graphql_api.sql.request import Getter
from graphql_api.sql.source import Columns, Source


@dataclass(frozen=True, eq=False)
class Scope:
    """The place of one field. ``name`` is the field's name in Python, and ``around`` the scope of the enclosing row.

    Tables are numbered from ``first`` on, the number after that of the enclosing row. So a selection that stands twice
    in a document has the same SQL in both places, if ``rows``, which identifies the rows around it, is the same.
    """

    context: CompilationContext
    source: Source | None = None
    columns: Columns | None = None
    around: Scope | None = None
    name: str = ""
    arguments: Mapping[str, Getter] | None = None
    first: int = 1
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    rows: tuple[int, ...] = ()

    @property
    def row(self) -> Columns:
        """The columns of the row."""
        assert self.columns is not None, "a root field has no row"
        return self.columns

    def argument(self, name: str) -> Getter:
        """Return the getter of one of the field's arguments, by its GraphQL name."""
        assert self.arguments is not None, "only a field with arguments has any"
        return self.arguments[name]

    def bind(self, getter: Getter, type_: TypeEngine[Any]) -> BindParameter[Any]:
        """Return a parameter that each request fills."""
        return self.context.bind(getter, type_)

    def plan_key(self, getter: Getter) -> Any:
        """Return a value of the request that decides the text of the statement, and make it part of the plan's key."""
        return self.context.key.value(getter)

    def alias(self, source: Source) -> FromClause:
        """Return a table under a name that none of the queries around it has."""
        return self.context.table(source, next(self.numbers))

    def at_field(self, name: str, arguments: Mapping[str, Getter] | None) -> Scope:
        """Return the scope of a field of the same row."""
        return replace(self, name=name, arguments=arguments, numbers=count(self.first))

    def enter(self, source: Source, where: Conditions) -> Entered:
        """Return the scope of a row of another table, with that table and the conditions that the row meets."""
        number = next(self.numbers)
        table = self.context.table(source, number)
        conditions = where(self, table.c)
        columns = self.with_known_application(table.c, conditions)
        rows = (*self.rows, id(columns))
        inner = Scope(self.context, source, columns, around=self, first=number + 1, rows=rows)
        return inner, table, conditions

    def enter_json(self, same: Hashable, make: Callable[[int], tuple[Columns, FromClause | None]]) -> EnteredJson:
        """Return the scope of a JSON document, with the table of its elements if it is an array.

        ``make`` makes both with a number for the table. The same field of the same row has the same document.
        """
        number = next(self.numbers)
        columns, table = self.context.document((self.rows, same, number), lambda: make(number))
        rows = (*self.rows, id(columns))
        return Scope(self.context, None, columns, around=self, first=number + 1, rows=rows), table

    def with_known_application(self, row: Columns, conditions: Sequence[ColumnElement[bool]]) -> Columns:
        """Return a row with its application as a parameter, where one of its conditions compares the two."""
        for each in conditions:
            if isinstance(each, BinaryExpression) and each.left is row["application_id"]:
                return self.context.row(row, each.right) if isinstance(each.right, BindParameter) else row
        return row


Conditions = Callable[[Scope, Columns], Sequence[ColumnElement[bool]]]
EnteredJson = tuple[Scope, FromClause | None]
Entered = tuple[Scope, FromClause, Sequence[ColumnElement[bool]]]
