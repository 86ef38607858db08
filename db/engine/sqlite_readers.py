"""Compiled reads of an SQLite file: short ones run on the event loop, long ones on threads."""

import asyncio
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any, Self

import aiosqlite

from db.engine.database import MAX_ANSWER
from db.engine.errors import AnswerTooLarge
from db.engine.fair import FairSlots
from db.engine.sqlite_connections import OPTIONS, ReadOnlyConnection, primary_code, to_read_error

READERS = 4  # connections on threads; one application uses at most half of them
MAX_INLINE_OBJECTS = 150  # a read of so many takes hardly more time than the way to a thread and back
INSTRUCTIONS_PER_CHECK = 10_000  # of SQLite's virtual machine, about 0.2 ms
MAX_CHECKS = 50  # before a read of few objects leaves the event loop
MAX_TRIAL_CHECKS = 5  # the same for a read of unknown size
SLOW_FOR = 1.0  # seconds for which a statement that left the event loop goes to a thread at once
MAX_SLOW_STATEMENTS = 1_000  # remembered
INTERRUPTED = (sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_BUSY)  # busy: the read would have waited for a lock


class InlineReadInterrupted(Exception):
    """A read took too long for the event loop."""


class InlineConnection(ReadOnlyConnection):
    """A connection for the event loop. It interrupts a read that takes long or meets a lock."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._checks_left = MAX_CHECKS
        self._slow_until: dict[str, float] = {}
        self.execute("PRAGMA busy_timeout = 0")
        self.set_progress_handler(self._is_spent, INSTRUCTIONS_PER_CHECK)

    def read(self, statement: str, parameters: Mapping[str, Any], max_checks: int) -> Any:
        """Return the row, or None. Raises InlineReadInterrupted, also for a statement that lately was."""
        if monotonic() < self._slow_until.get(statement, 0):
            raise InlineReadInterrupted
        self._checks_left = max_checks
        try:
            return self.execute(statement, parameters).fetchone()
        except sqlite3.OperationalError as error:
            if primary_code(error) in INTERRUPTED:
                self._remember_slow(statement)
                raise InlineReadInterrupted from error
            raise

    def data_version(self) -> int:
        """Return a number that changes when another connection commits."""
        self._checks_left = MAX_CHECKS  # none are left after an interrupted read, and SQLite checks this statement too
        version: int = self.execute("PRAGMA data_version").fetchone()[0]
        return version

    def _remember_slow(self, statement: str) -> None:
        if len(self._slow_until) >= MAX_SLOW_STATEMENTS:
            self._slow_until.clear()
        self._slow_until[statement] = monotonic() + SLOW_FOR

    def _is_spent(self) -> bool:
        self._checks_left -= 1
        return self._checks_left < 0


class SqliteReaders:
    """One connection on the event loop, and a pool of connections that each have a thread."""

    def __init__(self, inline: InlineConnection, connections: list[aiosqlite.Connection]) -> None:
        self.inline = inline
        self._connections = connections
        self._idle = [*connections]
        self._slots = FairSlots(READERS, share=READERS // 2)
        self._interrupting: set[asyncio.Task[None]] = set()

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open the connections. The file has to exist."""
        connections: list[aiosqlite.Connection] = []
        try:
            for _ in range(READERS):
                connections.append(await aiosqlite.connect(path, factory=ReadOnlyConnection, **OPTIONS))
            inline = sqlite3.connect(path, factory=InlineConnection, **OPTIONS)
        except BaseException:
            for connection in connections:
                await connection.close()
            raise
        return cls(inline, connections)

    async def read(self, statement: str, parameters: Mapping[str, Any], objects: int | None) -> str | None:
        """Return the one value of a compiled read. Raises StatementTooDeep and AnswerTooLarge.

        Most reads take less time than the way to a thread and back, so they start on the event loop. One that takes
        longer (a list without pages, a filter, a count) is interrupted and starts again on a thread.
        """
        try:
            if objects is None or objects <= MAX_INLINE_OBJECTS:
                with suppress(InlineReadInterrupted):
                    row = self.inline.read(statement, parameters, MAX_TRIAL_CHECKS if objects is None else MAX_CHECKS)
                    return answer_in(row)
            row = next(iter(await self._read_on_thread(statement, parameters)), None)
        except (sqlite3.DataError, sqlite3.OperationalError) as error:
            mapped = to_read_error(error)
            if mapped is error:
                raise
            raise mapped from error
        return answer_in(row)

    async def _read_on_thread(self, statement: str, parameters: Mapping[str, Any]) -> Iterable[Any]:
        """Read on a thread; if cancelled, interrupt the statement."""
        application = await self._slots.acquire()
        connection = self._idle.pop()

        def give_back(_: object) -> None:
            self._idle.append(connection)
            self._slots.release(application)

        reading = asyncio.ensure_future(connection.execute_fetchall(statement, parameters))
        reading.add_done_callback(give_back)
        try:
            return await asyncio.shield(reading)
        except asyncio.CancelledError:
            interrupting = asyncio.create_task(interrupt(connection, reading))
            self._interrupting.add(interrupting)
            interrupting.add_done_callback(self._interrupting.discard)
            raise

    def usage(self) -> tuple[int, int]:
        """Return how many connections on threads are in use, and how many reads wait for one."""
        return self._slots.in_use, self._slots.waiting

    async def close(self) -> None:
        """Close all connections."""
        await asyncio.gather(*self._interrupting)
        for connection in self._connections:
            await connection.close()
        self.inline.close()


def answer_in(row: tuple[str | None] | None) -> str | None:
    """Return the one value of a row. Raises AnswerTooLarge for an empty text."""
    if row == ("",):
        raise AnswerTooLarge(MAX_ANSWER)
    return row[0] if row else None


async def interrupt(connection: aiosqlite.Connection, reading: asyncio.Future[Any]) -> None:
    """Interrupt a read until it has ended. The connection is not used again before that.

    SQLite forgets an interrupt that comes before the statement has started, so one is not enough.
    """
    while not reading.done():
        await connection.interrupt()
        await asyncio.wait([reading], timeout=0.001)
    if not reading.cancelled():
        reading.exception()  # asyncio would log that nobody has retrieved it
