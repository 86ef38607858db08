"""Reading JSON that has the shape of a GraphQL input. Refusals are collected, each with a path into the input."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, TypeVar

from db.domain import money, text
from db.domain.attribute_values import MAX_STRING, json_type, parse_number
from db.domain.attributes import AttributeRules
from db.domain.errors import InvalidInput, Refusal, quote
from db.domain.times import parse_time, truncate_to_millisecond

Path = tuple[str, ...]
Choice = TypeVar("Choice", bound=Enum)

MAX_VALUES = 1_000
MAX_DEPTH = 5  # of conditions and filters inside each other
MAX_LEAVES = 200  # tests of one condition or filter
LARGEST_INT = 2**31 - 1  # GraphQL's Int


class InputReader:
    """Reads the parts of one input.

    Null counts as left out. A part that is refused is read as None or as a value that any code after it accepts;
    the caller raises Refused if ``found`` is not empty at the end. ``leaves`` counts the tests of a condition.
    """

    def __init__(self, attributes: AttributeRules, minor_digits: int) -> None:
        self.attributes = attributes
        self.minor_digits = minor_digits
        self.found: list[Refusal] = []
        self.leaves = 0

    def refuse(self, path: Path, problem: str) -> None:
        """Add the refusal of the value at a path."""
        self.found.append(InvalidInput(path=path, problem=problem))

    @contextmanager
    def count_leaves(self, path: Path) -> Iterator[None]:
        """Refuse the condition that is read inside if it has too many leaves."""
        self.leaves = 0
        yield
        if self.leaves > MAX_LEAVES:
            self.refuse(path, f"Expected at most {MAX_LEAVES} tests in a condition, got {self.leaves}.")

    def is_too_deep(self, depth: int, path: Path) -> bool:
        """Refuse a condition that is nested too deeply. ``depth`` counts it and those around it."""
        if depth > MAX_DEPTH:
            self.refuse(path, f"Expected conditions nested at most {MAX_DEPTH} deep.")
        return depth > MAX_DEPTH

    def fields(self, value: Any, path: Path, names: Sequence[str], required: Collection[str] = ()) -> dict[str, Any]:
        """Return the fields of an object that are set, in the order of ``names``."""
        if not isinstance(value, Mapping):
            self.refuse(path, f"Expected an object, got {json_type(value)}.")
            return {}
        for name in value:
            if name not in names:
                self.refuse((*path, str(name)), "There is no such field.")
        for name in required:
            if value.get(name) is None:
                self.refuse((*path, name), "A value is required.")
        return {name: value[name] for name in names if value.get(name) is not None}

    def one_of(self, value: Any, path: Path, names: Sequence[str]) -> tuple[str, Any] | None:
        """Return the name and the value of the only field that is set."""
        before = len(self.found)
        given = self.fields(value, path, names)
        if len(given) == 1:
            return next(iter(given.items()))
        if len(self.found) == before:
            self.refuse(path, f"Expected exactly one of {', '.join(names)}, got {len(given)}.")
        return None

    def items(self, value: Any, path: Path, max_length: int = MAX_VALUES) -> list[tuple[Any, Path]]:
        """Return the elements of a list, each with its path."""
        if not isinstance(value, list | tuple):
            self.refuse(path, f"Expected a list, got {json_type(value)}.")
            return []
        if len(value) > max_length:
            self.refuse(path, f"Expected at most {max_length} elements, got {len(value)}.")
            return []
        return [(element, (*path, str(index))) for index, element in enumerate(value)]

    def text(self, value: Any, path: Path, max_length: int, *, min_length: int = 1) -> str:
        """Return a text."""
        if not isinstance(value, str):
            self.refuse(path, f"Expected a string, got {json_type(value)}.")
            return ""
        self.found.extend(text.problems(value, path, min_length=min_length, max_length=max_length))
        return value

    def key(self, value: Any, path: Path) -> str:
        """Return a SKU or a profile ID."""
        value = self.text(value, path, text.MAX_KEY_LENGTH)
        if len(value) <= text.MAX_KEY_LENGTH and value and not text.find_unstorable(value):
            self.found.extend(text.key_problems(value, path))
        return value

    def texts(self, value: Any, path: Path) -> tuple[str, ...]:
        """Return a list of texts, which is one leaf of a condition."""
        self.leaves += 1
        return tuple(
            self.text(element, element_path, MAX_STRING, min_length=0)
            for element, element_path in self.items(value, path)
        )

    def boolean(self, value: Any, path: Path) -> bool:
        """Return true or false."""
        if not isinstance(value, bool):
            self.refuse(path, f"Expected true or false, got {json_type(value)}.")
        return value is True

    def integer(self, value: Any, path: Path, low: int, high: int = LARGEST_INT) -> int | None:
        """Return a whole number from ``low`` to ``high``."""
        if isinstance(value, bool) or not isinstance(value, int):
            self.refuse(path, f"Expected a whole number, got {json_type(value)}.")
        elif not low <= value <= high:
            self.refuse(path, f"Expected {low} to {high}, got {value}.")
        else:
            return value
        return None

    def number(self, value: Any, path: Path) -> Decimal | None:
        """Return a number of any sign, exactly as it is written."""
        number = None if isinstance(value, bool) else parse_number(value)
        if number is None:
            self.refuse(path, "Expected a number.")
        return number

    def amount(self, value: Any, path: Path, digits: int = money.PLACES) -> Decimal | None:
        """Return an amount of 0 or more with at most ``digits`` decimal places. A float may have been rounded."""
        amount = None if isinstance(value, bool | float) else parse_number(value)
        if amount is None:
            self.refuse(path, 'Expected a decimal as a string, such as "156.30", or a whole number.')
            return None
        problems = money.problems(amount, path, minor_digits=digits)
        self.found.extend(problems)
        return None if problems else amount

    def positive_amount(self, value: Any, path: Path, digits: int) -> Decimal:
        """Return an amount of more than 0 with at most ``digits`` decimal places."""
        amount = self.amount(value, path, digits)
        if amount == 0:
            self.refuse(path, "Expected more than 0, got 0.")
        return amount or money.ZERO

    def time(self, value: Any, path: Path) -> datetime | None:
        """Return a time in UTC, to the millisecond."""
        time = parse_time(value) if isinstance(value, str) else value
        if not isinstance(time, datetime) or time.tzinfo is None:
            self.refuse(path, "Expected an RFC 3339 time with an offset.")
            return None
        try:
            return truncate_to_millisecond(time)
        except OverflowError:
            self.refuse(path, "Expected a time within the years 1 to 9999, in UTC.")
            return None

    def choice(self, value: Any, path: Path, enum: type[Choice]) -> Choice:
        """Return the member of an enum that has this name."""
        if isinstance(value, str) and value in enum.__members__:
            return enum[value]
        got = quote(value) if isinstance(value, str) else json_type(value)
        self.refuse(path, f"Expected {' or '.join(enum.__members__)}, got {got}.")
        return next(iter(enum))
