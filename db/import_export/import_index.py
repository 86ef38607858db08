"""What a run has seen of its file so far. It is kept in files of SQLite's own, so that memory does not grow."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Self


class Kept:
    """A table that lasts as long as the run. It is used by one thread at a time."""

    TABLE = ""

    def __init__(self) -> None:
        self._kept = sqlite3.connect("", isolation_level=None, check_same_thread=False)  # a temporary file
        for statement in ("PRAGMA synchronous = OFF", "PRAGMA journal_mode = OFF", self.TABLE):
            self._kept.execute(statement)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._kept.close()


class Names(Kept):
    """The integration IDs, each with the line it stood on first."""

    TABLE = "CREATE TABLE seen (name BLOB PRIMARY KEY, line INTEGER NOT NULL) WITHOUT ROWID"

    def earlier(self, names: Sequence[tuple[str, int]]) -> Mapping[int, int]:
        """Note names, each with its line; answers the lines whose name stood before, each with the line it stood on."""
        rows = [(name.encode(errors="surrogatepass"), line) for name, line in names]  # no rule was held against it yet
        noted = self._kept.executemany("INSERT INTO seen VALUES (?, ?) ON CONFLICT DO NOTHING", rows).rowcount
        if noted == len(rows):
            return {}
        found = {line: self._kept.execute("SELECT line FROM seen WHERE name = ?", (name,)) for name, line in rows}
        firsts = ((line, cursor.fetchone()[0]) for line, cursor in found.items())
        return {line: first for line, first in firsts if first != line}


class Profiles(Kept):
    """The profiles that sessions were accepted for, and whether one of these was its profile's first."""

    TABLE = "CREATE TABLE seen (name TEXT PRIMARY KEY, has_first INTEGER NOT NULL) WITHOUT ROWID"

    def known(self, profile_ids: Iterable[str]) -> dict[str, bool]:
        """Those that have been noted."""
        statement = "SELECT name, has_first FROM seen WHERE name IN (SELECT value FROM json_each(?))"
        found = self._kept.execute(statement, (json.dumps(list(profile_ids)),))
        return {name: bool(has_first) for name, has_first in found}

    def note(self, profiles: Mapping[str, bool]) -> None:
        """Note profiles, or what they have come to."""
        self._kept.executemany("INSERT OR REPLACE INTO seen VALUES (?, ?)", profiles.items())
