"""The rows of a page: those between its cursors, in the direction of reading."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
from graphql_api.sql.filter_strategy import Among, Aside, Way, fetched, free
from graphql_api.sql.global_ids import Columns

if TYPE_CHECKING:
    from graphql_api.sql.scope import Scope

Key = Sequence[ColumnElement[Any]]
Fits = Callable[[Columns], Sequence[ColumnElement[bool]]]


@dataclass(frozen=True)
class Stretch:
    """A part of an order, from one end: which rows are in it, and whether it is read from the greatest key down."""

    within: Fits
    descending: bool


@dataclass(frozen=True)
class Window:
    """What a page is cut out of; ``table`` makes a fresh name for its table, and ``backward`` reads from the end."""

    scope: Scope
    page: Page
    order: Order
    backward: bool
    after: Key | None
    before: Key | None
    aside: Aside | None
    table: Callable[[], FromClause]

    def found(self, table: FromClause, limit: ColumnElement[int], *columns: ColumnElement[Any]) -> Select[Any]:
        """At most ``limit`` rows between the page's cursors, in the direction of reading."""
        row, rows = table.c, select(*columns).select_from(table).correlate_except(table).limit(limit)
        if self.aside is None:
            rows = rows.where(*self.within(row), *self.page.where(self.scope, row))
            return rows.order_by(*self.directed(row, self.descending))
        picked = self.picked(self.aside, Stretch(self.within, self.descending), limit)
        rows = rows.where(self.aside.application(row), Among(row["id"], picked))
        return rows.order_by(*self.directed(fetched(row), self.descending))

    def picked(self, aside: Aside, stretch: Stretch, limit: ColumnElement[int]) -> CompoundSelect[Any]:
        """The ids of the first rows of a stretch, by whichever way the statement finds to be the shortest."""
        few = (self.few(way, stretch).limit(aside.where_few(way, limit)) for way in aside.ways)
        many = self.many(aside, stretch).limit(aside.where_many(limit))
        return union_all(*(select(each.subquery().c.id) for each in (*few, many)))

    def few(self, way: Way, stretch: Stretch) -> Select[Any]:
        """Where few rows fit one field: these, put in order."""
        table = self.table()
        row = fetched(table.c)
        rows = select(table.c["id"]).where(*way.among_few(table.c), *stretch.within(row))
        return rows.order_by(*self.directed(row, stretch.descending)).correlate_except(table)

    def many(self, aside: Aside, stretch: Stretch) -> Select[Any]:
        """Where many rows fit: the first ones on a walk along the order."""
        table = self.table()
        row = free(table.c, "application_id", *self.order.columns, *aside.served)
        rows = select(table.c["id"]).where(*stretch.within(row), *self.page.where(self.scope, row))
        return rows.order_by(*self.directed(row, stretch.descending)).correlate_except(table)

    def within(self, row: Columns) -> list[ColumnElement[bool]]:
        """Whether a row stands between the page's cursors; to be said first, since SQLite begins at the first bound."""
        conditions = []
        if self.after is not None:
            conditions.append(self.compared(row, self.after, later=True))
        if self.before is not None:
            conditions.append(self.compared(row, self.before, later=False))
        return conditions

    def directed(self, row: Columns, descending: bool) -> list[ColumnElement[Any]]:
        """What rows are read in the order of."""
        return directed([row[name] for name in self.order.columns], descending)

    @property
    def descending(self) -> bool:
        """Whether rows are read from the greatest key down."""
        return self.order.descending is not self.backward

    def compared(self, row: Columns, key: Key, *, later: bool, or_equal: bool = False) -> ColumnElement[bool]:
        """Whether a row stands later (or else earlier) in the order than a key."""
        columns: ColumnElement[Any] = row[self.order.columns[0]]
        bound = key[0]
        if len(key) > 1:
            columns, bound = row_of(*(row[name] for name in self.order.columns)), row_of(*key)
        if later is not self.order.descending:
            return columns >= bound if or_equal else columns > bound
        return columns <= bound if or_equal else columns < bound

    def count(self) -> ColumnElement[int]:
        """How many rows there are, whatever the cursors."""
        if self.aside is None:
            return self.counted(lambda row: self.page.where(self.scope, row))
        few = ((way.is_few(), self.counted(way.among_few)) for way in self.aside.ways)
        return case(*few, else_=self.counted(self.aside.ways[0].among_all))

    def counted(self, fits: Fits) -> ColumnElement[int]:
        """How many rows fit."""
        table = self.table()
        found = select(func.count()).select_from(table).where(*fits(table.c))
        return found.correlate_except(table).scalar_subquery()

    def behind(self) -> ColumnElement[bool]:
        """Whether there are rows at the cursor that reading starts from, or behind it."""
        return self.exists_from(self.before if self.backward else self.after, later=self.backward)

    def beyond(self) -> ColumnElement[bool]:
        """Whether there are rows at the cursor that reading ends at, or beyond it."""
        return self.exists_from(self.after if self.backward else self.before, later=not self.backward)

    def exists_from(self, key: Key | None, *, later: bool) -> ColumnElement[bool]:
        """Whether there is any row at a cursor's key or beyond it."""
        if key is None:
            return false()
        stretch = Stretch(
            lambda row: [self.compared(row, key, later=later, or_equal=True)], self.order.descending is later
        )
        if self.aside is not None:
            return exists(self.picked(self.aside, stretch, literal_column("1")))
        table = self.table()
        found: Select[Any] = select(literal_column("1"))
        found = found.select_from(table).where(*stretch.within(table.c), *self.page.where(self.scope, table.c))
        found = found.order_by(*self.directed(table.c, stretch.descending)).limit(1)
        return found.correlate_except(table).exists()


def directed(columns: Key, descending: bool) -> list[ColumnElement[Any]]:
    """Columns to order by, all in one direction."""
    return [column.desc() if descending else column.asc() for column in columns]
