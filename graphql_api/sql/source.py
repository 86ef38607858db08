"""The table behind a GraphQL type, and which of its rows exist for a caller."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, String, Table, TypeDecorator
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.elements import KeyedColumnElement
from sqlalchemy.sql.schema import Column
from sqlalchemy.types import TypeEngine

from db.repository.core import table
from db.tables import Row
from graphql_api.sql.request import Getter

Columns = ReadOnlyColumnCollection[str, KeyedColumnElement[Any]]
Bind = Callable[[Getter, TypeEngine[Any]], BindParameter[Any]]
Restriction = Callable[[Bind, Columns], Sequence[ColumnElement[bool]]]


@dataclass(frozen=True)
class Source:
    """The table that holds the objects of a GraphQL type.

    ``prefix`` begins the global ids of a node. ``type`` is the value of the column ``type``, where the GraphQL types of
    an interface share a table; ``kind`` that of the column ``kind``, where other types do. ``for_token`` returns the
    conditions under which a row exists for a session token; without it no row does. Rows with ``admin_only`` are found
    by their global ids with an ADMIN key only.
    """

    row: type[Row]
    prefix: str | None = None
    type: StrEnum | None = None
    kind: StrEnum | None = None
    for_token: Restriction | None = None
    admin_only: bool = False

    @property
    def table(self) -> Table:
        """The Core table."""
        return table(self.row)

    def of_kind(self, row: Columns) -> Sequence[ColumnElement[bool]]:
        """Return the condition on the rows that are of this type; none where all rows of the table are."""
        return [row["kind"] == self.kind] if self.kind else []

    @property
    def key(self) -> Sequence[Column[Any]]:
        """The primary key, led by application_id."""
        return tuple(self.table.primary_key.columns)

    @property
    def row_id(self) -> str:
        """The column that identifies a row in its application; the primary key has no other."""
        _, column = self.key
        return column.name


@dataclass(frozen=True)
class MemberSource:
    """The objects of a member of a union, which are stored as JSON, in the field of this name."""

    type: str


def is_text(column: ColumnElement[Any]) -> bool:
    """Return whether a column holds text."""
    type_ = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    return isinstance(type_, String)
