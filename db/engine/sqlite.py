"""The embedded database: SQLite in WAL mode, one writer, several readers."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import aiosqlite
from sqlalchemy import URL, Connection, Dialect, Engine, create_engine, event
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection

from db.engine.database import Pool
from db.engine.errors import AnswerTooLarge, DatabaseUnavailable, StatementTooDeep, UnusableDatabase
from db.engine.sqlite_file import File, FileGone
from db.engine.sqlite_tail import SqliteTail
from db.engine.sqlite_writer import Writer

P = ParamSpec("P")
T = TypeVar("T")

OLDEST = (3, 38, 0)  # JSON functions are built in
READERS = 3
LONGEST_ANSWER = 16 * 2**20  # bytes
TOO_DEEP = ("parser stack overflow", "Expression tree is too large")
PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA busy_timeout = 10000",
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -8192",  # kibibytes, for each of half a dozen connections
    "PRAGMA temp_store = MEMORY",
)
OPTIONS: dict[str, Any] = {
    "isolation_level": None,  # the driver's own begin would wait until the first write
    "cached_statements": 1_000,
}
SMALL = 150  # objects: a read of so many takes hardly more time than the way to a thread and back
STEPS = 10_000  # of SQLite's virtual machine, between two looks at whether a read has had its share; 0.2 ms
SHARE = 50  # looks: what a read that looks small may keep the event loop for
TRIAL = 5  # looks: what one that nobody can tell the size of may
LONG = 1.0  # seconds for which a statement that has had its share is not tried on the event loop again
MAX_LONG = 1_000  # statements of which that is remembered


class Reader(sqlite3.Connection):
    """A connection that cannot write, nor make an answer of any length."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for pragma in (*PRAGMAS, "PRAGMA query_only = ON"):
            self.execute(pragma)
        self.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_ANSWER)


class TookTooLong(Exception):
    """A read that had to be given up on the event loop."""


class BriefReader(Reader):
    """A reader for the event loop: it gives up where it would keep others waiting, for rows or for a lock."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._left = SHARE
        self._long: dict[str, float] = {}
        self.execute("PRAGMA busy_timeout = 0")
        self.set_progress_handler(self._spent, STEPS)

    def read(self, statement: str, parameters: Mapping[str, Any], share: int) -> Any:
        """The one row, if any. Raises TookTooLong where it does not come within so many looks, or of late has not."""
        if monotonic() < self._long.get(statement, 0):
            raise TookTooLong
        self._left = share
        try:
            return self.execute(statement, parameters).fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_BUSY):
                self._remember(statement)
                raise TookTooLong from error
            raise

    def _remember(self, statement: str) -> None:
        """Not to try a statement again and again that takes long."""
        if len(self._long) >= MAX_LONG:
            self._long.clear()
        self._long[statement] = monotonic() + LONG

    def _spent(self) -> bool:
        self._left -= 1
        return self._left < 0


class SqliteDatabase:
    """An SQLite file that is open."""

    def __init__(self, engine: Engine, file: File, here: BriefReader, connections: list[aiosqlite.Connection]) -> None:
        self.dialect: Dialect = sqlite.dialect(paramstyle="named")
        self._engine = engine
        self._file = file
        self._writer = Writer(engine, file)
        self.tail = SqliteTail(here)
        self._reader = ThreadPoolExecutor(READERS, "reader")
        self._here = here
        self._aside = 0  # reads that have, or wait for, a connection of their own
        self._connections = connections
        self._idle: asyncio.LifoQueue[aiosqlite.Connection] = asyncio.LifoQueue()
        for connection in connections:
            self._idle.put_nowait(connection)

    @classmethod
    async def open(cls, url: URL) -> Self:
        """Raises UnusableDatabase where the file cannot be opened or this SQLite is too old."""
        if sqlite3.sqlite_version_info < OLDEST:
            raise UnusableDatabase(f"SQLite {sqlite3.sqlite_version} is too old; 3.38 or newer is needed.")
        engine = engine_of(url)
        path = Path(url.database or "")
        connections: list[aiosqlite.Connection] = []
        try:
            engine.connect().close()  # makes the file, and its mode WAL
            file = File(path)
            for _ in range(READERS):
                connections.append(await aiosqlite.connect(path, factory=Reader, **OPTIONS))
            here = sqlite3.connect(path, factory=BriefReader, **OPTIONS)
        except Exception as error:
            for connection in connections:
                await connection.close()
            engine.dispose()
            cause = getattr(error, "orig", None) or error
            raise UnusableDatabase(f"The SQLite file {path} cannot be opened: {cause}.") from error
        return cls(engine, file, here, connections)

    async def write(self, operation: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run an operation in one transaction: committed when this returns, rolled back when it raises."""
        done = await self._writer.run(lambda connection: operation(connection, *args, **kwargs))
        self.tail.written()
        return done

    async def query(self, operation: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run an operation that only reads, on one snapshot. Raises DatabaseUnavailable where its file is gone."""

        def run() -> T:
            try:
                self._file.hold()
            except FileGone as error:
                raise DatabaseUnavailable(str(error)) from error
            with self._engine.connect() as connection, connection.begin():
                return operation(connection, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._reader, run)

    async def read(self, statement: str, parameters: Mapping[str, Any], objects: int | None) -> str | None:
        """The one value that a compiled read answers. Raises StatementTooDeep and AnswerTooLarge.

        What is not known to be large is read here and now: the way to a thread and back takes longer than most reading.
        What proves to be long after all (a list without pages, a filter, a count) is begun again on a thread.
        """
        try:
            if objects is None or objects <= SMALL:
                with suppress(TookTooLong):
                    row = self._here.read(statement, parameters, TRIAL if objects is None else SHARE)
                    return row[0] if row else None
            row = next(iter(await self._read_aside(statement, parameters)), None)
        except sqlite3.DataError as error:
            raise AnswerTooLarge(LONGEST_ANSWER) from error
        except sqlite3.OperationalError as error:
            if any(mark in str(error) for mark in TOO_DEEP):
                raise StatementTooDeep from error
            raise
        return row[0] if row else None

    async def _read_aside(self, statement: str, parameters: Mapping[str, Any]) -> Iterable[Any]:
        """Read on a thread. Nobody waits for a read that was cancelled, so it is broken off."""
        self._aside += 1
        try:
            connection = await self._idle.get()
            try:
                return await connection.execute_fetchall(statement, parameters)
            except asyncio.CancelledError:
                await asyncio.shield(asyncio.ensure_future(freed(connection)))
                raise
            finally:
                self._idle.put_nowait(connection)
        finally:
            self._aside -= 1

    def pool(self) -> Pool:
        """How the connections of long reads are used now; what waits to be written waits, too."""
        in_use = READERS - self._idle.qsize()
        return Pool(READERS, in_use, max(self._aside - in_use, 0) + len(self._writer))

    async def close(self) -> None:
        """Finish what is under way; the last connection takes the write-ahead log into the file."""
        await self._writer.close()
        await asyncio.to_thread(self._reader.shutdown)
        for connection in self._connections:
            await connection.close()
        self._here.close()
        self._engine.dispose()


async def freed(connection: aiosqlite.Connection) -> None:
    """Interrupt what a connection reads until it has come to what is asked of it now.

    Once is not enough: an interrupt that comes before the statement has begun is forgotten.
    """
    turn = asyncio.ensure_future(connection.execute_fetchall("SELECT 1"))
    while not turn.done():
        await connection.interrupt()
        await asyncio.wait([turn], timeout=0.001)
    turn.exception()  # it may have been interrupted, too


def engine_of(url: URL) -> Engine:
    """An engine of plain connections: for the threads that read, and for the writer, which begins by itself."""
    made = create_engine(url.set(drivername="sqlite"), connect_args=OPTIONS, hide_parameters=True)

    @event.listens_for(made, "connect")
    def on_connect(connection: DBAPIConnection, record: object) -> None:
        cursor = connection.cursor()
        for pragma in PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(made, "begin")
    def on_begin(connection: Connection) -> None:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        if not driver.in_transaction:
            driver.execute("BEGIN")

    return made
