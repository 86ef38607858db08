"""The conditions that the fields of a filter can be: any of some values, a range, a prefix, a value.

Each is declared with the column that it compares, and knows its SQL. ``rank`` orders the fields of a filter by how few
rows they usually pass; an index is chosen in this order. ``keeps_order`` says whether all rows that pass have the same
value: an index of the column then holds them in the order of its next column.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Enum, Select, literal_column, select

from db.repository.core import InList, TextList
from graphql_api.sql.arguments import FieldsWithValue, HasOneItem, InputField
from graphql_api.sql.filter_strategy import ExistsForRow, RowConditions
from graphql_api.sql.request import Getter, HasValue, Request
from graphql_api.sql.scope import Scope
from graphql_api.sql.source import Columns, Source, is_text

# Ranks, from the condition that the fewest rows usually pass.
RELATED, TEXT, PREFIX, OPTIONAL_RANGE, RANGE, ENUM, BOOLEAN = range(7)


@dataclass(frozen=True)
class FilterCondition:
    """A condition on a column of the listed table."""

    column: str

    def on(self, scope: Scope, row: Columns, value: Getter) -> ColumnElement[bool]:
        """Return whether a row meets the condition."""
        raise NotImplementedError

    def ids(self, scope: Scope, source: Source, value: Getter, where: RowConditions) -> Select[Any]:
        """Select the ids of the rows that meet the condition, of those with the conditions of the list."""
        table = scope.alias(source)
        found = select(table.c[source.row_id]).where(*where(table.c), self.on(scope, table.c, value))
        return found.correlate_except(table)

    def keeps_order(self, scope: Scope, value: Getter) -> bool:
        """Return whether all rows that meet it have the same value."""
        return False

    def rank(self, source: Source) -> int:
        """Return the place among a filter's fields, the smaller for the fewer rows."""
        raise NotImplementedError


class AnyOf(FilterCondition):
    """The column has any of the listed values. One value is compared with =, so that an index keeps its order."""

    def on(self, scope: Scope, row: Columns, value: Getter) -> ColumnElement[bool]:
        return any_of(scope, row[self.column], value)

    def keeps_order(self, scope: Scope, value: Getter) -> bool:
        return bool(scope.plan_key(HasOneItem(value)))

    def rank(self, source: Source) -> int:
        return ENUM if isinstance(source.table.c[self.column].type, Enum) else TEXT


@dataclass(frozen=True)
class AnyOfRelated(FilterCondition):
    """A row of the ``related`` table has any of the values; its ``owner`` is the ``row_id`` of the listed row."""

    related: Source
    owner: str
    row_id: str = "id"

    def on(self, scope: Scope, row: Columns, value: Getter) -> ColumnElement[bool]:
        table = scope.alias(self.related)
        found: Select[Any] = select(literal_column("1")).where(
            table.c.application_id == row["application_id"],
            table.c[self.owner] == row[self.row_id],
            any_of(scope, table.c[self.column], value),
        )
        return ExistsForRow(found.correlate_except(table))

    def ids(self, scope: Scope, source: Source, value: Getter, where: RowConditions) -> Select[Any]:
        """Select the ids by the index of the related table."""
        table = scope.alias(self.related)
        found = select(table.c[self.owner]).where(*where(table.c), any_of(scope, table.c[self.column], value))
        return found.correlate_except(table)

    def rank(self, source: Source) -> int:
        return RELATED


class Equals(FilterCondition):
    """The column has the value."""

    def on(self, scope: Scope, row: Columns, value: Getter) -> ColumnElement[bool]:
        return row[self.column] == scope.bind(value, row[self.column].type)

    def keeps_order(self, scope: Scope, value: Getter) -> bool:
        return True

    def rank(self, source: Source) -> int:
        return TEXT if is_text(source.table.c[self.column]) else BOOLEAN


class Prefix(FilterCondition):
    """The column begins with a text: it is at least that text, and less than the first text that does not."""

    def on(self, scope: Scope, row: Columns, value: Getter) -> ColumnElement[bool]:
        column = row[self.column]
        found = column >= scope.bind(value, column.type)
        following = AfterPrefix(value)
        return found & (column < scope.bind(following, column.type)) if scope.plan_key(HasValue(following)) else found

    def rank(self, source: Source) -> int:
        return PREFIX


@dataclass(frozen=True)
class Range(FilterCondition):
    """The column is in a range, an input with the fields ``low`` and ``high``. Each end may be left open.

    ``checked`` returns a getter that refuses a bound that the column cannot have.
    """

    low: str
    high: str
    inclusive: bool
    checked: Callable[[Getter], Getter] = lambda bound: bound

    def on(self, scope: Scope, row: Columns, value: Getter) -> ColumnElement[bool]:
        column = row[self.column]
        given = scope.plan_key(FieldsWithValue(value))
        found: ColumnElement[bool] = column.is_not(None)
        if self.low in given:
            found &= column >= scope.bind(self.checked(InputField(value, self.low)), column.type)
        if self.high in given:
            high = scope.bind(self.checked(InputField(value, self.high)), column.type)
            found &= column <= high if self.inclusive else column < high
        return found

    def rank(self, source: Source) -> int:
        return OPTIONAL_RANGE if source.table.c[self.column].nullable else RANGE


def any_of(scope: Scope, column: ColumnElement[Any], value: Getter) -> ColumnElement[bool]:
    """Return whether a column has any of the listed values."""
    if scope.plan_key(HasOneItem(value)):
        return column == scope.bind(lambda request: value(request)[0], column.type)
    return InList(column, scope.bind(value, TextList()))


@dataclass(frozen=True, slots=True)
class AfterPrefix:
    """Read the smallest text above all that begin with a prefix."""

    of: Getter

    def __call__(self, request: Request) -> str | None:
        return after_prefix(self.of(request))


def after_prefix(prefix: str) -> str | None:
    """Return the smallest text, by code point, above all that begin with a prefix; None where there is none."""
    stem = prefix.rstrip("\U0010ffff")
    if not stem:
        return None
    following = ord(stem[-1]) + 1
    return stem[:-1] + chr(0xE000 if following == 0xD800 else following)  # no text has a surrogate in it
