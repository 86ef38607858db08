"""Attribute values: a check for each type, and the form in which a value is compared with the allowed values."""

import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from db.domain import text
from db.domain.attribute_definition import AttributeType
from db.domain.times import parse_time

MAX_STRING = 10_000
MAX_DECIMAL_PLACES = 20  # a number of 300 places takes PostgreSQL as many bytes in each answer
LARGEST_INTEGER = 2**53  # the largest integer up to which a JSON number is exact in IEEE 754 doubles
TOO_FINE = f"expected at most {MAX_DECIMAL_PLACES} decimal places."
NUMBER = re.compile(r"-?\d+(\.\d+)?([Ee][+-]?\d+)?", re.ASCII)


def string_problem(value: Any) -> str | None:
    """Explain why a value is not a STRING, or return None."""
    if not isinstance(value, str):
        return f"expected a string, got {json_type(value)}."
    if len(value) > MAX_STRING:
        return f"expected at most {MAX_STRING} characters, got {len(value)}."
    character = text.find_unstorable(value)
    return f"{character} cannot be stored." if character else None


def number_problem(value: Any) -> str | None:
    """Explain why a value is not a NUMBER, or return None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"expected a number, got {json_type(value)}."
    if isinstance(value, float) and not math.isfinite(value):
        return "expected a finite number."
    if abs(value) > LARGEST_INTEGER:  # floats too: above 2^53 they may have lost digits before they arrived
        return "expected a number between -2^53 and 2^53."
    if round(value, MAX_DECIMAL_PLACES) != value:  # a double has at most 17 significant digits
        return TOO_FINE
    return None


def boolean_problem(value: Any) -> str | None:
    """Explain why a value is not a BOOLEAN, or return None."""
    return None if isinstance(value, bool) else f"expected true or false, got {json_type(value)}."


def time_problem(value: Any) -> str | None:
    """Explain why a value is not a TIME, or return None."""
    if not isinstance(value, str):
        return f"expected an RFC 3339 time, got {json_type(value)}."
    return None if parse_time(value) else "expected an RFC 3339 time with an offset."


def location_problem(value: Any) -> str | None:
    """Explain why a value is not a LOCATION, or return None."""
    if not isinstance(value, dict) or set(value) != {"latitude", "longitude"}:
        return "expected an object with latitude and longitude, and nothing else."
    for name, bound in (("latitude", 90), ("longitude", 180)):
        problem = number_problem(value[name])
        if problem == TOO_FINE:
            return f"{name}: {problem}"
        if problem or not -bound <= value[name] <= bound:
            return f"expected a {name} between -{bound} and {bound}."
    return None


def json_type(value: Any) -> str:
    """Name a value's JSON type, with its article."""
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


def parse_number(value: Any) -> Decimal | None:
    """Return a number, or a text in JSON's number syntax, as an exact Decimal. Return None for anything else."""
    digits = str(value)
    if not NUMBER.fullmatch(digits):  # Decimal alone would accept 1_000, spaces, and digits of every script
        return None
    try:
        return Decimal(digits)
    except InvalidOperation:  # an exponent of twenty digits
        return None


CHECKS: Mapping[AttributeType, Callable[[Any], str | None]] = {
    AttributeType.STRING: string_problem,
    AttributeType.NUMBER: number_problem,
    AttributeType.BOOLEAN: boolean_problem,
    AttributeType.TIME: time_problem,
    AttributeType.LOCATION: location_problem,
}

# Converts a value, or the text of an allowed value, for comparison. Other types have no allowed values.
COMPARABLE: Mapping[AttributeType, Callable[[Any], Any]] = {
    AttributeType.STRING: str,
    AttributeType.NUMBER: parse_number,
    AttributeType.TIME: parse_time,
}
