"""Databases: SQLite and PostgreSQL behind one interface. Importing this opens nothing."""

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from db.engine.database import Database
from db.engine.errors import UnusableDatabase
from db.engine.options import ServerOptions


async def open_database(url: str, server: ServerOptions | None = None) -> Database:
    """Open ``sqlite+aiosqlite:///file`` or ``postgresql+asyncpg://user:password@host/database``.

    Raises UnusableDatabase, and TlsError where that is why.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise UnusableDatabase("This is no database URL; an example is sqlite+aiosqlite:///cartograph.db") from error
    match parsed.drivername:
        case "sqlite+aiosqlite":
            if not parsed.database or parsed.database == ":memory:":
                raise UnusableDatabase("An SQLite database needs a file: sqlite+aiosqlite:///cartograph.db")
            from db.engine.sqlite import SqliteDatabase  # noqa: PLC0415  # only the driver that is used is imported

            return await SqliteDatabase.open(parsed)
        case "postgresql+asyncpg":
            try:
                from db.engine.postgresql import PostgresDatabase  # noqa: PLC0415  # its driver is an optional dependency
            except ModuleNotFoundError as error:
                raise UnusableDatabase(
                    "PostgreSQL needs the extra: pip install 'cartograph-graphql[postgres]'."
                ) from error
            return await PostgresDatabase.open(parsed, server or ServerOptions())
    raise UnusableDatabase(
        f"{parsed.drivername!r} is no driver of Cartograph; use sqlite+aiosqlite:///FILE"
        " or postgresql+asyncpg://USER:PASSWORD@HOST/DATABASE"
    )
