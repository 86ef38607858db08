"""The reason for which a condition does not hold."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from db.domain.errors import quote, truncate

MAX_NEEDED = 10  # values of a list that are shown


class Failure(NamedTuple):
    """The first leaf of a condition that fails. The texts are in the form of the input; None where there is none."""

    path: tuple[str, ...]
    needed: str | None = None
    actual: str | None = None


# Explains why a value fails a test; returns None if it passes. The value is None where it is missing.
Check = Callable[[Any], Failure | None]


def check_all(checks: Sequence[Check]) -> Check:
    """Return a check that fails with the first failure of several."""
    if len(checks) == 1:
        return checks[0]

    def check(value: Any) -> Failure | None:
        for each in checks:
            if failure := each(value):
                return failure
        return None

    return check


def show(value: Any) -> str:
    """Format a value of an attribute or of a condition."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return truncate(str(value))


def show_list(values: Sequence[str]) -> str:
    """Format the first values of a list."""
    more = ", ..." if len(values) > MAX_NEEDED else ""
    return ", ".join(map(quote, values[:MAX_NEEDED])) + more
