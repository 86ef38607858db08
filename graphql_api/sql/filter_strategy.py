"""A filter beside the order: pages that no one index can read.

An index holds the rows of an order, or those of a filter, and seldom both. Few rows that fit are best fetched and put
in order; where many do, it is best to walk along the order until the page is full. Which it is, the statement finds out
when it runs: it counts the rows that fit each field up to FEW, and gives all ways but one a limit of 0. So a page takes
about as long in a large table as in a small one, whether its filter lets through a handful of rows or half of them.

PostgreSQL plans a statement once, without the values: it cannot know which way it will be. So each way is said in a
form that leaves it one plan.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ColumnElement, CompoundSelect, Select, case, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from graphql_api.sql.global_ids import Columns

FEW = 1_000


@dataclass(frozen=True)
class Way:
    """One field of a filter. ``ids`` are those of the rows that fit it, by its own index, which is another table's
    where they are ``apart``; ``others`` is what is demanded besides."""

    ids: Callable[[], Select[Any]]
    apart: bool
    others: Callable[[Columns], Sequence[ColumnElement[bool]]]

    def is_few(self) -> ColumnElement[bool]:
        """Whether at most FEW rows fit the field."""
        fitting = self.ids().limit(FEW + 1).subquery()
        return select(func.count()).select_from(fitting).scalar_subquery() <= FEW

    def among_few(self, row: Columns) -> Sequence[ColumnElement[bool]]:
        """Whether a row fits the filter, where few fit the field."""
        return [Among(row["id"], self.ids().limit(FEW)), *self.others(fetched(row))]

    def among_all(self, row: Columns) -> Sequence[ColumnElement[bool]]:
        """The same, however many do."""
        found = Among(row["id"], self.ids()) if self.apart else row["id"].in_(self.ids())
        return [found, *self.others(free(row, "application_id"))]


@dataclass(frozen=True)
class Aside:
    """What a page's filter offers. ``ways`` are the fields that the order's index does not serve, and ``served`` names
    the columns whose conditions it does."""

    application: Callable[[Columns], ColumnElement[bool]]
    ways: Sequence[Way]
    served: Collection[str]

    def where_few(self, way: Way, limit: ColumnElement[int]) -> ColumnElement[int]:
        """The limit where few rows fit the field, and no field before it; or else 0."""
        before = self.ways[: self.ways.index(way)]
        return case(*((each.is_few(), 0) for each in before), (way.is_few(), limit), else_=0)

    def where_many(self, limit: ColumnElement[int]) -> ColumnElement[int]:
        """The limit where many rows fit every field, or else 0."""
        return case(*((each.is_few(), 0) for each in self.ways), else_=limit)


class Among(FunctionElement[bool]):
    """Whether a row is one of few whose ids a query answers. They are found first, and then fetched one by one."""

    inherit_cache = True

    def __init__(self, id_: ColumnElement[Any], ids: Select[Any] | CompoundSelect[Any]) -> None:
        super().__init__(id_, ids.scalar_subquery())


@compiles(Among)
def among(element: Among, compiler: SQLCompiler, **options: Any) -> str:
    """As it is said in SQL."""
    id_, ids = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{id_} IN {ids}"


@compiles(Among, "postgresql")
def among_postgresql(element: Among, compiler: SQLCompiler, **options: Any) -> str:
    """PostgreSQL takes an array that it does not know for short, and a query with a limit for a tenth of the table."""
    id_, ids = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{id_} = ANY (ARRAY{ids})"


class Probed(FunctionElement[bool]):
    """Whether a query about a row answers anything. It is asked for each row that is looked at, and for no other."""

    inherit_cache = True

    def __init__(self, query: Select[Any]) -> None:
        super().__init__(query.scalar_subquery())


@compiles(Probed)
def probed(element: Probed, compiler: SQLCompiler, **options: Any) -> str:
    """As it is said in SQL."""
    return f"EXISTS {compiler.process(element.clauses, **options)}"


@compiles(Probed, "postgresql")
def probed_postgresql(element: Probed, compiler: SQLCompiler, **options: Any) -> str:
    """PostgreSQL makes a join of what is sought, unless an offset forbids it: and then reads all, for a page of few."""
    return f"EXISTS ({compiler.process(element.clauses, **options)} OFFSET 0)"


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


class Fetched(Unindexed):
    """A column of rows that are few, and found already: no database needs another index."""

    inherit_cache = True


@compiles(Fetched, "postgresql")
def fetched_postgresql(element: Fetched, compiler: SQLCompiler, **options: Any) -> str:
    """The first and only element of an array."""
    return f"(ARRAY[{compiler.process(element.clauses, **options)}])[1]"


class Free:
    """The columns of a row, unindexed but for those that are named."""

    def __init__(self, row: Columns, indexed: Collection[str], made: type[Unindexed]) -> None:
        self._row = row
        self._indexed = indexed
        self._made = made

    def __getitem__(self, name: str) -> ColumnElement[Any]:
        return self._row[name] if name in self._indexed else self._made(self._row[name])

    def __contains__(self, name: str) -> bool:
        return name in self._row


def free(row: Columns, *indexed: str) -> Columns:
    """A row whose conditions leave all indexes alone but those of the columns that are named."""
    return cast(Columns, Free(row, indexed, Unindexed))


def fetched(row: Columns) -> Columns:
    """A row that is found by its id: its conditions, and its place in an order, leave all other indexes alone."""
    return cast(Columns, Free(row, ("application_id",), Fetched))
