"""The values of attributes: what each type takes, and how a value is compared with an allowed one."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from db.domain import text

MAX_STRING = 10_000
LARGEST_INTEGER = 2**53  # beyond it a JSON number is no longer exact for most who read it
NUMBER = re.compile(r"-?\d+(\.\d+)?([Ee][+-]?\d+)?", re.ASCII)
RFC_3339 = re.compile(
    r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)


class AttributeType(StrEnum):
    """The type of an attribute's value."""

    STRING = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TIME = "time"
    LOCATION = "location"
    STRING_LIST = "string_list"
    NUMBER_LIST = "number_list"
    TIME_LIST = "time_list"
    LOCATION_LIST = "location_list"


def string_problem(value: Any) -> str | None:
    """What keeps a value from being a STRING."""
    if not isinstance(value, str):
        return f"expected a string, got {kind(value)}."
    if len(value) > MAX_STRING:
        return f"expected at most {MAX_STRING} characters, got {len(value)}."
    bad = text.unstorable(value)
    return f"{bad} cannot be stored." if bad else None


def number_problem(value: Any) -> str | None:
    """What keeps a value from being a NUMBER."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"expected a number, got {kind(value)}."
    if isinstance(value, float) and not math.isfinite(value):
        return "expected a finite number."
    if abs(value) > LARGEST_INTEGER:  # a float so large is a whole number, too, and may have lost digits on its way
        return "expected a number between -2^53 and 2^53."
    return None


def boolean_problem(value: Any) -> str | None:
    """What keeps a value from being a BOOLEAN."""
    return None if isinstance(value, bool) else f"expected true or false, got {kind(value)}."


def time_problem(value: Any) -> str | None:
    """What keeps a value from being a TIME."""
    if not isinstance(value, str):
        return f"expected an RFC 3339 time, got {kind(value)}."
    return None if instant(value) else "expected an RFC 3339 time with an offset."


def location_problem(value: Any) -> str | None:
    """What keeps a value from being a LOCATION."""
    if not isinstance(value, dict) or set(value) != {"latitude", "longitude"}:
        return "expected an object with latitude and longitude, and nothing else."
    for name, bound in (("latitude", 90), ("longitude", 180)):
        if number_problem(value[name]) or not -bound <= value[name] <= bound:
            return f"expected a {name} between -{bound} and {bound}."
    return None


def kind(value: Any) -> str:
    """What JSON calls a value's type."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a list"
        case _:
            return "an object"


def instant(value: str) -> datetime | None:
    """The moment an RFC 3339 time names, to the microsecond; None where it names none."""
    if not RFC_3339.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value.upper())
    except ValueError:  # the 30th of February
        return None


def exact(value: Any) -> Decimal | None:
    """The number that a value, or a text written as JSON writes numbers, stands for."""
    written = str(value)
    if not NUMBER.fullmatch(written):  # Decimal takes 1_000, spaces, and the digits of every script
        return None
    try:
        return Decimal(written)
    except InvalidOperation:  # an exponent of twenty digits
        return None


CHECKS: Mapping[AttributeType, Callable[[Any], str | None]] = {
    AttributeType.STRING: string_problem,
    AttributeType.NUMBER: number_problem,
    AttributeType.BOOLEAN: boolean_problem,
    AttributeType.TIME: time_problem,
    AttributeType.LOCATION: location_problem,
}

# How a value and an allowed value, which is a text, are compared. What is not here has no allowed values.
COMPARABLE: Mapping[AttributeType, Callable[[Any], Any]] = {
    AttributeType.STRING: str,
    AttributeType.NUMBER: exact,
    AttributeType.TIME: instant,
}
