"""The database for more than one machine: PostgreSQL by asyncpg."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from functools import partial
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import asyncpg
from sqlalchemy import URL, Connection, Dialect
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.util import greenlet_spawn

from db.engine.database import MAX_ANSWER, Pool
from db.engine.errors import AnswerTooLarge, StatementTooDeep, UnusableDatabase
from db.engine.options import ServerOptions
from db.engine.postgresql_connections import ConnectionPool, connection_arguments, is_gone, roll_back
from db.engine.postgresql_errors import retry_conflicts
from db.engine.postgresql_tail import PostgresTail

P = ParamSpec("P")
T = TypeVar("T")

MIN_VERSION = 14
MAX_SHORT_READ = 150  # objects
TOO_LARGE = ""  # sent instead of an answer above the limit; it is not JSON
# With OFFSET 0 the planner leaves the subquery as it is; otherwise the answer would be built twice.
LIMITED_READ = """
    SELECT CASE WHEN octet_length(answer) > {limit} THEN '' ELSE answer END
    FROM ({statement} OFFSET 0) AS read (answer)"""
AUTOCOMMIT_ATTEMPTS = 3  # of an operation, before it gets a transaction in which it waits for row locks
# Not the server's default isolation: a row is read as it is once its lock has been waited for.
BEGIN_WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED"
BEGIN_QUERY = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class PostgresDatabase:
    """A database of a PostgreSQL server, over a pool of connections."""

    def __init__(
        self, pool: ConnectionPool, dialect: Dialect, connect: Callable[[], Awaitable[asyncpg.Connection]] | None
    ) -> None:
        self.dialect = dialect
        self._pool = pool
        # A transaction pooler may send each statement of an operation to another connection.
        self._autocommit_attempts = AUTOCOMMIT_ATTEMPTS if connect else 0
        self._writes: set[asyncio.Future[Any]] = set()  # the event loop alone would not keep them alive
        self.tail = PostgresTail(pool.acquire, connect)

    @classmethod
    async def open(cls, url: URL, options: ServerOptions) -> Self:
        """Connect to the server. Raises UnusableDatabase, or its subclass TlsError."""
        dialect = PGDialect_asyncpg(dbapi=PGDialect_asyncpg.import_dbapi())  # type: ignore[no-untyped-call]  # SQLAlchemy
        arguments = connection_arguments(url, options, dialect)
        pool = await ConnectionPool.open(arguments, options, dialect, url)
        async with pool.acquire() as connection:
            version = connection.get_server_version().major
        if version < MIN_VERSION:
            await pool.close()
            raise UnusableDatabase(f"PostgreSQL {version} is too old; {MIN_VERSION} or newer is needed.")
        return cls(pool, dialect, None if options.pooled else partial(asyncpg.connect, **arguments))

    async def write(self, operation: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run an operation in one transaction: committed when this returns, rolled back when it raises.

        If the caller is cancelled, the operation is finished all the same.
        """
        writing = asyncio.ensure_future(self._write(operation, *args, **kwargs))
        self._writes.add(writing)
        writing.add_done_callback(self._on_written)
        return await asyncio.shield(writing)

    def _on_written(self, done: asyncio.Future[Any]) -> None:
        """Forget a finished write; its error, if any, has been retrieved here, so asyncio does not log it."""
        self._writes.discard(done)
        if not done.cancelled() and done.exception() is None:
            self.tail.committed()

    async def _write(self, operation: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run an operation until it meets no conflict.

        At first the operation begins its transaction itself, with the first statement that needs one. After several
        conflicts it runs in a transaction from the start, in which it waits for row locks.
        """

        async def attempt(number: int) -> T:
            begin = BEGIN_WRITE if number >= self._autocommit_attempts else None
            return await self._run(begin, operation, *args, **kwargs)

        return await retry_conflicts(attempt)

    async def query(self, operation: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run an operation that only reads, on one snapshot."""
        return await self._run(BEGIN_QUERY, operation, *args, **kwargs)

    async def read(self, statement: str, parameters: Mapping[str, Any], objects: int | None) -> str | None:
        """Run a compiled read. Raises StatementTooDeep and AnswerTooLarge."""
        # PostgreSQL stores no U+0000 and refuses it in parameters. NULL is equal to nothing either.
        values = [None if type(value) is str and "\0" in value else value for value in parameters.values()]
        limited = LIMITED_READ.format(limit=MAX_ANSWER, statement=statement)
        is_short = objects is not None and objects <= MAX_SHORT_READ
        turn = nullcontext() if is_short else self._pool.long_reads.slot()
        try:
            async with turn, self._pool.acquire() as connection:
                # A read can meet a conflict, too, if every transaction is serializable.
                answer: str | None = await retry_conflicts(lambda _: connection.fetchval(limited, *values))
        except asyncpg.StatementTooComplexError as error:
            raise StatementTooDeep from error
        except asyncpg.ProgramLimitExceededError as error:
            raise AnswerTooLarge(MAX_ANSWER) from error
        if answer == TOO_LARGE:
            raise AnswerTooLarge(MAX_ANSWER)
        return answer

    def pool(self) -> Pool:
        """Return how the connections are used now."""
        return self._pool.usage()

    async def close(self) -> None:
        """Finish all writes, those with a cancelled caller too, and disconnect."""
        while self._writes:
            await asyncio.wait(self._writes)
        await self.tail.close()
        await self._pool.close()

    async def _run(
        self, begin: str | None, operation: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run an operation in one transaction; if ``begin`` is None, the operation begins it when it needs one."""
        async with self._pool.acquire() as connection:
            sqlalchemy = connection.sqlalchemy  # not available any more once the connection breaks
            try:
                if begin:
                    await connection.execute(begin)
                answer = await greenlet_spawn(partial(operation, sqlalchemy, *args, **kwargs))
                if connection.is_in_transaction():
                    await connection.execute("COMMIT")
            except Exception:
                if is_gone(connection) or connection.is_in_transaction():
                    await roll_back(connection)
                raise
            finally:
                sqlalchemy.rollback()  # resets SQLAlchemy's own transaction state; sends nothing
            return answer
