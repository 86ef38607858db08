"""The choice of the index for a page with a filter that the order's index does not serve.

An index holds the rows of an order, or those of a filter, and seldom both. Where few rows pass a filter it is fastest
to fetch and sort these; where many do, to walk along the order until the page is full. The statement finds out which
when it runs: it counts the rows that pass each field, up to FEW, and gives every way but one a limit of 0. A page then
takes about as long in a large table as in a small one, whether its filter passes a handful of rows or half of them.

PostgreSQL plans a statement once, without the values, and cannot know which way will be taken. Each way is therefore
written in a form that leaves the planner one plan: the elements below say what each does to it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from sqlalchemy import ColumnElement, CompoundSelect, Select, case, func, select

from graphql_api.sql.functions import SqlFunction
from graphql_api.sql.source import Columns

FEW = 1_000

RowConditions = Callable[[Columns], Sequence[ColumnElement[bool]]]


@dataclass(frozen=True)
class FilterIndex:
    """The way by one field of a filter and its index.

    ``ids`` selects the ids of the rows that pass the field, from another table if ``related``. ``others`` returns all
    other conditions on a row. ``row_id`` names the column with the id of a row.
    """

    ids: Callable[[], Select[Any]]
    related: bool
    others: RowConditions
    row_id: str

    def has_few(self) -> ColumnElement[bool]:
        """Return whether at most FEW rows pass the field."""
        passing = self.ids().limit(FEW + 1).subquery()
        return select(func.count()).select_from(passing).scalar_subquery() <= FEW

    def conditions_for_few(self, row: Columns) -> Sequence[ColumnElement[bool]]:
        """Return the conditions of the whole filter, where few rows pass the field."""
        return [FetchedById(row[self.row_id], self.ids().limit(FEW)), *self.others(without_indexes(row))]

    def conditions_for_any(self, row: Columns) -> Sequence[ColumnElement[bool]]:
        """Return the conditions of the whole filter, however many rows pass the field."""
        id_ = row[self.row_id]
        found = FetchedById(id_, self.ids()) if self.related else id_.in_(self.ids())
        return [found, *self.others(without_indexes_on_sqlite(row, "application_id"))]


@dataclass(frozen=True)
class FilterStrategy:
    """The ways to read a page: by the index of a filter's field, or along the order.

    ``listed`` returns the conditions on a row without those of the filter. ``indexes`` are the ways by fields that the
    order's index does not serve. ``served`` names the columns that it serves: of the list, and of the other fields.
    """

    listed: RowConditions
    indexes: Sequence[FilterIndex]
    served: Collection[str]
    row_id: str

    def within(self, where: RowConditions) -> FilterStrategy:
        """Return the strategy for the rows that meet more conditions, too."""
        indexes = [replace(each, others=joined(each.others, where)) for each in self.indexes]
        return replace(self, listed=where, indexes=indexes)

    def limit_by(self, index: FilterIndex, limit: ColumnElement[int]) -> ColumnElement[int]:
        """Return the limit where this field is the first that few rows pass, and else 0."""
        before = self.indexes[: self.indexes.index(index)]
        return case(*((each.has_few(), 0) for each in before), (index.has_few(), limit), else_=0)

    def limit_along_order(self, limit: ColumnElement[int]) -> ColumnElement[int]:
        """Return the limit where many rows pass every field, and else 0."""
        return case(*((each.has_few(), 0) for each in self.indexes), else_=limit)


def joined(others: RowConditions, where: RowConditions) -> RowConditions:
    """Return both conditions on a row."""
    return lambda row: [*others(row), *where(row)]


class FetchedById(SqlFunction):
    """A condition: the row's id is among those that a query selects.

    The ids are found first, and the rows are then fetched one by one by their ids. SQLite carries out IN this way.
    PostgreSQL expects an unknown array to be short, but a limited query to be a tenth of all.
    """

    sqlite = "{0} IN {1}"
    postgresql = "{0} = ANY (ARRAY{1})"

    def __init__(self, id_: ColumnElement[Any], ids: Select[Any] | CompoundSelect[Any]) -> None:
        super().__init__(id_, ids.scalar_subquery())


class ExistsForRow(SqlFunction):
    """A condition: a query about the row finds something. It runs for each row that is read, and for no other.

    Without the offset PostgreSQL makes a join, and reads all rows for a page of few.
    """

    sqlite = "EXISTS {0}"
    postgresql = "EXISTS ({0} OFFSET 0)"

    def __init__(self, query: Select[Any]) -> None:
        super().__init__(query.scalar_subquery())


class WithoutIndexOnSqlite(SqlFunction):
    """A column whose indexes SQLite does not use. PostgreSQL knows how values are distributed, and chooses better.

    The unary plus of SQLite's manual still allows a partial index of rows that are not null.
    """

    sqlite = "coalesce({0}, NULL)"
    postgresql = "{0}"

    def __init__(self, column: ColumnElement[Any]) -> None:
        super().__init__(column)
        self.type = column.type


class WithoutIndex(WithoutIndexOnSqlite):
    """A column whose indexes neither database uses, for rows that were found by their ids."""

    postgresql = "(ARRAY[{0}])[1]"


class ColumnsWithoutIndexes:
    """The columns of a row, without indexes but those of the columns in ``indexed``."""

    def __init__(self, row: Columns, indexed: Collection[str], wrapper: type[WithoutIndexOnSqlite]) -> None:
        self._row = row
        self._indexed = indexed
        self._wrapper = wrapper

    def __getitem__(self, name: str) -> ColumnElement[Any]:
        return self._row[name] if name in self._indexed else self._wrapper(self._row[name])

    def __contains__(self, name: str) -> bool:
        return name in self._row


def without_indexes_on_sqlite(row: Columns, *indexed: str) -> Columns:
    """Return a row whose conditions use no indexes on SQLite but those of the columns in ``indexed``."""
    return cast(Columns, ColumnsWithoutIndexes(row, indexed, WithoutIndexOnSqlite))


def without_indexes(row: Columns) -> Columns:
    """Return a row that is found by its id: neither its conditions nor its order use another index."""
    return cast(Columns, ColumnsWithoutIndexes(row, ("application_id",), WithoutIndex))
