"""Errors of asyncpg, and of SQLAlchemy around them, by SQLSTATE: which are conflicts, and how those are retried."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg
from sqlalchemy.exc import DBAPIError

from db.engine.errors import WriteConflict

T = TypeVar("T")

MAX_ATTEMPTS = 50
MAX_BACKOFF = 0.1  # seconds
UNIQUE_VIOLATION = "23505"
CONFLICTS = ("40001", "40P01", UNIQUE_VIOLATION)  # serialization_failure, deadlock_detected
# Connection exceptions and shutdown of the server; 57014, a cancelled statement, is not among them.
CONNECTION_FAILURES = ("08", "57P")
DRIVER_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError)
CONNECT_ERRORS = (OSError, TimeoutError, *DRIVER_ERRORS)


def is_conflict(error: Exception) -> bool:
    """Return whether an operation failed only because of a concurrent transaction, and can be run again."""
    if isinstance(error, WriteConflict):
        return True
    return isinstance(error, asyncpg.PostgresError | DBAPIError) and sqlstate(error) in CONFLICTS


def is_connection_failure(error: Exception) -> bool:
    """Return whether the server reported that the connection ends."""
    return sqlstate(error).startswith(CONNECTION_FAILURES)


def is_disk_full(error: BaseException) -> bool:
    """Return whether the server's disk is full."""
    return sqlstate(error) == "53100"


def sqlstate(error: BaseException) -> str:
    """Return the SQLSTATE of an error, or an empty text."""
    return getattr(getattr(error, "orig", error), "sqlstate", None) or ""


async def retry_conflicts(attempt: Callable[[int], Awaitable[T]]) -> T:
    """Call ``attempt`` with 0, 1, 2, … until it raises no conflict, or violates the same unique key again."""
    violation = ""
    for number in range(MAX_ATTEMPTS):
        try:
            return await attempt(number)
        except Exception as error:
            if number == MAX_ATTEMPTS - 1 or not is_conflict(error):
                raise
            if sqlstate(error) == UNIQUE_VIOLATION:
                # A lost race of an insert is not lost again: the next attempt sees the row with that key.
                if str(error) == violation:
                    raise
                violation = str(error)
        await asyncio.sleep(backoff(number))
    raise AssertionError("the last attempt returns or raises")


def backoff(number: int) -> float:
    """Return a random delay in seconds after a failed attempt (exponential backoff with full jitter)."""
    return random.uniform(0, min(MAX_BACKOFF, 0.001 * 2**number))  # noqa: S311  # not a secret
