"""Read JSON strictly: exact numbers, unique keys, and values of the expected types."""

import json
from codecs import BOM_UTF8
from collections.abc import Mapping, Set
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from db.domain.attribute_values import json_type
from db.domain.errors import InvalidInput, Refusal, Refused, quote, truncate
from db.domain.money import ZERO
from db.domain.times import parse_time, truncate_to_millisecond

Path = tuple[str, ...]
T = TypeVar("T")
MAX_INT_DIGITS = 20  # longer numbers fit no field, and int() of a long text takes quadratic time
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_json(content: bytes) -> Any:
    """Parse one line. Numbers with a point or an exponent are Decimals. Raises Refused."""
    try:
        return DECODER.decode(content.decode())
    except UnicodeDecodeError as error:
        problem = f"Expected UTF-8; byte {error.start + 1} of the line is not."
    except json.JSONDecodeError as error:
        marked = content.startswith(BOM_UTF8)
        found = "a byte order mark" if marked else f"{error.msg} (character {error.pos + 1} of the line)"
        problem = f"Expected JSON; {found}."
    except ArithmeticError:
        problem = "A number has an exponent that is too large."
    except RecursionError:
        problem = "The line nests too deeply."
    raise Refused(InvalidInput(problem=problem))


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object. A duplicate key is refused: JSON does not define which value counts."""
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for index, name in enumerate(names) if name in names[:index])
        raise Refused(InvalidInput(problem=f"The key {quote(twice)} is repeated in one object."))
    return value


def parse_int(digits: str) -> int | Decimal:
    """Return a number that has no point and no exponent."""
    return int(digits) if len(digits) <= MAX_INT_DIGITS else Decimal(digits)


def refuse_constant(name: str) -> Any:
    """Refuse NaN, Infinity and -Infinity, which Python's decoder accepts."""
    raise Refused(InvalidInput(problem=f"{name} is not a JSON number."))


DECODER = json.JSONDecoder(
    parse_float=Decimal, parse_int=parse_int, parse_constant=refuse_constant, object_pairs_hook=unique_keys
)


class ObjectReader:
    """Reads the fields of a JSON object. Missing and unknown fields, and values of other types, are added to ``found``.

    A field that cannot be read is returned as some value of its type: check ``found`` before using any.
    """

    def __init__(self, value: Any, path: Path, found: list[Refusal], required: Set[str], allowed: Set[str]) -> None:
        self.path = path
        self.found = found
        self.value: Mapping[str, Any] = {}
        if not isinstance(value, dict):
            self.refuse((), f"Expected an object, got {kind_of(value)}.")
            return
        self.value = value
        if not required <= value.keys() <= allowed:
            for name in sorted(required - value.keys()):
                self.refuse((name,), "This field is missing.")
            for name in sorted(value.keys() - allowed):
                self.refuse((truncate(name),), "There is no such field.")

    def refuse(self, path: Path, problem: str) -> None:
        self.found.append(InvalidInput(path=(*self.path, *path), problem=problem))

    def wrong_type(self, name: str, value: Any, expected: str, default: T) -> T:
        """Refuse a value of another type and return ``default`` in its place."""
        self.refuse((name,), f"Expected {expected}, got {kind_of(value)}.")
        return default

    def text(self, name: str) -> str:
        value = self.value.get(name, "")
        return value if type(value) is str else self.wrong_type(name, value, "a string", "")

    def text_or_none(self, name: str) -> str | None:
        value = self.value.get(name)
        if type(value) is str or name not in self.value:
            return value
        return self.wrong_type(name, value, "a string", None)

    def boolean(self, name: str) -> bool:
        value = self.value.get(name, False)
        return value if type(value) is bool else self.wrong_type(name, value, "true or false", False)

    def integer(self, name: str) -> int:
        """Return a whole number; 1.0 is refused."""
        value = self.value.get(name, 0)
        return value if type(value) is int else self.wrong_type(name, value, "a whole number", 0)

    def amount(self, name: str) -> Decimal:
        value = self.value.get(name, ZERO)
        if type(value) is Decimal:
            return value
        return Decimal(value) if type(value) is int else self.wrong_type(name, value, "a number", ZERO)

    def amount_or_none(self, name: str) -> Decimal | None:
        return self.amount(name) if name in self.value else None

    def items(self, name: str) -> list[Any]:
        value = self.value.get(name, [])
        return value if type(value) is list else self.wrong_type(name, value, "a list", [])

    def object(self, name: str) -> dict[str, Any]:
        value = self.value.get(name, {})
        return value if type(value) is dict else self.wrong_type(name, value, "an object", {})

    def texts(self, name: str) -> list[str]:
        given = self.items(name)
        for index, value in enumerate(given):
            if not isinstance(value, str):
                self.refuse((name, str(index)), f"Expected a string, got {kind_of(value)}.")
        return given

    def time(self, name: str) -> datetime:
        """Return a time, truncated to the millisecond."""
        return self.time_or_none(name) or EPOCH

    def time_or_none(self, name: str) -> datetime | None:
        value = self.text_or_none(name)
        if value is None:
            return None
        try:
            if parsed := parse_time(value):
                return truncate_to_millisecond(parsed)
        except OverflowError:  # the first hours of the year 1, or the last of 9999, in another zone
            pass
        self.refuse((name,), f"Expected a time such as 2030-01-31T12:00:00Z, got {quote(value)}.")
        return None


def kind_of(value: Any) -> str:
    """Return the name of a value's JSON type."""
    return "a number" if isinstance(value, Decimal) else json_type(value)


def to_floats(value: Any) -> Any:
    """Return the same value with floats for Decimals, as attributes have them."""
    match value:
        case Decimal():
            return float(value)
        case dict():
            return {name: to_floats(each) for name, each in value.items()}
        case list():
            return [to_floats(each) for each in value]
        case _:
            return value
