"""A copy of an SQLite database, taken while others read and write it."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from db.engine.errors import UnusableDatabase

PATIENCE = 10  # seconds, for a lock that another process holds


def backup(url: str, path: Path) -> int:
    """Write the database as it is at one moment to ``path``, and answer its size in bytes.

    The file is there whole, under its name, or not at all. Raises FileExistsError where something has the name, OSError
    where it cannot be written, and UnusableDatabase where there is nothing to copy.
    """
    source = sqlite_file(url)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.touch(mode=0o600, exist_ok=False)  # it holds what customers bought
        copy(source, unfinished)
        os.link(unfinished, path)  # which, unlike a renaming, takes nobody's place
    finally:
        unfinished.unlink(missing_ok=True)
    return path.stat().st_size


def sqlite_file(url: str) -> Path:
    """The file that the URL names."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise UnusableDatabase("This is no database URL; an example is sqlite+aiosqlite:///cartograph.db") from error
    if parsed.get_backend_name() != "sqlite":
        raise UnusableDatabase("Only SQLite is copied; PostgreSQL has pg_dump, and pg_basebackup for whole servers.")
    return Path(parsed.database or "")


def copy(source: Path, target: Path) -> None:
    """Copy a database in one step of SQLite's backup: one snapshot, which keeps no writer waiting."""
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True, timeout=PATIENCE)) as there,
            closing(sqlite3.connect(target)) as here,
        ):
            here.execute("PRAGMA synchronous = OFF")
            there.backup(here)
    except sqlite3.Error as error:
        raise UnusableDatabase(f"The SQLite file {source} cannot be copied: {error}.") from error
    with target.open("rb") as written:
        os.fsync(written.fileno())
