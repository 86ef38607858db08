"""Online backup of an SQLite database."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from db.engine.errors import UnusableDatabase
from db.engine.url import parse_url

LOCK_TIMEOUT = 10  # seconds


def backup(url: str, path: Path) -> int:
    """Write a snapshot of the database to ``path`` and return its size in bytes.

    The file appears complete or not at all. Raises FileExistsError if ``path`` exists, OSError if it cannot be written,
    and UnusableDatabase if the database cannot be read.
    """
    source = sqlite_path(url)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.touch(mode=0o600, exist_ok=False)  # customers' data: for the owner alone
        copy(source, unfinished)
        os.link(unfinished, path)  # unlike a rename, a link never replaces a file
    finally:
        unfinished.unlink(missing_ok=True)
    return path.stat().st_size


def sqlite_path(url: str) -> Path:
    """Return the file of an SQLite URL."""
    parsed = parse_url(url)
    if parsed.get_backend_name() != "sqlite":
        raise UnusableDatabase("Only SQLite is copied; PostgreSQL has pg_dump, and pg_basebackup for whole servers.")
    return Path(parsed.database or "")


def copy(source: Path, target: Path) -> None:
    """Copy a database in a single step of SQLite's backup API: one snapshot, which blocks no writer."""
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True, timeout=LOCK_TIMEOUT)) as there,
            closing(sqlite3.connect(target)) as here,
        ):
            here.execute("PRAGMA synchronous = OFF")
            there.backup(here)
    except sqlite3.Error as error:
        raise UnusableDatabase(f"The SQLite file {source} cannot be copied: {error}.") from error
    with target.open("rb") as written:
        os.fsync(written.fileno())
