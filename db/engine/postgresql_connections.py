"""Connections to a PostgreSQL server: their settings, and the pool of them."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from inspect import signature
from typing import Any, Self

import asyncpg
from sqlalchemy import URL, Connection, Engine, StaticPool, event
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_connection, PGDialect_asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.util import greenlet_spawn

from db.engine.database import Pool
from db.engine.errors import CannotWrite, DatabaseUnavailable, TlsError, UnusableDatabase
from db.engine.fair import FairSlots
from db.engine.options import ServerOptions
from db.engine.postgresql_errors import CONNECT_ERRORS, DRIVER_ERRORS, is_connection_failure, is_disk_full
from db.engine.statements import begin

PREPARED_STATEMENTS = 500  # kept by each connection
RESET_TIMEOUT = 5.0  # seconds for the server to cancel a statement and roll back


class PooledConnection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types
    """A connection to the server, with the SQLAlchemy connection that uses it."""

    __slots__ = ("sqlalchemy",)
    sqlalchemy: Connection


class ConnectionPool:
    """The pool of connections for reading and writing."""

    def __init__(self, pool: asyncpg.Pool, size: int) -> None:
        self._pool = pool
        self._slots = FairSlots(size, share=size)
        # Long reads use at most half of the connections for one application, and leave some for short reads and writes.
        self.long_reads = FairSlots(max(1, size - max(1, size // 5)), share=max(1, size // 2))
        self._resetting: set[asyncio.Task[None]] = set()

    @classmethod
    async def open(
        cls, arguments: dict[str, Any], options: ServerOptions, dialect: PGDialect_asyncpg, url: URL
    ) -> Self:
        """Connect to the server. Raises UnusableDatabase, or TlsError."""
        try:
            pool = await asyncpg.create_pool(
                **arguments,
                min_size=1,
                max_size=options.pool_size,
                max_queries=2**62,
                max_cacheable_statement_size=0,
                command_timeout=options.statement_timeout,
                timeout=options.connect_timeout,
                init=lambda connection: initialize(connection, dialect, url),
                reset=keep_session_state,
                connection_class=PooledConnection,
            )
        except CONNECT_ERRORS as error:
            kind = TlsError if is_tls_error(error) else UnusableDatabase
            problem = " ".join(str(error).splitlines()).rstrip(".") or type(error).__name__
            raise kind(f"The PostgreSQL server cannot be used: {problem}.") from error
        return cls(pool, options.pool_size)

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[PooledConnection]:
        """Lend a connection.

        Raises DatabaseUnavailable if there is none, or if it breaks while it is used, and CannotWrite on a full disk.
        """
        application = await self._slots.acquire()
        try:
            connection = await self._pool.acquire()
        except BaseException as error:
            self._slots.release(application)
            if isinstance(error, CONNECT_ERRORS):
                raise DatabaseUnavailable from error
            raise
        cancelled = False
        try:
            yield connection
        except (DBAPIError, *DRIVER_ERRORS) as error:
            if is_gone(connection) or is_connection_failure(error):
                raise DatabaseUnavailable from error
            if is_disk_full(error):
                raise CannotWrite(str(error)) from error
            raise
        except asyncpg.InternalClientError as error:  # the server ended the connection between two statements
            drop(connection)
            raise DatabaseUnavailable from error
        except asyncio.CancelledError:
            cancelled = True
            raise
        finally:
            if cancelled:  # in the background: a server that hangs does not answer the cancellation either
                resetting = asyncio.ensure_future(self._reset(connection, application))
                self._resetting.add(resetting)
                resetting.add_done_callback(self._resetting.discard)
            else:
                try:
                    await self._pool.release(connection)
                finally:
                    self._slots.release(application)

    async def _reset(self, connection: PooledConnection, application: int) -> None:
        """Return a connection whose statement was cancelled to the pool, or drop it if the server does not answer."""
        with suppress(TimeoutError):
            async with asyncio.timeout(RESET_TIMEOUT):
                # asyncpg prepares a statement and runs it in two steps: this ends one that was cancelled between them.
                await roll_back(connection)
        await self._pool.release(connection)
        self._slots.release(application)

    def usage(self) -> Pool:
        """Return how the connections are used now."""
        size = self._pool.get_size()
        in_use = size - self._pool.get_idle_size()
        connecting = max(self._slots.in_use - in_use, 0)
        return Pool(size, in_use, connecting + self._slots.waiting + self.long_reads.waiting)

    async def close(self) -> None:
        """Wait until all connections are returned, and close them."""
        await asyncio.gather(*self._resetting, return_exceptions=True)
        await self._pool.close()


def connection_arguments(url: URL, options: ServerOptions, dialect: PGDialect_asyncpg) -> dict[str, Any]:
    """Return the arguments of asyncpg's ``connect``. Raises UnusableDatabase, and TlsError."""
    arguments: dict[str, Any]
    _, arguments = dialect.create_connect_args(url)  # type: ignore[no-untyped-call]  # SQLAlchemy
    if unknown := sorted(arguments.keys() - signature(asyncpg.connect).parameters.keys()):
        advice = "; the TLS mode is a setting of its own" if "sslmode" in unknown else ""
        raise UnusableDatabase(f"The database URL has the unsupported parameter {unknown[0]}{advice}.")
    if options.pooled:
        arguments["statement_cache_size"] = 0
    else:
        arguments["statement_cache_size"] = PREPARED_STATEMENTS
        milliseconds = round(options.statement_timeout * 1_000)
        arguments["server_settings"] = {
            "statement_timeout": str(milliseconds),
            "jit": "off",
            "plan_cache_mode": "force_generic_plan",  # so that a prepared statement is planned once
            "enable_seqscan": "off",  # a generic plan does not know that few rows have the value: use the index
        }
    arguments["ssl"] = ssl_argument(options)
    return arguments


def ssl_argument(options: ServerOptions) -> ssl.SSLContext | str:
    """Return asyncpg's ``ssl`` argument. Raises TlsError if the CA file cannot be loaded."""
    if options.tls_ca is None:
        return options.tls
    try:
        context = ssl.create_default_context(cafile=options.tls_ca)
    except OSError as error:
        raise TlsError(f"{options.tls_ca} has no certificates to verify a server's: {error.strerror}.") from error
    context.check_hostname = options.tls == "verify-full"
    return context


def is_tls_error(error: Exception) -> bool:
    """Return whether a connection failed because of TLS; asyncpg has no exception class of its own for that."""
    return isinstance(error, ssl.SSLError | asyncpg.ClientConfigurationError) or type(error) is ConnectionError


async def initialize(connection: PooledConnection, dialect: PGDialect_asyncpg, url: URL) -> None:
    """Make a SQLAlchemy connection over a new connection of the pool. It begins and commits no transactions itself."""
    adapted: Any = AsyncAdapt_asyncpg_connection(dialect.dbapi, connection, 0)  # type: ignore[no-untyped-call]  # SQLAlchemy
    adapted.autocommit = True
    engine = Engine(StaticPool(lambda: adapted, dialect=dialect), dialect, url, hide_parameters=True)
    connection.sqlalchemy = await greenlet_spawn(engine.connect)
    if not dialect.server_version_info:
        await greenlet_spawn(dialect.initialize, connection.sqlalchemy)
        connection.sqlalchemy.rollback()
    event.listen(engine, "begin", begin)


async def keep_session_state(connection: PooledConnection) -> None:
    """Return a connection to the pool without asyncpg's reset, a round trip: operations set no session state."""


async def roll_back(connection: PooledConnection) -> None:
    """End what an operation left open; if that fails, drop the connection."""
    try:
        await connection.execute("ROLLBACK")
    except BaseException as error:
        drop(connection)
        if not isinstance(error, Exception):  # cancelled; any other error would hide the operation's own
            raise


def drop(connection: PooledConnection) -> None:
    """Terminate a connection unless it has ended; the server then rolls back."""
    if not is_gone(connection):
        connection.terminate()


def is_gone(connection: PooledConnection) -> bool:
    """Return whether a connection has ended. The pool's proxy then raises InterfaceError for every call."""
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:
        return True
