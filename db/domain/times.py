"""Times: RFC 3339 text to the microsecond in, UTC to the millisecond out."""

import re
from datetime import UTC, datetime
from functools import lru_cache

RFC_3339 = re.compile(
    r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)


def parse_time(value: str) -> datetime | None:
    """Parse an RFC 3339 time with an offset, to the microsecond. Return None for any other text."""
    if not RFC_3339.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value.upper())
    except ValueError:  # a day that its month does not have, such as the 30th of February
        return None


@lru_cache(maxsize=64)  # one change writes the same time into the session's row, its event and the event's changes
def format_time(time: datetime) -> str:
    """Format a time in UTC with milliseconds: 2026-03-01T10:00:00.000Z."""
    in_utc = time if time.tzinfo is UTC else time.astimezone(UTC)
    return f"{in_utc.isoformat(timespec='milliseconds').removesuffix('+00:00')}Z"


def truncate_to_millisecond(time: datetime) -> datetime:
    """Return the time as it is stored: in UTC, without fractions of a millisecond."""
    return time.astimezone(UTC).replace(microsecond=time.microsecond // 1000 * 1000)
