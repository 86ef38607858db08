"""Ranges of a condition: of amounts, counts and numbers with both ends included, of times without the last."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from db.domain.decimals import format_decimal
from db.domain.promotions.failure import Check, Failure, show
from db.domain.promotions.input_reader import LARGEST_INT, InputReader, Path
from db.domain.times import format_time


def amount_range(reader: InputReader, value: Any, path: Path) -> Check:
    """Compile a DecimalRange to a check of a Decimal."""

    def show_amount(amount: Decimal) -> str:
        return format_decimal(amount, reader.minor_digits)

    return compile_range(reader, value, path, reader.amount, show_amount)


def count_range(reader: InputReader, value: Any, path: Path) -> Check:
    """Compile an IntRange to a check of a count."""

    def read(value: Any, path: Path) -> int | None:
        return reader.integer(value, path, 0, LARGEST_INT)

    return compile_range(reader, value, path, read, str)


def number_range(reader: InputReader, value: Any, path: Path) -> Check:
    """Compile a NumberRange to a check of a Decimal."""
    return compile_range(reader, value, path, reader.number, show)


def time_range(reader: InputReader, value: Any, path: Path) -> Check:
    """Compile a DateTimeRange to a check of a time."""
    return compile_range(reader, value, path, reader.time, format_time, ("from", "to"))


def compile_range(
    reader: InputReader,
    value: Any,
    path: Path,
    read: Callable[[Any, Path], Any],
    show: Callable[[Any], str],
    names: tuple[str, str] = ("min", "max"),
) -> Check:
    """Compile a range. With ``from`` and ``to`` it is half open: it excludes its upper end."""
    low_path, high_path = ((*path, name) for name in names)
    half_open = names[1] == "to"
    given = reader.fields(value, path, names)
    reader.leaves += len(given)
    low, high = (read(given[name], (*path, name)) if name in given else None for name in names)
    if low is not None and high is not None and (low >= high if half_open else low > high):
        relation = "a time before" if half_open else "at most"
        reader.refuse(low_path, f"Expected {relation} {names[1]}, {show(high)}; got {show(low)}.")
    low_text, high_text = (None if bound is None else show(bound) for bound in (low, high))
    if low is not None:
        missing = Failure(low_path, low_text)
    else:
        missing = Failure(high_path if high is not None else path, high_text)

    def check(value: Any) -> Failure | None:
        if value is None:
            return missing
        if low is not None and value < low:
            return Failure(low_path, low_text, show(value))
        if high is not None and (value >= high if half_open else value > high):
            return Failure(high_path, high_text, show(value))
        return None

    return check
