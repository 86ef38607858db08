"""When a failed event is sent again."""

import random

FIRST_PAUSE = 1.0  # seconds
GROWTH = 3
MAX_PAUSE = 6 * 3_600.0
MAX_RETRY_AFTER = 24 * 3_600.0  # of what a receiver asks for
GIVE_UP_AFTER = 3 * 24 * 3_600.0  # seconds since the first failure
JITTER = 0.2  # of the pause, more or less, so that events that failed together do not come back together


def next_attempt(failures: int, since: float, now: float, retry_after: float) -> float | None:
    """Return when an event is sent again that has failed so often since a time; None to give up."""
    end = since + GIVE_UP_AFTER
    if now >= end:
        return None
    pause = min(FIRST_PAUSE * GROWTH ** min(failures - 1, 20), MAX_PAUSE)
    pause *= random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311  # not a secret
    return min(now + max(pause, retry_after), end)
