"""Classifies errors of asyncpg, and of SQLAlchemy around them, by SQLSTATE."""

import asyncpg
from sqlalchemy.exc import DBAPIError

from db.engine.errors import WriteConflict

CONFLICTS = ("40001", "40P01", "23505")  # serialization_failure, deadlock_detected, unique_violation
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


def sqlstate(error: BaseException) -> str:
    """Return the SQLSTATE of an error, or an empty text."""
    return getattr(getattr(error, "orig", error), "sqlstate", None) or ""
