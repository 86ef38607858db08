"""The embedded database: SQLite in WAL mode, with one writer and several readers."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy import URL, Connection, Dialect, Engine
from sqlalchemy.dialects import sqlite

from db.engine.database import Pool
from db.engine.errors import DatabaseUnavailable, UnusableDatabase
from db.engine.sqlite_connections import DatabaseFile, FileReplaced, create_sqlite_engine, driver_connection
from db.engine.sqlite_readers import READERS, InlineConnection, SqliteReaders
from db.engine.sqlite_writer import SqliteWriter

P = ParamSpec("P")
T = TypeVar("T")

MIN_VERSION = (3, 38, 0)  # JSON functions are built in
POLL_INTERVAL = 0.05  # seconds, for commits of other processes
MAX_ID = 2**63 - 1


class SqliteDatabase:
    """An open SQLite file."""

    def __init__(self, engine: Engine, file: DatabaseFile, readers: SqliteReaders) -> None:
        self.dialect: Dialect = sqlite.dialect(paramstyle="named")
        self._engine = engine
        self._file = file
        self._writer = SqliteWriter(engine, file)
        self._readers = readers
        self.read = readers.read
        self._query_threads = ThreadPoolExecutor(READERS, "reader")
        self.tail = SqliteTail(readers.inline)

    @classmethod
    async def open(cls, url: URL) -> Self:
        """Open the file, creating it if needed. Raises UnusableDatabase."""
        if sqlite3.sqlite_version_info < MIN_VERSION:
            raise UnusableDatabase(f"SQLite {sqlite3.sqlite_version} is too old; 3.38 or newer is needed.")
        engine = create_sqlite_engine(url)
        path = Path(url.database or "")
        try:
            engine.connect().close()  # creates the file in WAL mode
            file = DatabaseFile(path)
            readers = await SqliteReaders.open(path)
        except Exception as error:
            engine.dispose()
            cause = getattr(error, "orig", None) or error
            raise UnusableDatabase(f"The SQLite file {path} cannot be opened: {cause}.") from error
        return cls(engine, file, readers)

    async def write(self, operation: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run an operation in one transaction: committed when this returns, rolled back when it raises."""
        answer = await self._writer.run(lambda connection: operation(connection, *args, **kwargs))
        self.tail.committed()
        return answer

    async def query(self, operation: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run an operation that only reads, on one snapshot. Raises DatabaseUnavailable if the file was replaced."""

        def run() -> T:
            try:
                self._file.check()
                with self._engine.connect() as connection:  # rolls back in the end
                    self._file.check()  # the connection may be a new one, to a file that is there since the first check
                    driver_connection(connection).execute("BEGIN")
                    return operation(connection, *args, **kwargs)
            except FileReplaced as error:
                raise DatabaseUnavailable(str(error)) from error

        return await asyncio.get_running_loop().run_in_executor(self._query_threads, run)

    def pool(self) -> Pool:
        """Return how the connections of long reads are used; operations that wait for the writer count as waiting."""
        in_use, waiting = self._readers.usage()
        return Pool(READERS, in_use, waiting + len(self._writer))

    async def close(self) -> None:
        """Finish what is under way. Closing the last connection checkpoints the write-ahead log."""
        await self._writer.close()
        await asyncio.to_thread(self._query_threads.shutdown)
        await self._readers.close()
        self._engine.dispose()


class SqliteTail:
    """Learns of this process's commits at once, and of other processes' by polling SQLite's ``data_version``."""

    def __init__(self, connection: InlineConnection) -> None:
        self._connection = connection
        self._committed = asyncio.Event()
        self._version = 0

    def committed(self) -> None:
        """Report a commit of this process."""
        self._committed.set()

    async def wait_for_commit(self) -> None:
        """Wait until any process has committed since the last call returned."""
        while not self._committed.is_set() and self._connection.data_version() == self._version:
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_INTERVAL):
                    await self._committed.wait()
        self._committed.clear()
        self._version = self._connection.data_version()

    async def settled_id(self) -> int:
        """Return the greatest ID: with one writer, every ID is committed before the next is taken."""
        return MAX_ID
