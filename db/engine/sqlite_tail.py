"""The end of the history in an SQLite file."""

import asyncio
import sqlite3
from contextlib import suppress

POLL = 0.05  # seconds between two looks at what other processes have done
LARGEST = 2**63 - 1


class SqliteTail:
    """This process says when it has committed; that another one has, SQLite tells by a number that is looked at."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._written = asyncio.Event()
        self._version = 0

    def written(self) -> None:
        """Something has been committed here."""
        self._written.set()

    async def changed(self) -> None:
        """Return when something has been committed since this returned before."""
        while not self._written.is_set() and self._data_version() == self._version:
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL):
                    await self._written.wait()
        self._written.clear()
        self._version = self._data_version()

    def _data_version(self) -> int:
        """Another number as soon as any other connection has committed."""
        version: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        return version

    async def settled(self) -> int:
        """All events: there is one writer, and each id is one more than the last that was committed."""
        return LARGEST
