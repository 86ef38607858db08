"""Maps errors of sqlite3 to those of the database interface."""

import sqlite3

from db.engine.errors import AnswerTooLarge, CannotWrite, StatementTooDeep
from db.engine.sqlite_connections import MAX_ANSWER

TEMPORARY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
INTERRUPTED = (sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_BUSY)
TOO_DEEP = ("parser stack overflow", "Expression tree is too large")  # SQLite has no code of its own for these


def is_interrupted(error: sqlite3.OperationalError) -> bool:
    """Return whether a read was interrupted, or would have waited for a lock."""
    return primary_code(error) in INTERRUPTED


def to_read_error(error: sqlite3.Error) -> Exception:
    """Return the error to raise for one of a compiled read."""
    if isinstance(error, sqlite3.DataError):
        return AnswerTooLarge(MAX_ANSWER)
    if any(text in str(error) for text in TOO_DEEP):
        return StatementTooDeep()
    return error


def to_write_error(error: Exception) -> Exception:
    """Return the error to raise for one of an operation: CannotWrite if the operation did not cause it."""
    cause = getattr(error, "orig", error)  # SQLAlchemy wraps the driver's error, a Statement does not
    if isinstance(cause, sqlite3.OperationalError) and primary_code(cause) in TEMPORARY:
        return CannotWrite(str(cause))
    return error


def primary_code(error: sqlite3.OperationalError) -> int:
    """Return SQLite's primary result code, without the extended part."""
    return error.sqlite_errorcode & 0xFF
