"""JSON in and out of the database: orjson, with exact amounts as JSON numbers."""

from decimal import Decimal
from typing import Any

import orjson


def dumps(value: Any) -> str:
    """The shortest JSON text of ``value``. A Decimal is a JSON number with all its digits."""
    return orjson.dumps(value, default=number).decode()


def number(value: Any) -> orjson.Fragment:
    """What orjson asks for where it does not know a type."""
    if isinstance(value, Decimal):
        return orjson.Fragment(f"{value:f}")
    raise TypeError(f"{type(value).__name__} has no JSON form")


def loads(text: str | bytes) -> Any:
    """The value of a JSON text that the database kept."""
    return orjson.loads(text)
