"""The database for more than one machine: PostgreSQL by asyncpg, one pool of connections for reading and writing."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import asyncpg
from asyncpg import Connection as Driver
from sqlalchemy import URL, Connection, Dialect, Engine, StaticPool, event
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_connection, PGDialect_asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.util import greenlet_spawn

from db.engine.database import Pool
from db.engine.errors import (
    AnswerTooLarge,
    DatabaseUnavailable,
    StatementTooDeep,
    TlsError,
    UnusableDatabase,
    WriteConflict,
)
from db.engine.options import ServerOptions
from db.engine.postgresql_tail import PostgresTail
from db.engine.postgresql_tls import is_about_tls, secured
from db.engine.statements import begin

P = ParamSpec("P")
T = TypeVar("T")

OLDEST = 14
ATTEMPTS = 50  # of a transaction that others got in the way of
LONGEST_PAUSE = 0.1  # seconds between two attempts
KEPT_STATEMENTS = 500  # of each connection
# Ends what the driver has begun: it prepares a statement and runs it in two steps, and can be stopped between them.
NOTHING = "SELECT"
LOSES_A_RACE = ("40001", "40P01", "23505")  # serialization_failure, deadlock_detected, unique_violation
# Others' changes are seen once they have been waited for, whatever the server's own isolation is.
WAITING = "BEGIN ISOLATION LEVEL READ COMMITTED"
LONE_ATTEMPTS = 3  # of an operation, before it is given a transaction in which it waits for others
GOES_AWAY = (
    "08",
    "57P",
)  # the connection fails, the server is shut down; but not 57014, a statement that was cancelled
NO_WAY_IN = (OSError, TimeoutError)


class Link(Driver):  # type: ignore[misc]  # asyncpg has no types
    """A connection to the server, and the same as SQLAlchemy sees it."""

    __slots__ = ("connection",)
    connection: Connection


class PostgresDatabase:
    """A database of a PostgreSQL server, and the way to it."""

    def __init__(self, pool: asyncpg.Pool, dialect: Dialect, connect: Callable[[], Awaitable[Driver]] | None) -> None:
        self.dialect = dialect
        self._pool = pool
        self._asked = 0  # those who have a connection, or wait for one
        self._lone_attempts = LONE_ATTEMPTS if connect else 0  # a pooler may take each statement to another connection
        self._writes: set[asyncio.Future[Any]] = set()  # those under way: the event loop alone would not keep them
        self.tail = PostgresTail(self._link, connect)

    @classmethod
    async def open(cls, url: URL, options: ServerOptions) -> Self:
        """Raises UnusableDatabase where the server does not let us in or is too old, and TlsError."""
        dialect = PGDialect_asyncpg(dbapi=PGDialect_asyncpg.import_dbapi())  # type: ignore[no-untyped-call]  # SQLAlchemy
        _, arguments = dialect.create_connect_args(url)  # type: ignore[no-untyped-call]  # SQLAlchemy
        if options.pooled:
            arguments["statement_cache_size"] = 0
        else:
            arguments["statement_cache_size"] = KEPT_STATEMENTS
            milliseconds = round(options.statement_timeout * 1_000)
            arguments["server_settings"] = {
                "statement_timeout": str(milliseconds),
                "jit": "off",
                "plan_cache_mode": "force_generic_plan",  # what is asked again and again is planned once
                "enable_seqscan": "off",  # a plan for any value does not know that few rows have it: an index does
            }
        arguments["ssl"] = secured(options)
        try:
            pool = await asyncpg.create_pool(
                **arguments,
                min_size=1,
                max_size=options.pool_size,
                max_queries=2**62,
                max_cacheable_statement_size=0,
                command_timeout=options.statement_timeout,
                timeout=options.connect_timeout,
                init=lambda link: initialize(link, dialect, url),
                reset=leave,
                connection_class=Link,
            )
        except (*NO_WAY_IN, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            kind = TlsError if is_about_tls(error) else UnusableDatabase
            problem = " ".join(str(error).splitlines()).rstrip(".") or type(error).__name__
            raise kind(f"The PostgreSQL server cannot be used: {problem}.") from error
        async with pool.acquire() as link:
            version = link.get_server_version().major
        if version < OLDEST:
            await pool.close()
            raise UnusableDatabase(f"PostgreSQL {version} is too old; {OLDEST} or newer is needed.")
        return cls(pool, dialect, None if options.pooled else partial(asyncpg.connect, **arguments))

    async def write(self, operation: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run an operation in one transaction: committed when this returns, rolled back when it raises.

        What has begun is finished, though nobody waits for it any more.
        """
        begun = asyncio.ensure_future(self._again_and_again(operation, *args, **kwargs))
        self._writes.add(begun)
        begun.add_done_callback(self._written)
        return await asyncio.shield(begun)

    def _written(self, done: asyncio.Future[Any]) -> None:
        """Forget a transaction; where nobody waited, nobody is told what it raised."""
        self._writes.discard(done)
        if not done.cancelled() and done.exception() is None:
            self.tail.written()

    async def _again_and_again(
        self, operation: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run an operation in one transaction, and in another where it lost a race.

        It begins with the first statement that needs it. An operation that keeps losing is given one from the start, in
        which it waits for its turn.
        """
        for attempt in range(ATTEMPTS):
            try:
                from_the_start = WAITING if attempt >= self._lone_attempts else None
                return await self._transact(from_the_start, operation, *args, **kwargs)
            except (WriteConflict, asyncpg.PostgresError, DBAPIError) as error:
                lost = isinstance(error, WriteConflict) or sqlstate(error) in LOSES_A_RACE
                if not lost or attempt == ATTEMPTS - 1:
                    raise
            await asyncio.sleep(pause(attempt))
        raise AssertionError("the last attempt returns or raises")

    async def query(self, operation: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run an operation that only reads, on one snapshot."""
        return await self._transact("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", operation, *args, **kwargs)

    async def read(self, statement: str, parameters: Mapping[str, Any], objects: int | None) -> str | None:
        """The one value that a compiled read answers. Raises StatementTooDeep and AnswerTooLarge.

        No text in PostgreSQL has U+0000 in it: what is sought with it is nothing, and is equal to nothing.
        """
        values = [None if type(value) is str and "\0" in value else value for value in parameters.values()]
        try:
            async with self._link() as link:
                try:
                    return await fetched(link, statement, values)
                except asyncio.CancelledError:
                    await give_up(link, NOTHING)
                    raise
        except asyncpg.StatementTooComplexError as error:
            raise StatementTooDeep from error
        except asyncpg.ProgramLimitExceededError as error:
            raise AnswerTooLarge(2**30) from error

    def pool(self) -> Pool:
        """How the connections are used now."""
        size = self._pool.get_size()
        in_use = size - self._pool.get_idle_size()
        return Pool(size, in_use, max(self._asked - in_use, 0))

    async def close(self) -> None:
        """Finish what is under way, what nobody waits for any more, too, and let go of the server."""
        while self._writes:
            await asyncio.wait(self._writes)
        await self.tail.close()
        await self._pool.close()

    async def _transact(
        self, begun: str | None, operation: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run an operation in one transaction, which it begins itself where nothing is said."""
        async with self._link() as link:
            connection = link.connection  # the pool answers nothing for a link that breaks
            try:
                if begun:
                    await link.execute(begun)
                done = await greenlet_spawn(partial(operation, connection, *args, **kwargs))
                if link.is_in_transaction():
                    await link.execute("COMMIT")
            except BaseException as error:
                if not isinstance(error, Exception) or is_gone(link) or link.is_in_transaction():
                    await give_up(link)
                raise
            finally:
                connection.rollback()  # SQLAlchemy's own idea of a transaction
            return done

    @asynccontextmanager
    async def _link(self) -> AsyncIterator[Link]:
        """A connection, for a while. Raises DatabaseUnavailable where there is none to be had, or where it breaks."""
        self._asked += 1
        try:
            link = await self._pool.acquire()
        except BaseException as error:
            self._asked -= 1
            if isinstance(error, (*NO_WAY_IN, asyncpg.PostgresError, asyncpg.InterfaceError)):
                raise DatabaseUnavailable from error
            raise
        try:
            yield link
        except (DBAPIError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            if is_gone(link) or sqlstate(error).startswith(GOES_AWAY):
                raise DatabaseUnavailable from error
            raise
        except asyncpg.InternalClientError as error:  # its farewell came between two statements
            let_go(link)
            raise DatabaseUnavailable from error
        finally:
            self._asked -= 1
            await self._pool.release(link)


async def fetched(link: Link, statement: str, values: Sequence[Any]) -> str | None:
    """The one value of a statement that reads. Where every transaction is serializable, it can lose a race, too."""
    for attempt in range(ATTEMPTS):
        try:
            return await link.fetchval(statement, *values)
        except asyncpg.SerializationError:
            if attempt == ATTEMPTS - 1:
                raise
        await asyncio.sleep(pause(attempt))
    raise AssertionError("the last attempt returns or raises")


def pause(attempt: int) -> float:
    """How many seconds to wait after an attempt that lost a race."""
    return random.uniform(0, min(LONGEST_PAUSE, 0.001 * 2**attempt))  # noqa: S311  # no secret


async def give_up(link: Link, by: str = "ROLLBACK") -> None:
    """Roll back, or where not even that can be done, let go of the connection: the server then does it."""
    try:
        await link.execute(by)
    except BaseException as error:
        let_go(link)
        if not isinstance(error, Exception):  # whatever else it is, what was there before it is what is told
            raise


def let_go(link: Link) -> None:
    """End a connection, where it has not ended by itself."""
    if not is_gone(link):
        link.terminate()


def is_gone(link: Link) -> bool:
    """Whether a connection has ended; the pool then takes it back at once, and answers nothing for it any more."""
    try:
        return bool(link.is_closed())
    except asyncpg.InterfaceError:
        return True


async def initialize(link: Link, dialect: PGDialect_asyncpg, url: URL) -> None:
    """Let SQLAlchemy speak over a new connection; transactions are not its business."""
    adapted: Any = AsyncAdapt_asyncpg_connection(dialect.dbapi, link, 0)  # type: ignore[no-untyped-call]  # SQLAlchemy
    adapted.autocommit = True
    engine = Engine(StaticPool(lambda: adapted, dialect=dialect), dialect, url, hide_parameters=True)
    link.connection = await greenlet_spawn(engine.connect)
    if not dialect.server_version_info:
        await greenlet_spawn(dialect.initialize, link.connection)
        link.connection.rollback()
    event.listen(engine, "begin", begin)


async def leave(link: Link) -> None:
    """Give a connection back as it is: nothing was set in it."""


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's code of an error; empty where it has none."""
    return getattr(getattr(error, "orig", error), "sqlstate", None) or ""
