"""JSON for the database, by orjson; Decimals are exact JSON numbers."""

from decimal import Decimal
from typing import Any

import orjson

loads = orjson.loads


def dumps(value: Any) -> str:
    """Return compact JSON. A Decimal becomes a JSON number with all its digits."""
    return orjson.dumps(value, default=to_json).decode()


def to_json(value: Any) -> orjson.Fragment:
    """Encode a type that orjson does not know. Raises TypeError for any type but Decimal."""
    if isinstance(value, Decimal):
        return orjson.Fragment(f"{value:f}")
    raise TypeError(f"{type(value).__name__} cannot be encoded as JSON")
