"""Connections to an SQLite file: their pragmas, the engine of the writer, and read-only connections."""

import sqlite3
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection

MAX_ANSWER = 16 * 2**20  # bytes
PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA busy_timeout = 10000",
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -8192",  # kibibytes, for each of half a dozen connections
    "PRAGMA temp_store = MEMORY",
)
OPTIONS: dict[str, Any] = {
    "isolation_level": None,  # the driver would begin a transaction only at the first write
    "cached_statements": 1_000,
}


class ReadOnlyConnection(sqlite3.Connection):
    """A connection that cannot write, with a limit on the size of an answer."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for pragma in (*PRAGMAS, "PRAGMA query_only = ON"):
            self.execute(pragma)
        self.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_ANSWER)


def create_sqlite_engine(url: URL) -> Engine:
    """Create the engine of operations: the writer begins transactions itself, queries with the first statement."""
    engine = create_engine(url.set(drivername="sqlite"), connect_args=OPTIONS, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def on_connect(connection: DBAPIConnection, record: object) -> None:
        cursor = connection.cursor()
        for pragma in PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        driver = driver_connection(connection)
        if not driver.in_transaction:
            driver.execute("BEGIN")

    return engine


def driver_connection(connection: Connection) -> sqlite3.Connection:
    """Return the sqlite3 connection behind one of SQLAlchemy's."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver
