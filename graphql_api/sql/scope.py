"""The place of a field while its SQL is made: the row it reads, the rows around it, and its arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from sqlalchemy import BinaryExpression, BindParameter, ColumnElement, FromClause
from sqlalchemy.types import TypeEngine

from graphql_api.sql.compilation import CompilationContext
from graphql_api.sql.request import Getter
from graphql_api.sql.source import Columns, Source


@dataclass(frozen=True)
class Scope:
    """The place of one field. ``name`` is the field's name in Python, and ``around`` the scope of the enclosing row."""

    context: CompilationContext
    source: Source | None = None
    columns: Columns | None = None
    around: Scope | None = None
    name: str = ""
    arguments: Mapping[str, Getter] | None = None

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
        """Return a table under a name of its own."""
        return self.context.alias(source)

    def at_field(self, name: str, arguments: Mapping[str, Getter] | None) -> Scope:
        """Return the scope of a field of the same row."""
        return replace(self, name=name, arguments=arguments)

    def enter(self, source: Source, where: Conditions) -> Entered:
        """Return the scope of a row of another table, with that table and the conditions that the row meets."""
        table = self.alias(source)
        conditions = where(self, table.c)
        columns = with_known_application(table.c, conditions)
        inner = replace(self, source=source, columns=columns, around=self, arguments=None)
        return inner, table, conditions


Conditions = Callable[[Scope, Columns], Sequence[ColumnElement[bool]]]
Entered = tuple[Scope, FromClause, Sequence[ColumnElement[bool]]]


class KnownApplication:
    """The columns of a row whose application is a parameter: the parameter stands in the column's place.

    Rows that belong to this row are then looked up in one application, and the database knows it before it has read
    the row: it goes into one partition.
    """

    def __init__(self, row: Columns, application: BindParameter[Any]) -> None:
        self._row = row
        self._application = application

    def __getitem__(self, name: str) -> ColumnElement[Any]:
        return self._application if name == "application_id" else self._row[name]

    def __contains__(self, name: str) -> bool:
        return name in self._row


def with_known_application(row: Columns, conditions: Sequence[ColumnElement[bool]]) -> Columns:
    """Return a row with its application as a parameter, where one of its conditions compares the two."""
    for each in conditions:
        if isinstance(each, BinaryExpression) and each.left is row["application_id"]:
            return cast(Columns, KnownApplication(row, each.right)) if isinstance(each.right, BindParameter) else row
    return row
