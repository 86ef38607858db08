"""The rows of a page: those between its cursors, in the direction in which it is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    FromClause,
    Select,
    case,
    exists,
    false,
    func,
    literal_column,
    select,
    union_all,
)
from sqlalchemy import tuple_ as row_of

from graphql_api.sql.fields import Order, Page
from graphql_api.sql.filter_strategy import (
    FetchedById,
    FilterIndex,
    FilterStrategy,
    RowConditions,
    without_indexes,
    without_indexes_on_sqlite,
)
from graphql_api.sql.scope import Scope
from graphql_api.sql.source import Columns

Key = Sequence[ColumnElement[Any]]


@dataclass(frozen=True)
class KeyRange:
    """A part of an order: the conditions on its rows, and whether it is read from the greatest key down."""

    within: RowConditions
    descending: bool


@dataclass(frozen=True)
class PageBounds:
    """The rows of a page. ``table`` returns their table under a fresh name; ``backward`` reads from the end."""

    scope: Scope
    page: Page
    order: Order
    backward: bool
    after: Key | None
    before: Key | None
    strategy: FilterStrategy | None
    table: Callable[[], FromClause]

    def rows(self, table: FromClause, limit: ColumnElement[int], *columns: ColumnElement[Any]) -> Select[Any]:
        """Select at most ``limit`` rows between the page's cursors, in the direction of reading."""
        row, rows = table.c, select(*columns).select_from(table).correlate_except(table).limit(limit)
        if self.strategy is None:
            rows = rows.where(*self.within(row), *self.page.where(self.scope, row))
            return rows.order_by(*self.directed(row, self.descending))
        ids = self.ids(self.strategy, KeyRange(self.within, self.descending), limit)
        rows = rows.where(*self.strategy.listed(without_indexes(row)), FetchedById(row[self.strategy.row_id], ids))
        return rows.order_by(*self.directed(without_indexes(row), self.descending))

    def ids(self, strategy: FilterStrategy, keys: KeyRange, limit: ColumnElement[int]) -> CompoundSelect[Any]:
        """Select the ids of the first rows of a range, by the way that the statement chooses when it runs."""
        few = (self.ids_by(each, keys).limit(strategy.limit_by(each, limit)) for each in strategy.indexes)
        many = self.ids_along_order(strategy, keys).limit(strategy.limit_along_order(limit))
        return union_all(*(select(each.subquery().c[strategy.row_id]) for each in (*few, many)))

    def ids_by(self, index: FilterIndex, keys: KeyRange) -> Select[Any]:
        """Select the ids by a filter's index: its few rows, sorted."""
        table = self.table()
        row = without_indexes(table.c)
        rows = select(table.c[index.row_id]).where(*index.conditions_for_few(table.c), *keys.within(row))
        return rows.order_by(*self.directed(row, keys.descending)).correlate_except(table)

    def ids_along_order(self, strategy: FilterStrategy, keys: KeyRange) -> Select[Any]:
        """Select the ids by the order's index: the first rows that pass the filter on a walk along it."""
        table = self.table()
        row = without_indexes_on_sqlite(table.c, "application_id", *self.order.columns, *strategy.served)
        rows = select(table.c[strategy.row_id]).where(*keys.within(row), *self.page.where(self.scope, row))
        return rows.order_by(*self.directed(row, keys.descending)).correlate_except(table)

    def within(self, row: Columns) -> list[ColumnElement[bool]]:
        """Return the conditions on rows between the cursors. They come first: SQLite begins at the first bound."""
        conditions = []
        if self.after is not None:
            conditions.append(self.compared(row, self.after, later=True))
        if self.before is not None:
            conditions.append(self.compared(row, self.before, later=False))
        return conditions

    def directed(self, row: Columns, descending: bool) -> list[ColumnElement[Any]]:
        """Return what rows are ordered by."""
        return directed([row[name] for name in self.order.columns], descending)

    @property
    def descending(self) -> bool:
        """Whether rows are read from the greatest key down."""
        return self.order.descending is not self.backward

    def compared(self, row: Columns, key: Key, *, later: bool, or_equal: bool = False) -> ColumnElement[bool]:
        """Return whether a row stands later than a key in the order, or earlier."""
        columns: ColumnElement[Any] = row[self.order.columns[0]]
        bound = key[0]
        if len(key) > 1:
            columns, bound = row_of(*(row[name] for name in self.order.columns)), row_of(*key)
        if later is not self.order.descending:
            return columns >= bound if or_equal else columns > bound
        return columns <= bound if or_equal else columns < bound

    def count(self) -> ColumnElement[int]:
        """Return how many rows there are, whatever the cursors."""
        if self.strategy is None:
            return self.counted(lambda row: self.page.where(self.scope, row))
        few = ((each.has_few(), self.counted(each.conditions_for_few)) for each in self.strategy.indexes)
        return case(*few, else_=self.counted(self.strategy.indexes[0].conditions_for_any))

    def counted(self, conditions: RowConditions) -> ColumnElement[int]:
        """Return how many rows meet the conditions."""
        table = self.table()
        found = select(func.count()).select_from(table).where(*conditions(table.c))
        return found.correlate_except(table).scalar_subquery()

    def behind(self) -> ColumnElement[bool]:
        """Return whether there are rows at the cursor that reading starts from, or before it."""
        return self.exists_from(self.before if self.backward else self.after, later=self.backward)

    def beyond(self) -> ColumnElement[bool]:
        """Return whether there are rows at the cursor that reading ends at, or beyond it."""
        return self.exists_from(self.after if self.backward else self.before, later=not self.backward)

    def exists_from(self, key: Key | None, *, later: bool) -> ColumnElement[bool]:
        """Return whether there is a row at a cursor's key, or later or earlier than it."""
        if key is None:
            return false()
        keys = KeyRange(
            lambda row: [self.compared(row, key, later=later, or_equal=True)], self.order.descending is later
        )
        if self.strategy is not None:
            return exists(self.ids(self.strategy, keys, literal_column("1")))
        table = self.table()
        found: Select[Any] = select(literal_column("1"))
        found = found.select_from(table).where(*keys.within(table.c), *self.page.where(self.scope, table.c))
        found = found.order_by(*self.directed(table.c, keys.descending)).limit(1)
        return found.correlate_except(table).exists()


def directed(columns: Key, descending: bool) -> list[ColumnElement[Any]]:
    """Return columns to order by, all in one direction."""
    return [column.desc() if descending else column.asc() for column in columns]
