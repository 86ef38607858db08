"""Global ids: what ``id`` reads, and how an id from outside is taken apart.

An id is a prefix, the application and the rest of the primary key, with hyphens between them: ``session-1-42``. Text is
spelled in hexadecimal, so that an id is plain ASCII whatever an integration calls its customers.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Enum, String, Table, TypeDecorator
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.elements import KeyedColumnElement
from sqlalchemy.sql.schema import Column

from db.repository.core import table
from db.tables import Row
from graphql_api.errors import BadUserInput
from graphql_api.sql.json_objects import Joined, Part
from graphql_api.sql.json_scalars import Bare, Hex, as_text

Columns = ReadOnlyColumnCollection[str, KeyedColumnElement[Any]]

INTEGER = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
LARGEST = 2**63 - 1
MAX_TEXT = 1_000


@dataclass(frozen=True)
class Source:
    """Where a type's objects are kept: a table; for a node, the prefix of its ids; for one of several types of a table,
    the value of the column ``type`` that means it."""

    row: type[Row]
    prefix: str | None = None
    type: StrEnum | None = None

    @property
    def table(self) -> Table:
        """The table itself."""
        return table(self.row)

    @property
    def key(self) -> Sequence[Column[Any]]:
        """The primary key, led by application_id."""
        return tuple(self.table.primary_key.columns)

    def id(self, row: Columns) -> Bare:
        """The global id of a row, as JSON."""
        parts: list[Part] = [str(self.prefix)]
        for column in self.key:
            parts += ["-", spelled(row[column.name])]
        return Bare(Joined(parts))


def spelled(column: ColumnElement[Any]) -> Part:
    """One column of a key, as it stands in an id."""
    if isinstance(column.type, Enum):
        return column
    return Hex(column) if is_text(column) else as_text(column)


def is_text(column: ColumnElement[Any]) -> bool:
    """Whether a column holds text."""
    type_ = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    return isinstance(type_, String)


def parse(global_id: str, sources: Mapping[str, Source]) -> tuple[str, list[int | str]]:
    """The prefix and the key of a global id, application first. Raises BadUserInput on anything not made here."""
    prefix, *texts = global_id.split("-")
    source = sources.get(prefix)
    if source is None or len(texts) != len(source.key):
        raise BadUserInput(f"{shown(global_id)} is not an id of this server.")
    values = [value(text, column) for text, column in zip(texts, source.key, strict=True)]
    if any(each is None for each in values):
        raise BadUserInput(f"{shown(global_id)} is not an id of this server.")
    return prefix, [each for each in values if each is not None]


def value(text: str, column: Column[Any]) -> int | str | None:
    """The value that one part of an id spells; None where it spells none."""
    if isinstance(column.type, Enum):
        return text if text in column.type.enums else None
    if is_text(column):
        try:
            decoded = bytes.fromhex(text).decode() if text == text.lower() and len(text) <= 8 * MAX_TEXT else ""
        except ValueError:
            return None
        return decoded if 1 <= len(decoded) <= MAX_TEXT and "\0" not in decoded else None
    return int(text) if INTEGER.fullmatch(text) and int(text) <= LARGEST else None


def shown(text: str) -> str:
    """A value from outside inside a message: quoted, and cut where it is long."""
    return repr(text) if len(text) <= 60 else repr(f"{text[:57]}...")
