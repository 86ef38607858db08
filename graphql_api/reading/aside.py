"""A filter beside the order: pages that no one index can read.

An index holds the rows of an order, or those of a filter, and seldom both. Few rows that fit are best fetched and put
in order; where many do, it is best to walk along the order until the page is full. Which it is, the statement finds out
when it runs: it counts the fitting rows up to FEW, and gives the other way a limit of 0. So a page takes about as long
in a large table as in a small one, whether its filter lets through a handful of rows or half of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from graphql_api.reading.identity import Columns

FEW = 1_000


@dataclass(frozen=True)
class Aside:
    """What a page's filter offers. ``ids`` are those of the rows that fit one field of it, by that field's own index;
    ``served`` names the columns whose conditions the order's index serves as well."""

    application: Callable[[Columns], ColumnElement[bool]]
    ids: Callable[[], Select[Any]]
    served: Collection[str]

    def among(self, row: Columns) -> Sequence[ColumnElement[bool]]:
        """Whether a row is one of all that fit the field."""
        return [self.application(row), row["id"].in_(self.ids())]

    def among_few(self, row: Columns) -> Sequence[ColumnElement[bool]]:
        """The same where they are few."""
        return [self.application(row), row["id"].in_(self.ids().limit(FEW))]

    def where_few(self, limit: ColumnElement[int]) -> ColumnElement[int]:
        """The limit, or 0 where many rows fit."""
        return case((self.is_few(), limit), else_=0)

    def where_many(self, limit: ColumnElement[int]) -> ColumnElement[int]:
        """The limit, or 0 where few rows fit."""
        return case((self.is_few(), 0), else_=limit)

    def is_few(self) -> ColumnElement[bool]:
        """Whether at most FEW rows fit the field."""
        fitting = self.ids().limit(FEW + 1).subquery()
        return select(func.count()).select_from(fitting).scalar_subquery() <= FEW


class Unindexed(FunctionElement[Any]):
    """A column whose indexes the planner is to leave alone."""

    name = "unindexed"
    inherit_cache = True

    def __init__(self, column: ColumnElement[Any]) -> None:
        super().__init__(column)
        self.type = column.type


@compiles(Unindexed)
def unindexed(element: Unindexed, compiler: SQLCompiler, **options: Any) -> str:
    """A database that knows how its values are spread needs no telling."""
    return compiler.process(element.clauses, **options)


@compiles(Unindexed, "sqlite")
def unindexed_sqlite(element: Unindexed, compiler: SQLCompiler, **options: Any) -> str:
    """The plus of SQLite's manual still lets a partial index in, where it shows that the column is not null."""
    return f"coalesce({compiler.process(element.clauses, **options)}, NULL)"


class Free:
    """The columns of a row, unindexed but for those that are named."""

    def __init__(self, row: Columns, indexed: Collection[str]) -> None:
        self._row = row
        self._indexed = indexed

    def __getitem__(self, name: str) -> ColumnElement[Any]:
        return self._row[name] if name in self._indexed else Unindexed(self._row[name])

    def __contains__(self, name: str) -> bool:
        return name in self._row


def free(row: Columns, *indexed: str) -> Columns:
    """A row whose conditions leave all indexes alone but those of the columns that are named."""
    return cast(Columns, Free(row, indexed))
