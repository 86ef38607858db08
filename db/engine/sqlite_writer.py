"""The one writer of an SQLite file: what comes in while it commits is committed together the next time."""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from db.engine.errors import CannotWrite
from db.engine.sqlite_file import File, FileGone

T = TypeVar("T")
Operation = Callable[[Connection], Any]

MAX_TOGETHER = 100  # operations committed at once
TURN = 0.005  # seconds that operations may take before others have theirs on the event loop
NOT_NOW = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)


class Writer:
    """Commits operations in groups, with one fsync for many.

    Operations run on the event loop: on a thread, each of their statements would wait anew for Python's lock. What
    waits for the disk or for another process, the beginning and the end, is done on a thread. Each operation has a
    savepoint of its own, so that one that raises undoes only itself.
    """

    def __init__(self, engine: Engine, file: File) -> None:
        self._engine = engine
        self._file = file
        self._thread = ThreadPoolExecutor(1, "writer")
        self._waiting: deque[tuple[Operation, asyncio.Future[Any]]] = deque()
        self._working: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """How many operations wait to be begun."""
        return len(self._waiting)

    async def run(self, operation: Callable[[Connection], T]) -> T:
        """What the operation answers, once it has been committed."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((operation, answer))
        if self._working is None:
            self._working = asyncio.create_task(self._work())
        return await answer

    async def close(self) -> None:
        """Carry out what waits, then end."""
        if self._working is not None:
            await self._working
        self._thread.shutdown()

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self._commit_together()
        finally:
            self._working = None

    async def _commit_together(self) -> None:
        """Carry out what waits in one transaction, and tell what comes of each."""
        loop, taken = asyncio.get_running_loop(), list[asyncio.Future[Any]]()
        with self._engine.connect() as connection:  # whatever is left open here is rolled back
            driver = driver_of(connection)
            try:
                await loop.run_in_executor(self._thread, self._begin, driver)
                told = await self._attempts(connection, taken)
                await loop.run_in_executor(self._thread, driver.execute, "COMMIT")
            except Exception as error:  # nothing of them was written
                taken = taken or self._take_all()
                told = [partial(fail, error)] * len(taken)
        tell(taken, told)

    def _begin(self, driver: sqlite3.Connection) -> None:
        """Begin a transaction. Raises CannotWrite where nobody would ever find what it writes."""
        driver.execute("BEGIN IMMEDIATE")
        try:
            self._file.hold()
        except FileGone as error:
            raise CannotWrite(str(error)) from error

    async def _attempts(self, connection: Connection, taken: list[asyncio.Future[Any]]) -> list[Callable[[], Any]]:
        """Run what waits, but for what nobody waits for any more."""
        loop, told = asyncio.get_running_loop(), list[Callable[[], Any]]()
        turn = loop.time() + TURN
        while self._waiting and len(taken) < MAX_TOGETHER:
            operation, answer = self._waiting.popleft()
            if answer.cancelled():
                continue
            taken.append(answer)
            told.append(attempt(connection, operation))
            if loop.time() > turn:
                await asyncio.sleep(0)
                turn = loop.time() + TURN
        return told

    def _take_all(self) -> list[asyncio.Future[Any]]:
        """Those who wait, where no transaction can even begin."""
        answers = [answer for _, answer in self._waiting]
        self._waiting.clear()
        return answers


def attempt(connection: Connection, operation: Callable[[Connection], T]) -> Callable[[], T]:
    """Run one operation in a savepoint; what comes of it is had by calling the answer.

    Raises what the operation raised where SQLite has undone the whole transaction with it: on a full disk it does, and
    then nothing of the others is left either.
    """
    driver = driver_of(connection)
    driver.execute("SAVEPOINT attempt")
    try:
        done = operation(connection)
    except Exception as error:  # told to the one who asked
        if not driver.in_transaction:
            raise
        driver.execute("ROLLBACK TO attempt")
        driver.execute("RELEASE attempt")
        return partial(fail, error)
    driver.execute("RELEASE attempt")
    return lambda: done


def driver_of(connection: Connection) -> sqlite3.Connection:
    """The driver's own connection."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def fail(error: Exception) -> Any:
    """Raise what an operation raised, or CannotWrite for what is not its fault."""
    cause = getattr(error, "orig", error)  # SQLAlchemy wraps it, a Statement does not
    if isinstance(cause, sqlite3.OperationalError) and cause.sqlite_errorcode & 0xFF in NOT_NOW:
        raise CannotWrite(str(cause)) from error
    raise error


def tell(answers: list[asyncio.Future[Any]], told: list[Callable[[], Any]]) -> None:
    """Answer those who still wait."""
    for answer, outcome in zip(answers, told, strict=True):
        if answer.cancelled():
            continue
        try:
            answer.set_result(outcome())
        except Exception as error:
            answer.set_exception(error)
