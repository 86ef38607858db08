"""Cursors: the place of a row in an order. They are opaque to clients, and valid for one order and one application."""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement

from db.domain.times import parse_time
from db.tables.columns import UtcTime
from graphql_api.errors import BadUserInput
from graphql_api.sql.fields import Order
from graphql_api.sql.global_ids import LARGEST, quoted
from graphql_api.sql.json_objects import Concat, Part
from graphql_api.sql.json_scalars import FormatTime, Hexadecimal, JsonInt, JsonPlainString, JsonString, JsonValue
from graphql_api.sql.source import Columns, is_text

MAX_CURSOR = 16_384


def cursor_json(order: Order, row: Columns) -> JsonPlainString:
    """Return the SQL of a row's cursor: a JSON array of order, application and key, in hexadecimal."""
    parts: list[Part] = [f'["{tag(order)}",', JsonInt(row["application_id"])]
    for name in order.columns:
        parts += [",", key_json(row[name])]
    return JsonPlainString(Hexadecimal(Concat([*parts, "]"])))


def place_json(order: Order, application_id: ColumnElement[int], key: ColumnElement[int]) -> JsonPlainString:
    """Return the SQL of the cursor of a row that may not exist, in an order of one number."""
    return JsonPlainString(Hexadecimal(Concat([f'["{tag(order)}",', JsonInt(application_id), ",", JsonInt(key), "]"])))


def encode(order: Order, application_id: int, *key: int | str) -> str:
    """Return the cursor of a row whose key is known."""
    return orjson.dumps([tag(order), application_id, *key]).hex()


def key_json(column: Any) -> JsonValue:
    """Return a column of the key as JSON."""
    if isinstance(column.type, UtcTime):
        return JsonPlainString(FormatTime(column))
    return JsonString(column) if is_text(column) else JsonInt(column)


def tag(order: Order) -> str:
    """Return the order's name, with a minus before it where it is descending."""
    return f"-{order.name}" if order.descending else order.name


def decode(cursor: str, order: Order, columns: Sequence[Any], application_id: int | None) -> list[Any]:
    """Return the key of a cursor. Raises BadUserInput unless it was made for this order and this application.

    ``application_id`` is None for a list over all applications.
    """
    try:
        parts = orjson.loads(bytes.fromhex(cursor)) if len(cursor) <= MAX_CURSOR else None
    except ValueError:
        parts = None
    if not isinstance(parts, list) or len(parts) != 2 + len(columns):
        raise BadUserInput(f"{quoted(cursor)} is not a cursor of this server.")
    if parts[0] != tag(order):
        raise BadUserInput(f"{quoted(cursor)} is a cursor of another order.")
    if application_id is not None and parts[1] != application_id:
        raise BadUserInput(f"{quoted(cursor)} is a cursor of another application.")
    key = [column_value(part, column) for part, column in zip(parts[2:], columns, strict=True)]
    if any(each is None for each in key):
        raise BadUserInput(f"{quoted(cursor)} is not a cursor of this server.")
    return key


def column_value(part: Any, column: Any) -> Any:
    """Return a part of a key as its column takes it; None where the column cannot have it."""
    if isinstance(column.type, UtcTime):
        return parse_time(part) if isinstance(part, str) and part.endswith("Z") else None
    if is_text(column):
        return part if isinstance(part, str) and "\0" not in part else None
    whole = isinstance(part, int) and not isinstance(part, bool) and abs(part) <= LARGEST
    return part if whole else None
