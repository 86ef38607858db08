"""The rows of a page: those between its cursors, in the direction of reading."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, FromClause, Select, false, func, literal_column, select, union_all
from sqlalchemy import tuple_ as row_of

from graphql_api.reading.aside import Aside, free
from graphql_api.reading.fields import Order, Page
from graphql_api.reading.identity import Columns

if TYPE_CHECKING:
    from graphql_api.reading.scope import Scope

Key = Sequence[ColumnElement[Any]]


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
            return rows.where(*self.between(row)).order_by(*self.directed(row))
        picked = union_all(*(select(ids.c.id) for ids in (self.few(self.aside, limit), self.many(self.aside, limit))))
        rows = rows.where(self.aside.application(row), row["id"].in_(picked))
        return rows.order_by(*self.directed(free(row)))

    def few(self, aside: Aside, limit: ColumnElement[int]) -> FromClause:
        """The ids of the page where few rows fit: these, put in order."""
        table = self.table()
        row = free(table.c, "application_id")
        rows = select(table.c["id"]).where(*aside.among_few(table.c), *self.between(row))
        rows = rows.order_by(*self.directed(row)).limit(aside.where_few(limit))
        return rows.correlate_except(table).subquery()

    def many(self, aside: Aside, limit: ColumnElement[int]) -> FromClause:
        """The ids of the page where many rows fit: the first ones on a walk along the order."""
        table = self.table()
        row = free(table.c, "application_id", *self.order.columns, *aside.served)
        rows = select(table.c["id"]).where(*self.between(row))
        rows = rows.order_by(*self.directed(row)).limit(aside.where_many(limit))
        return rows.correlate_except(table).subquery()

    def between(self, row: Columns) -> list[ColumnElement[bool]]:
        """Whether a row fits, and stands between the page's cursors."""
        conditions = [*self.page.where(self.scope, row)]
        if self.after is not None:
            conditions.append(self.compared(row, self.after, later=True))
        if self.before is not None:
            conditions.append(self.compared(row, self.before, later=False))
        return conditions

    def directed(self, row: Columns) -> list[ColumnElement[Any]]:
        """What rows are read in the order of."""
        return directed([row[name] for name in self.order.columns], self.descending)

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
        table = self.table()
        found = select(func.count()).select_from(table)
        if self.aside is None:
            found = found.where(*self.page.where(self.scope, table.c))
        else:
            fits = self.page.where(self.scope, free(table.c, "application_id"))
            found = found.where(*self.aside.among(table.c), *fits)
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
        table = self.table()
        served = self.aside.served if self.aside else table.c.keys()
        row = free(table.c, "application_id", *self.order.columns, *served)
        beyond = self.compared(row, key, later=later, or_equal=True)
        found: Select[Any] = select(literal_column("1"))
        found = found.select_from(table).where(*self.page.where(self.scope, row), beyond)
        nearest = directed([row[name] for name in self.order.columns], self.order.descending is later)
        return found.order_by(*nearest).limit(1).correlate_except(table).exists()


def directed(columns: Key, descending: bool) -> list[ColumnElement[Any]]:
    """Columns to order by, all in one direction."""
    return [column.desc() if descending else column.asc() for column in columns]
