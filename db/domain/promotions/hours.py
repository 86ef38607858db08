"""Local hours: spans of the week by the wall clock of the application's time zone."""

import re
from collections.abc import Callable
from datetime import datetime
from enum import IntEnum
from typing import Any, NamedTuple

from db.domain.promotions.failure import Failure
from db.domain.promotions.input_reader import InputReader, Path

MINUTES_OF_DAY = 24 * 60
WALL_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)


class Weekday(IntEnum):
    """A day of the week. The values are those of ``datetime.weekday()``."""

    MONDAY = 0
    TUESDAY = 1
    WEDNESDAY = 2
    THURSDAY = 3
    FRIDAY = 4
    SATURDAY = 5
    SUNDAY = 6


class Span(NamedTuple):
    """Minutes from midnight, half open, on some days. ``end`` lies beyond 24 hours if the span passes midnight."""

    days: frozenset[Weekday]
    start: int
    end: int

    def contains(self, day: int, minute: int) -> bool:
        """Return whether the span covers a minute of a day. A span past midnight belongs to its first day."""
        yesterday = (day - 1) % 7
        return (day in self.days and self.start <= minute < self.end) or (
            yesterday in self.days and self.start <= minute + MINUTES_OF_DAY < self.end
        )


def compile_hours(reader: InputReader, value: Any, path: Path) -> Callable[[datetime], Failure | None]:
    """Compile a list of LocalHoursInput to a check of a local time. It passes if any of them covers it."""
    reader.leaves += 1
    spans, texts = [], []
    for element, element_path in reader.items(value, path):
        given = reader.fields(element, element_path, ("days", "from", "to"))
        days = tuple(Weekday)
        if "days" in given:
            listed = reader.items(given["days"], (*element_path, "days"))
            days = tuple(reader.choice(day, day_path, Weekday) for day, day_path in listed)
        start, end = 0, MINUTES_OF_DAY
        if "from" in given:
            start = read_minute(reader, given["from"], (*element_path, "from"))
        if "to" in given:
            end = read_minute(reader, given["to"], (*element_path, "to"))
            end += MINUTES_OF_DAY if end <= start else 0
        spans.append(Span(frozenset(days), start, end))
        names = "" if len(days) == len(Weekday) else " ".join(day.name for day in days) + " "
        texts.append(f"{names}{format_minute(start)}-{format_minute(end)}")
    needed = ", ".join(texts)

    def check(local: datetime) -> Failure | None:
        day, minute = local.weekday(), local.hour * 60 + local.minute
        if any(span.contains(day, minute) for span in spans):
            return None
        return Failure(path, needed, f"{Weekday(day).name} {format_minute(minute)}")

    return check


def read_minute(reader: InputReader, value: Any, path: Path) -> int:
    """Return the minutes from midnight to a time such as 09:30."""
    match = WALL_CLOCK.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        reader.refuse(path, "Expected a time of day from 00:00 to 23:59, such as 09:30.")
        return 0
    return int(match[1]) * 60 + int(match[2])


def format_minute(minute: int) -> str:
    """Format minutes from midnight: 09:30. Midnight at the end of a day is 24:00."""
    minute -= MINUTES_OF_DAY if minute > MINUTES_OF_DAY else 0
    return f"{minute // 60:02}:{minute % 60:02}"
