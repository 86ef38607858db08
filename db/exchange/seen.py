"""What a run has seen of its file so far. It is kept in a file of SQLite's own, so that memory does not grow."""

import sqlite3
from typing import Self


class Seen:
    """The integration IDs, each with the line it stood on first; and the profiles that sessions were accepted for."""

    def __init__(self) -> None:
        # The empty name is a temporary file. It is used where the transaction is, one thread at a time.
        self._kept = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._kept.execute("PRAGMA synchronous = OFF")
        self._kept.execute("PRAGMA journal_mode = OFF")
        self._kept.execute("CREATE TABLE name (name BLOB PRIMARY KEY, line INTEGER NOT NULL) WITHOUT ROWID")
        self._kept.execute("CREATE TABLE profile (name TEXT PRIMARY KEY, has_first INTEGER NOT NULL) WITHOUT ROWID")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._kept.close()

    def earlier(self, integration_id: str, line: int) -> int | None:
        """The line on which an integration ID stood before; None where this is the first."""
        name = integration_id.encode(errors="surrogatepass")  # no rule has been held against it yet
        statement = "INSERT INTO name VALUES (?, ?) ON CONFLICT DO UPDATE SET line = line RETURNING line"
        found: int = self._kept.execute(statement, (name, line)).fetchone()[0]
        return None if found == line else found

    def first_of(self, profile_id: str) -> bool | None:
        """Whether a session of the profile was its first; None where the profile has had no session."""
        found = self._kept.execute("SELECT has_first FROM profile WHERE name = ?", (profile_id,)).fetchone()
        return None if found is None else bool(found[0])

    def accept(self, profile_id: str, is_first: bool) -> None:
        """Note a session of a profile."""
        statement = (
            "INSERT INTO profile VALUES (?, ?) ON CONFLICT DO UPDATE SET has_first = has_first OR excluded.has_first"
        )
        self._kept.execute(statement, (profile_id, is_first))
