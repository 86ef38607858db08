"""Connections to an SQLite file, the identity of the file, and the errors of sqlite3 that mean something to callers."""

import os
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine

from db.engine.database import MAX_ANSWER
from db.engine.errors import AnswerTooLarge, CannotWrite, StatementTooDeep

PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA busy_timeout = 10000",
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -8192",  # kibibytes, for each of half a dozen connections
    "PRAGMA temp_store = MEMORY",
)
TEMPORARY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
TOO_DEEP = ("parser stack overflow", "Expression tree is too large")  # SQLite has no code of its own for these
OPTIONS: dict[str, Any] = {
    "isolation_level": None,  # the driver would begin a transaction only at the first write
    "cached_statements": 1_000,
}


class ConfiguredConnection(sqlite3.Connection):
    """A connection with the pragmas of this module."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for pragma in PRAGMAS:
            self.execute(pragma)


class ReadOnlyConnection(ConfiguredConnection):
    """A connection that cannot write, with a limit on the size of an answer."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.execute("PRAGMA query_only = ON")
        self.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_ANSWER)


def create_sqlite_engine(url: URL) -> Engine:
    """Create the engine of operations. SQLAlchemy begins no transactions on it."""
    arguments = {**OPTIONS, "factory": ConfiguredConnection}
    return create_engine(url.set(drivername="sqlite"), connect_args=arguments, hide_parameters=True)


def driver_connection(connection: Connection) -> sqlite3.Connection:
    """Return the sqlite3 connection behind one of SQLAlchemy's."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


class FileReplaced(Exception):
    """The open file is no longer the file at its path: it was removed or replaced, and writes to it would be lost."""


class DatabaseFile:
    """The file at a path, as it was when this was created."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._identity = identity(path)

    def check(self) -> None:
        """Raise FileReplaced if the path names another file now, or none."""
        try:
            same = identity(self._path) == self._identity
        except FileNotFoundError:
            same = False
        if not same:
            raise FileReplaced(f"The file {self._path} has been removed or replaced; start again.")


def identity(path: Path) -> tuple[int, int]:
    """Return the file's device and inode."""
    found = os.stat(path)  # noqa: PTH116  # runs in each transaction, and takes a microsecond less than Path.stat
    return found.st_dev, found.st_ino


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
