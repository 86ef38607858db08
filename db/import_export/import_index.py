"""Index of the sessions and profiles of an import file, in temporary files, so that memory does not grow."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Self


class ImportIndex:
    """A table in a temporary SQLite database, for the time of one import. It is used by one thread at a time."""

    TABLE = ""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)  # a temporary file
        for statement in ("PRAGMA synchronous = OFF", "PRAGMA journal_mode = OFF", self.TABLE):
            self._database.execute(statement)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()


class IntegrationIdIndex(ImportIndex):
    """The integration IDs, each with the line on which it stands first."""

    TABLE = "CREATE TABLE entry (name BLOB PRIMARY KEY, line INTEGER NOT NULL) WITHOUT ROWID"

    def add(self, names: Sequence[tuple[str, int]]) -> Mapping[int, int]:
        """Add integration IDs with their lines. Return for each line with a duplicate the line of the first."""
        rows = [(name.encode(errors="surrogatepass"), line) for name, line in names]  # the names are not validated yet
        inserted = self._database.executemany("INSERT INTO entry VALUES (?, ?) ON CONFLICT DO NOTHING", rows).rowcount
        if inserted == len(rows):
            return {}
        select = "SELECT line FROM entry WHERE name = ?"
        firsts = ((line, self._database.execute(select, (name,)).fetchone()[0]) for name, line in rows)
        return {line: first for line, first in firsts if first != line}


class ProfileIndex(ImportIndex):
    """The profiles that have sessions, and for each whether one of these is its first."""

    TABLE = "CREATE TABLE entry (name TEXT PRIMARY KEY, has_first INTEGER NOT NULL) WITHOUT ROWID"

    def find(self, profile_ids: Iterable[str]) -> dict[str, bool]:
        """Return those of the profiles that have been added."""
        statement = "SELECT name, has_first FROM entry WHERE name IN (SELECT value FROM json_each(?))"
        found = self._database.execute(statement, (json.dumps(list(profile_ids)),))
        return {name: bool(has_first) for name, has_first in found}

    def update(self, profiles: Mapping[str, bool]) -> None:
        """Add profiles, or replace what is stored of them."""
        self._database.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?)", profiles.items())
