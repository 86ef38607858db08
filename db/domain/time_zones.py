"""The offsets of a time zone from UTC, as the package tzdata gives them on every machine and for both databases."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

DAY, WEEK = timedelta(days=1), timedelta(days=7)


class OffsetChange(NamedTuple):
    """From ``start`` on, local time is UTC plus ``seconds``."""

    start: datetime
    seconds: int


@lru_cache(maxsize=64)
def offset_changes(time_zone: str, first_year: int, last_year: int) -> Sequence[OffsetChange]:
    """Return the offset at the beginning of the first year, and each change until the end of the last, in UTC.

    zoneinfo does not list its changes. No zone has had two within a day, nor within a week since 1970.
    """
    zone = ZoneInfo(time_zone)
    moment, end = datetime(first_year, 1, 1, tzinfo=UTC), datetime(last_year, 12, 31, tzinfo=UTC)
    found = [OffsetChange(moment, offset_at(zone, moment))]
    while moment < end:
        following = moment + (DAY if moment.year < 1970 else WEEK)
        if offset_at(zone, following) != found[-1].seconds:
            found.append(change_between(zone, moment, following))
        moment = following
    return found


def change_between(zone: ZoneInfo, before: datetime, after: datetime) -> OffsetChange:
    """Return the change between two moments, to the second."""
    old, new = offset_at(zone, before), offset_at(zone, after)
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if offset_at(zone, middle) == old:
            before = middle
        else:
            after = middle
    return OffsetChange(after, new)


def offset_at(zone: ZoneInfo, moment: datetime) -> int:
    """Return the offset of local time from UTC, in seconds."""
    offset = moment.astimezone(zone).utcoffset()
    assert offset is not None
    return offset // timedelta(seconds=1)
