"""The one writer of an SQLite file, with group commit."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import thread_time
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from db.engine.cache import clear_caches
from db.engine.errors import CannotWrite, WriteConflict
from db.engine.fair import FairQueue, current_holder
from db.engine.sqlite_connections import DatabaseFile, FileReplaced, driver_connection, to_write_error

T = TypeVar("T")
Operation = Callable[[Connection], Any]
Outcome = Callable[[], Any]  # returns what the operation returned, or raises what it raised

MAX_GROUP = 100  # operations in one commit
# CPU time of the operations in one commit, so that one in the next group does not wait long. The tasks that run between
# operations are not counted: on a busy server they take as long as the operations, and each commit costs an fsync.
MAX_GROUP_SECONDS = 0.02
TIME_SLICE = 0.005  # seconds of operations after which other tasks of the event loop run


class SqliteWriter:
    """Commits waiting operations in groups, with one fsync for the group.

    Operations run on the event loop, since on a thread each of their statements would wait for the GIL again. BEGIN and
    COMMIT, which wait for the disk or for another process, run on a thread. Each operation has its own savepoint, so
    one that raises rolls back only its own changes.
    """

    def __init__(self, engine: Engine, file: DatabaseFile) -> None:
        self._engine = engine
        self._file = file
        self._thread = ThreadPoolExecutor(1, "writer")
        self._waiting: FairQueue[tuple[Operation, asyncio.Future[Any]]] = FairQueue()
        self._working: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """Return how many operations have not started."""
        return len(self._waiting)

    async def run(self, operation: Callable[[Connection], T]) -> T:
        """Run an operation and return its answer once it has been committed."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.push(current_holder.get(), (operation, answer))
        if self._working is None:
            self._working = asyncio.create_task(self._work())
        return await answer

    async def close(self) -> None:
        """Commit all waiting operations, then stop."""
        if self._working is not None:
            await self._working
        self._thread.shutdown()

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self._commit_group()
        finally:
            self._working = None

    async def _commit_group(self) -> None:
        """Run waiting operations in one transaction and deliver their outcomes."""
        loop, answers = asyncio.get_running_loop(), list[asyncio.Future[Any]]()
        try:
            with self._engine.connect() as connection:  # rolls back a transaction that is left open
                driver = driver_connection(connection)
                await loop.run_in_executor(self._thread, self._begin, driver)
                outcomes = await self._run_operations(connection, answers)
                await loop.run_in_executor(self._thread, driver.execute, "COMMIT")
        except Exception as error:  # nothing was written, so all of them failed
            clear_caches(self._engine.dialect)
            answers = answers or self._take_all()
            outcomes = [partial(fail, error)] * len(answers)
        deliver(answers, outcomes)

    def _begin(self, driver: sqlite3.Connection) -> None:
        """Begin a transaction. Raises CannotWrite if the file was replaced: the writes would be lost."""
        driver.execute("BEGIN IMMEDIATE")
        try:
            self._file.check()
        except FileReplaced as error:
            raise CannotWrite(str(error)) from error

    async def _run_operations(self, connection: Connection, answers: list[asyncio.Future[Any]]) -> list[Outcome]:
        """Run waiting operations whose callers have not been cancelled, and append their futures to ``answers``."""
        loop, outcomes = asyncio.get_running_loop(), list[Outcome]()
        spent, sliced = 0.0, loop.time()
        while len(answers) < MAX_GROUP and spent < MAX_GROUP_SECONDS and (next_ := self._waiting.pop()):
            operation, answer = next_
            if answer.cancelled():
                continue
            answers.append(answer)
            started = thread_time()
            outcomes.append(run_in_savepoint(connection, operation))
            spent += thread_time() - started
            if loop.time() > sliced + TIME_SLICE:
                await asyncio.sleep(0)
                sliced = loop.time()
        return outcomes

    def _take_all(self) -> list[asyncio.Future[Any]]:
        """Take the futures of all waiting operations, when no transaction can begin."""
        answers = []
        while next_ := self._waiting.pop():
            answers.append(next_[1])
        return answers


def run_in_savepoint(
    connection: Connection, operation: Callable[[Connection], T], *, again: bool = True
) -> Callable[[], T]:
    """Run one operation in a savepoint and return its outcome. On WriteConflict, run it ``again``, once.

    The second run reads what the first took from a cache, and no other process can write before the end.
    Raises the operation's error if SQLite has rolled back the whole transaction, as it does on a full disk: the changes
    of the other operations are lost too.
    """
    driver = driver_connection(connection)
    driver.execute("SAVEPOINT operation")
    try:
        result = operation(connection)
    except Exception as error:  # delivered to the caller of the operation
        if not driver.in_transaction:
            raise
        driver.execute("ROLLBACK TO operation")
        driver.execute("RELEASE operation")
        if again and isinstance(error, WriteConflict):
            return run_in_savepoint(connection, operation, again=False)
        return partial(fail, error)
    driver.execute("RELEASE operation")
    return lambda: result


def fail(error: Exception) -> Any:
    """Raise an operation's error, or CannotWrite if the operation did not cause it."""
    mapped = to_write_error(error)
    if mapped is error:
        raise error
    raise mapped from error


def deliver(answers: list[asyncio.Future[Any]], outcomes: list[Outcome]) -> None:
    """Set the result of each future that has not been cancelled."""
    for answer, outcome in zip(answers, outcomes, strict=True):
        if answer.cancelled():
            continue
        try:
            answer.set_result(outcome())
        except Exception as error:
            answer.set_exception(error)
