"""Lists: what the rows of a type can be filtered and ordered by, declared once, beside the type.

A filter is a Strawberry input; each field is declared by ``filter_field`` with a condition on a column. An order is an
input with the fields ``field`` and ``direction``, or is fixed. A ``ListDeclaration`` takes both, and the rest follows:
the conditions, the order of a connection, and the choice of the index by which a page is read. Indexes are found among
those of the table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

import strawberry
from sqlalchemy import BindParameter, ColumnElement, Index, PrimaryKeyConstraint, Table, UniqueConstraint
from strawberry.utils.str_converters import to_camel_case

from graphql_api.sql.arguments import FieldsWithValue, InputField
from graphql_api.sql.fields import Order, Page
from graphql_api.sql.filter_conditions import AnyOfRelated, FilterCondition
from graphql_api.sql.filter_strategy import FilterIndex, FilterStrategy, RowConditions
from graphql_api.sql.request import Getter, Request
from graphql_api.sql.scope import Conditions, Scope
from graphql_api.sql.source import Columns, Source

CONDITION = "condition"  # the key in the metadata of a filter's field


def filter_field(description: str, condition: FilterCondition) -> Any:
    """Declare a field of a filter: null or left out, it does not filter."""
    return strawberry.field(description=description, default=None, metadata={CONDITION: condition})


@dataclass(frozen=True)
class ListDeclaration:
    """The lists of one type. ``filter`` and ``order`` are the inputs of the arguments ``filter`` and ``orderBy``.

    A list without the argument ``orderBy`` has one ``Order``. Where types share a table, its indexes begin with the
    application and ``within``.
    """

    source: Source
    filter: type
    order: type | Order
    within: tuple[str, ...] = ()

    def page(self, where: Conditions) -> Page:
        """Return a connection of rows that one index of the table holds already, such as those of a customer."""
        return Page(lambda scope, row: [*where(scope, row), *self.filtered(scope, row)], self.chosen_order)

    def indexed_page(self, where: Conditions) -> Page:
        """Return a connection of an application's rows, read by the index that fits the filter and the order."""
        return Page(
            lambda scope, row: [*where(scope, row), *self.filtered(scope, row)],
            self.chosen_order,
            lambda scope, order: self.strategy(scope, order, lambda row: where(scope, row), self.within),
        )

    def indexed_page_within(self, column: str, where: Conditions, of_application: Conditions) -> Page:
        """Return a connection of the rows that one row owns, read by the index that fits the filter and the order.

        ``column`` refers to the owner and leads the order's index. The indexes of the filter hold the rows of all
        owners: those in ``of_application``.
        """

        def strategy(scope: Scope, order: Order) -> FilterStrategy | None:
            if not isinstance(scope.row["application_id"], BindParameter):
                return None  # SQLite cannot count rows in a LIMIT by columns of the rows around it
            found = self.strategy(scope, order, lambda row: of_application(scope, row), (column,))
            return found and found.within(lambda row: where(scope, row))

        return Page(
            lambda scope, row: [*where(scope, row), *self.filtered(scope, row)],
            self.chosen_order,
            strategy,
        )

    @cached_property
    def conditions(self) -> Mapping[str, FilterCondition]:
        """The conditions of the filter's fields by their GraphQL names."""
        fields = self.filter.__strawberry_definition__.fields  # type: ignore[attr-defined]  # added by strawberry.input
        return {each.graphql_name or to_camel_case(each.python_name): each.metadata[CONDITION] for each in fields}

    @cached_property
    def order_columns(self) -> Mapping[str, tuple[str, ...]]:
        """The columns of each order by the name of its enum value, which is that of its first column in upper case.

        The rest of the primary key follows, unless the first column is unique. A fixed order has its own name.
        """
        if isinstance(self.order, Order):
            return {self.order.name: tuple(self.order.columns)}
        table, rest = self.source.table, tuple(each.name for each in self.source.key[1:])
        columns = {name: name.lower() for name in type(self._default_order["field"]).__members__}
        return {
            name: (column,) if is_unique(table, column) else (column, *(each for each in rest if each != column))
            for name, column in columns.items()
        }

    @cached_property
    def _default_order(self) -> Mapping[str, Enum]:
        fields = self.order.__strawberry_definition__.fields  # type: ignore[union-attr]  # added by strawberry.input
        return {each.python_name: each.default for each in fields}

    def chosen_order(self, scope: Scope) -> Order:
        """Return the order that the argument orderBy names, or the only one."""
        if isinstance(self.order, Order):
            return self.order
        given = scope.argument("orderBy")
        field, direction = (OrderOption(given, name, each.name) for name, each in self._default_order.items())
        columns = self.order_columns[scope.plan_key(field)]
        return Order(f"{self.source.prefix}.{columns[0]}", columns, scope.plan_key(direction) == "DESC")

    def filtered(self, scope: Scope, row: Columns, without: str | None = None) -> list[ColumnElement[bool]]:
        """Return the conditions of the filter on a row, without those of one field."""
        given = scope.argument("filter")
        return [
            self.conditions[name].on(scope, row, InputField(given, name))
            for name in scope.plan_key(FieldsWithValue(given))
            if name != without
        ]

    def strategy(
        self, scope: Scope, order: Order, where: RowConditions, leading: Sequence[str]
    ) -> FilterStrategy | None:
        """Return how the index is chosen; None where the index of the order finds few enough rows by itself.

        ``leading`` are the columns of that index before those of the order.
        """
        given = scope.argument("filter")
        names = sorted(scope.plan_key(FieldsWithValue(given)), key=self.rank)
        values = {name: InputField(given, name) for name in names}
        served = [name for name in names if self.is_served(scope, self.conditions[name], values[name], order, leading)]
        if not names or names[0] in served:
            return None
        row_id = self.source.row_id

        def index(name: str) -> FilterIndex:
            condition = self.conditions[name]
            return FilterIndex(
                lambda: condition.ids(scope, self.source, values[name], where),
                isinstance(condition, AnyOfRelated),
                lambda row: [*where(row), *self.filtered(scope, row, without=name)],
                row_id,
            )

        indexes = [index(name) for name in names if name not in served]
        columns = [*leading, *(self.conditions[name].column for name in served)]
        return FilterStrategy(where, indexes, columns, row_id)

    def rank(self, name: str) -> tuple[int, int]:
        """Return the place of a filter's field: by its condition, and among equals as declared."""
        return self.conditions[name].rank(self.source), list(self.conditions).index(name)

    def is_served(
        self, scope: Scope, condition: FilterCondition, value: Getter, order: Order, leading: Sequence[str]
    ) -> bool:
        """Return whether an index holds the rows that meet a condition in the order."""
        if isinstance(condition, AnyOfRelated):
            return False
        first = order.columns[0]
        if condition.column == first:
            return True
        ordered = indexes_on(self.source.table, *leading, condition.column, first)
        return bool(ordered) and condition.keeps_order(scope, value)

    def indexes_of_filter(self, name: str) -> list[str]:
        """Return the names of the indexes that serve a filter's field."""
        condition = self.conditions[name]
        if isinstance(condition, AnyOfRelated):
            return indexes_on(condition.related.table, condition.column)
        return indexes_on(self.source.table, *self.within, condition.column)

    def indexes_of_order(self, name: str) -> list[str]:
        """Return the names of the indexes that hold the rows in an order."""
        return indexes_on(self.source.table, *self.within, *self.order_columns[name])


@dataclass(frozen=True, slots=True)
class OrderOption:
    """Read the name of an enum value in an order, or the default."""

    of: Getter
    name: str
    default: str

    def __call__(self, request: Request) -> str:
        """Return the name."""
        value = (self.of(request) or {}).get(self.name)
        return self.default if value is None else str(value.name)


def indexes_on(table: Table, *columns: str) -> list[str]:
    """Return the names of the indexes that begin with the application and these columns."""
    wanted = ["application_id", *columns]
    keys = [each for each in table.constraints if isinstance(each, PrimaryKeyConstraint | UniqueConstraint)]
    candidates: list[Index | PrimaryKeyConstraint | UniqueConstraint] = [*keys, *table.indexes]
    return [str(each.name) for each in candidates if [it.name for it in each.columns][: len(wanted)] == wanted]


def is_unique(table: Table, column: str) -> bool:
    """Return whether a column is unique in each application."""
    return any(
        [each.name for each in key.columns] == ["application_id", column]
        for key in table.constraints
        if isinstance(key, PrimaryKeyConstraint | UniqueConstraint)
    )
