"""JSON of the right shape: exact numbers, each key once, and every value of the type that is expected of it."""

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
LONGEST_INT = 20  # digits; what is longer fits no field, and to make an int of it takes long
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parsed(content: bytes) -> Any:
    """The value of one line: numbers with a point or an exponent are Decimals. Raises Refused."""
    try:
        return DECODER.decode(content.decode())
    except UnicodeDecodeError as error:
        problem = f"Expected UTF-8; byte {error.start + 1} of the line is none."
    except json.JSONDecodeError as error:
        marked = content.startswith(BOM_UTF8)
        found = "a byte order mark" if marked else f"{error.msg} (character {error.pos + 1} of the line)"
        problem = f"Expected JSON; {found}."
    except ArithmeticError:
        problem = "A number has an exponent that is too large."
    except RecursionError:
        problem = "The line nests too deeply."
    raise Refused(InvalidInput(problem=problem))


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; of a key that stands twice JSON does not say which value holds."""
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for index, name in enumerate(names) if name in names[:index])
        raise Refused(InvalidInput(problem=f"The key {quote(twice)} stands twice in one object."))
    return made


def whole(digits: str) -> int | Decimal:
    """A number without point or exponent."""
    return int(digits) if len(digits) <= LONGEST_INT else Decimal(digits)


def constant(name: str) -> Any:
    """NaN, Infinity, -Infinity: Python would take them."""
    raise Refused(InvalidInput(problem=f"{name} is no JSON number."))


DECODER = json.JSONDecoder(parse_float=Decimal, parse_int=whole, parse_constant=constant, object_pairs_hook=unique)


class Shape:
    """One JSON object as it is read. What is missing, unknown or of another type is added to ``found``.

    What cannot be read is answered with any value of its type: whoever reads looks at ``found`` before using one.
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
        """Note a problem at a path within the object."""
        self.found.append(InvalidInput(path=(*self.path, *path), problem=problem))

    def other(self, name: str, value: Any, expected: str, default: T) -> T:
        """Note a value of another type, and answer one of the right type."""
        self.refuse((name,), f"Expected {expected}, got {kind_of(value)}.")
        return default

    def text(self, name: str) -> str:
        """A string."""
        value = self.value.get(name, "")
        return value if type(value) is str else self.other(name, value, "a string", "")

    def text_or_none(self, name: str) -> str | None:
        """A string, or None where the field is left out."""
        value = self.value.get(name)
        if type(value) is str or name not in self.value:
            return value
        return self.other(name, value, "a string", None)

    def flag(self, name: str) -> bool:
        """A boolean."""
        value = self.value.get(name, False)
        return value if type(value) is bool else self.other(name, value, "true or false", False)

    def integer(self, name: str) -> int:
        """A whole number, written as one: 1.0 is none."""
        value = self.value.get(name, 0)
        return value if type(value) is int else self.other(name, value, "a whole number", 0)

    def amount(self, name: str) -> Decimal:
        """A number, exactly."""
        value = self.value.get(name, ZERO)
        if type(value) is Decimal:
            return value
        return Decimal(value) if type(value) is int else self.other(name, value, "a number", ZERO)

    def amount_or_none(self, name: str) -> Decimal | None:
        """A number, exactly, or None where the field is left out."""
        return self.amount(name) if name in self.value else None

    def items(self, name: str) -> list[Any]:
        """A list."""
        value = self.value.get(name, [])
        return value if type(value) is list else self.other(name, value, "a list", [])

    def object(self, name: str) -> dict[str, Any]:
        """An object."""
        value = self.value.get(name, {})
        return value if type(value) is dict else self.other(name, value, "an object", {})

    def texts(self, name: str) -> list[str]:
        """A list of strings."""
        given = self.items(name)
        for index, value in enumerate(given):
            if not isinstance(value, str):
                self.refuse((name, str(index)), f"Expected a string, got {kind_of(value)}.")
        return given

    def moment(self, name: str) -> datetime:
        """A time, to the millisecond."""
        return self.moment_or_none(name) or EPOCH

    def moment_or_none(self, name: str) -> datetime | None:
        """A time, or None where the field is left out."""
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
    """What JSON calls a value's type."""
    return "a number" if isinstance(value, Decimal) else json_type(value)


def inexact(value: Any) -> Any:
    """The same value with floats: numbers in attributes are no amounts."""
    match value:
        case Decimal():
            return float(value)
        case dict():
            return {name: inexact(each) for name, each in value.items()}
        case list():
            return [inexact(each) for each in value]
        case _:
            return value
