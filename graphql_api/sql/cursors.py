"""Cursors: where a row stands in an order. Opaque to clients; bound to the order and to the application."""

from collections.abc import Sequence
from typing import Any

import orjson

from db.domain.times import parse_time
from db.tables.columns import UtcTime
from graphql_api.errors import BadUserInput
from graphql_api.sql.fields import Order
from graphql_api.sql.global_ids import LARGEST, Columns, is_text, shown
from graphql_api.sql.json_objects import Joined, Part
from graphql_api.sql.json_scalars import Bare, Hex, JsonValue, Moment, Quoted, Whole

MAX_CURSOR = 16_384


def written(order: Order, row: Columns) -> Bare:
    """The cursor of a row, as JSON: order, application and key in JSON once more, in hexadecimal."""
    parts: list[Part] = [f'["{tag(order)}",', Whole(row["application_id"])]
    for name in order.columns:
        parts += [",", key_value(row[name])]
    return Bare(Hex(Joined([*parts, "]"])))


def made(order: Order, application_id: int, *key: int | str) -> str:
    """The cursor of a row whose key is known here."""
    return orjson.dumps([tag(order), application_id, *key]).hex()


def key_value(column: Any) -> JsonValue:
    """One column of the key as JSON."""
    if isinstance(column.type, UtcTime):
        return Bare(Moment(column))
    return Quoted(column) if is_text(column) else Whole(column)


def tag(order: Order) -> str:
    """The order's name, with a minus before it where it descends."""
    return f"-{order.name}" if order.descending else order.name


def read(cursor: str, order: Order, columns: Sequence[Any], application_id: int | None) -> list[Any]:
    """The key that a cursor names. Raises BadUserInput on one that was not made here, for this order and application.

    ``application_id`` is None where an order runs over all applications.
    """
    try:
        parts = orjson.loads(bytes.fromhex(cursor)) if len(cursor) <= MAX_CURSOR else None
    except ValueError:
        parts = None
    if not isinstance(parts, list) or len(parts) != 2 + len(columns):
        raise BadUserInput(f"{shown(cursor)} is not a cursor of this server.")
    if parts[0] != tag(order):
        raise BadUserInput(f"{shown(cursor)} is a cursor of another order.")
    if application_id is not None and parts[1] != application_id:
        raise BadUserInput(f"{shown(cursor)} is a cursor of another application.")
    key = [value(part, column) for part, column in zip(parts[2:], columns, strict=True)]
    if any(each is None for each in key):
        raise BadUserInput(f"{shown(cursor)} is not a cursor of this server.")
    return key


def value(part: Any, column: Any) -> Any:
    """One part of a key as its column takes it; None where it does not fit."""
    if isinstance(column.type, UtcTime):
        return parse_time(part) if isinstance(part, str) and part.endswith("Z") else None
    if is_text(column):
        return part if isinstance(part, str) and "\0" not in part else None
    whole = isinstance(part, int) and not isinstance(part, bool) and abs(part) <= LARGEST
    return part if whole else None
