"""Local time in SQL, by offsets that Python computes: SQLite knows no time zones, and PostgreSQL's may be others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import groupby
from typing import Any

from db.domain.time_zones import OffsetChange, offset_changes
from db.domain.times import format_time
from db.engine import json
from db.operations.applications import Calendar
from graphql_api.sql.functions import SqlFunction
from graphql_api.sql.request import Lookup, Request

CHANGES_PER_MONTH = 2  # the highest number in any zone
FIRST_YEAR, LAST_YEAR = 1900, 2200  # times outside are in UTC


@dataclass(frozen=True)
class OffsetsJson:
    """Read the offsets of an application's time zone, as the JSON that ``Offsets`` takes."""

    calendar: Lookup

    def __call__(self, request: Request) -> str:
        calendar: Calendar = request.memo[self.calendar]
        return offsets_json(calendar.time_zone, calendar.first_year, calendar.last_year)


@lru_cache(maxsize=64)
def offsets_json(time_zone: str, first_year: int, last_year: int) -> str:
    """Return the offsets in a range of years: by month for SQLite, and as a list of changes for PostgreSQL."""
    first, last = max(first_year, FIRST_YEAR), min(last_year, LAST_YEAR)
    changes = [*offset_changes(time_zone, first, last), OffsetChange(datetime(last + 1, 1, 1, tzinfo=UTC), 0)]
    return json.dumps(
        {
            "months": list(by_month(changes, first, last)),
            "changes": [[format_time(each.start), each.seconds] for each in changes],
        }
    )


def by_month(changes: Sequence[OffsetChange], first: int, last: int) -> Sequence[Sequence[Any]]:
    """Return for each month its name, the offset at its beginning, and the changes within it."""
    seconds = changes[0].seconds
    within = {month: list(each) for month, each in groupby(changes[1:], lambda change: f"{change.start:%Y-%m}")}
    rows = []
    for name in (f"{year}-{month:02}" for year in range(first, last + 1) for month in range(1, 13)):
        row: list[Any] = [name, modifier(seconds)]
        for each in within.get(name, ()):
            row += [format_time(each.start), modifier(each.seconds)]
            seconds = each.seconds
        assert len(row) <= 2 + 2 * CHANGES_PER_MONTH, f"the offset changes too often in {name}"
        rows.append(row)
    return rows


def modifier(seconds: int) -> str:
    """Return an offset as a modifier of SQLite's date function."""
    return f"{seconds:+d} seconds"


class Offsets(SqlFunction):
    """The offsets of ``OffsetsJson`` as a table: of each month on SQLite, which finds them by an index that it makes.

    On PostgreSQL it has one row with two arrays, in which a binary search finds the offset.
    """

    COLUMNS = ("month", "offset0", "change1", "offset1", "change2", "offset2", "starts", "seconds")

    sqlite = (
        "(SELECT value ->> 0 AS month, value ->> 1 AS offset0, value ->> 2 AS change1, value ->> 3 AS offset1,"
        " value ->> 4 AS change2, value ->> 5 AS offset2, NULL AS starts, NULL AS seconds"
        " FROM json_each({0}, '$.months') LIMIT -1)"  # the limit makes it a table of its own, with an index
    )
    postgresql = (
        "(SELECT NULL AS month, NULL AS offset0, NULL AS change1, NULL AS offset1, NULL AS change2, NULL AS offset2,"
        " ARRAY(SELECT (value ->> 0)::timestamptz FROM json_array_elements(({0})::json -> 'changes')) AS starts,"
        " ARRAY(SELECT (value ->> 1)::int FROM json_array_elements(({0})::json -> 'changes')) AS seconds)"
    )


class InMonth(SqlFunction):
    """The condition that a row of ``Offsets`` is for a time."""

    sqlite = "{1} = substr({0}, 1, 7)"
    postgresql = "true"


OFFSET_ON_SQLITE = (
    "CASE WHEN {3} IS NULL OR {0} < {3} THEN coalesce({2}, '+0 seconds')"
    " WHEN {5} IS NULL OR {0} < {5} THEN {4} ELSE {6} END"
)
LOCAL_ON_POSTGRESQL = "({0} AT TIME ZONE 'UTC' + coalesce({8}[width_bucket({0}, {7})], 0) * interval '1 second')"


class LocalDay(SqlFunction):
    """The local date of a time, given the columns of ``Offsets``."""

    sqlite = f"date({{0}}, {OFFSET_ON_SQLITE})"
    postgresql = f"date_trunc('day', {LOCAL_ON_POSTGRESQL})"


class LocalWeek(SqlFunction):
    """The local date of the Monday at or before a time."""

    sqlite = f"date({{0}}, {OFFSET_ON_SQLITE}, 'weekday 0', '-6 days')"
    postgresql = f"date_trunc('week', {LOCAL_ON_POSTGRESQL})"


class LocalMonth(SqlFunction):
    """The local date on which the month of a time begins."""

    sqlite = f"date({{0}}, {OFFSET_ON_SQLITE}, 'start of month')"
    postgresql = f"date_trunc('month', {LOCAL_ON_POSTGRESQL})"


class LocalYear(SqlFunction):
    """The local date on which the year of a time begins."""

    sqlite = f"date({{0}}, {OFFSET_ON_SQLITE}, 'start of year')"
    postgresql = f"date_trunc('year', {LOCAL_ON_POSTGRESQL})"


class DateText(SqlFunction):
    """A local date as text: 2026-03-01."""

    sqlite = "{0}"
    postgresql = "to_char({0}, 'YYYY-MM-DD')"
