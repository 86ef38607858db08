"""Global ids: the SQL of the field ``id``, and the parser of an id that comes with a request.

An id is a prefix, the application and the rest of the primary key, with hyphens between them: ``session-1-42``. Text is
written in hexadecimal, so that an id is plain ASCII, whatever an integration calls its customers.
"""

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Enum
from sqlalchemy.sql.schema import Column

from graphql_api.errors import BadUserInput
from graphql_api.sql.json_objects import Concat, Part
from graphql_api.sql.json_scalars import Hexadecimal, JsonPlainString, as_text
from graphql_api.sql.source import Columns, Source, is_text

INTEGER = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
LARGEST = 2**63 - 1
MAX_TEXT = 1_000


def id_json(source: Source, row: Columns) -> JsonPlainString:
    """Return the global id of a row, as JSON."""
    parts: list[Part] = [str(source.prefix)]
    for column in source.key:
        parts += ["-", key_part(row[column.name])]
    return JsonPlainString(Concat(parts))


def key_part(column: ColumnElement[Any]) -> Part:
    """Return a column of the key as it is written in an id."""
    if isinstance(column.type, Enum):
        return column
    return Hexadecimal(column) if is_text(column) else as_text(column)


def parse(global_id: str, sources: Mapping[str, Source]) -> tuple[str, list[int | str]]:
    """Return the prefix and the key of a global id, application first. Raises BadUserInput on any other text."""
    prefix, *texts = global_id.split("-")
    source = sources.get(prefix)
    if source is None or len(texts) != len(source.key):
        raise BadUserInput(f"{quoted(global_id)} is not an id of this server.")
    values = [column_value(text, column) for text, column in zip(texts, source.key, strict=True)]
    if any(each is None for each in values):
        raise BadUserInput(f"{quoted(global_id)} is not an id of this server.")
    return prefix, [each for each in values if each is not None]


def column_value(text: str, column: Column[Any]) -> int | str | None:
    """Return the value of a part of an id; None where the column cannot have it."""
    if isinstance(column.type, Enum):
        return text if text in column.type.enums else None
    if is_text(column):
        try:
            decoded = bytes.fromhex(text).decode() if text == text.lower() and len(text) <= 8 * MAX_TEXT else ""
        except ValueError:
            return None
        return decoded if 1 <= len(decoded) <= MAX_TEXT and "\0" not in decoded else None
    return int(text) if INTEGER.fullmatch(text) and int(text) <= LARGEST else None


def quoted(text: str) -> str:
    """Return a value of a request for an error message: in quotes, and cut where it is long."""
    return repr(text) if len(text) <= 60 else repr(f"{text[:57]}...")
