"""Sums over groups of rows: each group is an object, whose fields read its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import ColumnElement, FromClause, Select, literal_column, select

from graphql_api.sql.functions import SqlFunction
from graphql_api.sql.request import Getter
from graphql_api.sql.scope import Scope
from graphql_api.sql.source import Columns

KEY = "group_key"


@dataclass
class GroupColumns:
    """The columns of a group, by name. ``computed`` are made of its rows, and ``known`` are the same for all groups.

    Only the columns that a document selects get into the statement: each is computed for every row.
    """

    table: str
    computed: Mapping[str, ColumnElement[Any]]
    known: Mapping[str, ColumnElement[Any]]
    selected: dict[str, ColumnElement[Any]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> ColumnElement[Any]:
        if name in self.known:
            return self.known[name]
        self.selected[name] = self.computed[name]
        return literal_column(f"{self.table}.{name}", self.computed[name].type)

    def __contains__(self, name: str) -> bool:
        return name in self.computed or name in self.known


@dataclass(frozen=True)
class Grouping:
    """The groups of the rows in ``table`` that meet conditions, with equal values in the column KEY.

    ``order`` names the columns that groups are ordered by, each with whether it descends. Without a column KEY all rows
    are one group. There are at most ``count`` groups, which is the value of ``limit``.
    """

    table: FromClause
    where: Sequence[ColumnElement[bool]]
    columns: GroupColumns
    order: Sequence[tuple[str, bool]]
    limit: ColumnElement[int]
    count: Getter

    def enter(self, scope: Scope) -> Scope:
        """Return the scope of a group."""
        columns = cast(Columns, self.columns)
        return Scope(scope.context, columns=columns, around=scope, first=next(scope.numbers), rows=(id(columns),))

    def rows(self, text: ColumnElement[Any]) -> Select[Any]:
        """Select a text, which reads the columns of a group, for each group in order."""
        is_grouped = KEY in self.columns
        ordered = [(name, self.columns[name], descending) for name, descending in self.order]
        wanted = self.columns.selected or {"one": literal_column("count(*)")}
        groups = select(*(column.label(name) for name, column in wanted.items()))
        groups = groups.select_from(self.table).where(*self.where)
        if is_grouped:
            inside = (directed(literal_column(name), descending) for name, _, descending in ordered)
            groups = groups.group_by(literal_column(KEY)).order_by(*inside).limit(self.limit)
        outside = (directed(column, descending) for _, column, descending in ordered)
        return select(text.label("o")).select_from(groups.subquery(self.columns.table)).order_by(*outside)


def directed(column: ColumnElement[Any], descending: bool) -> ColumnElement[Any]:
    """Return a column to order by, null last on both databases."""
    return (column.desc() if descending else column.asc()).nulls_last()


class SumOfWholes(SqlFunction):
    """The sum of amounts in whole units. Their ten-thousandths alone could sum to more than 64 bits hold."""

    sqlite = postgresql = "coalesce(sum(({0}) / 10000), 0)"


class SumOfFractions(SqlFunction):
    """The sum of the ten-thousandths by which amounts exceed whole units."""

    sqlite = postgresql = "coalesce(sum(({0}) % 10000), 0)"


class WholesOfSum(SqlFunction):
    """The whole units of a sum, given its wholes and fractions."""

    sqlite = "{0} + {1} / 10000"
    postgresql = "({0} + div({1}, 10000))"


class FractionOfSum(SqlFunction):
    """The ten-thousandths by which a sum exceeds whole units, given its fractions."""

    sqlite = postgresql = "({0} % 10000)"
