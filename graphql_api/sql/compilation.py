"""The state of one compilation: the plan cache key, the parameters, and the names of tables."""

from __future__ import annotations

from functools import lru_cache
from itertools import count
from typing import Any

from sqlalchemy import BindParameter, FromClause, Table, bindparam, false, select
from sqlalchemy.types import TypeEngine

from graphql_api.sql.arguments import DocumentArguments
from graphql_api.sql.plan_key import PlanKey
from graphql_api.sql.request import Getter, Request
from graphql_api.sql.source import Source


def has_session_token(request: Request) -> bool:
    """Return whether the caller holds a session token, which reads a part of an application."""
    return request.viewer.session_id is not None


class CompilationContext:
    """Collects what a statement depends on while it is compiled for one request."""

    def __init__(self, key: PlanKey, arguments: DocumentArguments) -> None:
        self.key = key
        self.arguments = arguments
        self.parameters: dict[str, Getter] = {}
        self._bound: dict[tuple[Getter, type[TypeEngine[Any]]], BindParameter[Any]] = {}
        self._restricted = key.value(has_session_token)
        self._aliases = count(1)

    def bind(self, getter: Getter, type_: TypeEngine[Any]) -> BindParameter[Any]:
        """Return a parameter that each request fills; equal getters share one."""
        key = (getter, type(type_))
        if key not in self._bound:
            name = f"p{len(self.parameters) + 1}"
            self.parameters[name] = getter
            self._bound[key] = bindparam(name, type_=type_, required=True)
        return self._bound[key]

    def alias(self, source: Source) -> FromClause:
        """Return a table under a name that is used nowhere else in the statement.

        Every table gets into a statement through here. For a session token it is a subquery of the rows that the token
        can read, so that no condition elsewhere can be forgotten.
        """
        name = f"t{next(self._aliases)}"
        if not self._restricted:
            return aliased(source.table, name)
        conditions = source.for_token(self.bind, source.table.c) if source.for_token else [false()]
        return select(source.table).where(*conditions).subquery(name)


@lru_cache(maxsize=200)
def aliased(table: Table, name: str) -> FromClause:
    """Return a table under a name. To make its columns is a third of compiling a statement."""
    return table.alias(name)
