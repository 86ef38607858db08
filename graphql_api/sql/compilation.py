"""The state of one compilation: the plan cache key, the parameters, and the names of tables."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import BindParameter, ColumnElement, FromClause, Table, bindparam, false, select
from sqlalchemy.types import TypeEngine

from graphql_api.sql.arguments import DocumentArguments
from graphql_api.sql.request import Getter, Lookup, PlanKey, has_session_token
from graphql_api.sql.source import Columns, Source


class CompilationContext:
    """Collects what a statement depends on while it is compiled for one request."""

    def __init__(self, key: PlanKey, arguments: DocumentArguments) -> None:
        self.key = key
        self.arguments = arguments
        self.parameters: dict[str, Getter] = {}
        self.lookups: list[Lookup] = []
        self._bound: dict[tuple[Getter, type[TypeEngine[Any]]], BindParameter[Any]] = {}
        self._restricted = key.value(has_session_token)
        self._tables: dict[tuple[Source, int], FromClause] = {}
        self._documents: dict[Hashable, tuple[Columns, FromClause | None]] = {}
        self._rows: dict[tuple[int, int], KnownApplication] = {}  # by the identities of columns and parameter

    def bind(self, getter: Getter, type_: TypeEngine[Any]) -> BindParameter[Any]:
        """Return a parameter that each request fills; equal getters share one."""
        key = (getter, type(type_))
        if key not in self._bound:
            name = f"p{len(self.parameters) + 1}"
            self.parameters[name] = getter
            self._bound[key] = bindparam(name, type_=type_, required=True)
        return self._bound[key]

    def table(self, source: Source, number: int) -> FromClause:
        """Return a table under the name of this number, the same at each call.

        Every table gets into a statement through here. For a session token it is a subquery of the rows that the token
        can read, so that no condition elsewhere can be forgotten.
        """
        if (source, number) not in self._tables:
            self._tables[source, number] = self._readable(source, f"t{number}")
        return self._tables[source, number]

    def _readable(self, source: Source, name: str) -> FromClause:
        if not self._restricted:
            return aliased(source.table, name)
        conditions = source.for_token(self.bind, source.table.c) if source.for_token else [false()]
        return select(source.table).where(*conditions).subquery(name)

    def document(
        self, same: Hashable, make: Callable[[], tuple[Columns, FromClause | None]]
    ) -> tuple[Columns, FromClause | None]:
        """Return the columns of a JSON document and the table of its elements, the same at each call."""
        if same not in self._documents:
            self._documents[same] = make()
        return self._documents[same]

    def row(self, row: Columns, application: BindParameter[Any]) -> Columns:
        """Return a row with a parameter in the place of its application, the same at each call."""
        known = self._rows.setdefault((id(row), id(application)), KnownApplication(row, application))
        return cast(Columns, known)


@lru_cache(maxsize=200)
def aliased(table: Table, name: str) -> FromClause:
    """Return a table under a name. To make its columns is a third of compiling a statement."""
    return table.alias(name)


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
