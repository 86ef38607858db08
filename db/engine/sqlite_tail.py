"""The end of the event history in an SQLite file."""

import asyncio
import sqlite3
from contextlib import suppress

POLL_INTERVAL = 0.05  # seconds, for commits of other processes
MAX_ID = 2**63 - 1


class SqliteTail:
    """Learns of this process's commits at once, and of other processes' by polling SQLite's ``data_version``."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._committed = asyncio.Event()
        self._version = 0

    def committed(self) -> None:
        """Report a commit of this process."""
        self._committed.set()

    async def wait_for_commit(self) -> None:
        """Wait until any process has committed since the last call returned."""
        while not self._committed.is_set() and self._data_version() == self._version:
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_INTERVAL):
                    await self._committed.wait()
        self._committed.clear()
        self._version = self._data_version()

    def _data_version(self) -> int:
        """Return a number that changes when another connection commits."""
        version: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        return version

    async def settled_id(self) -> int:
        """Return the greatest ID: with one writer, every ID is committed before the next is taken."""
        return MAX_ID
