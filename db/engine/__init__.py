"""Databases: SQLite and PostgreSQL behind one interface. Importing this package opens nothing."""

from db.engine.database import Database
from db.engine.errors import UnusableDatabase
from db.engine.options import ServerOptions
from db.engine.url import parse_url


async def open_database(url: str, server: ServerOptions | None = None) -> Database:
    """Open ``sqlite+aiosqlite:///file`` or ``postgresql://user:password@host/database``.

    Raises UnusableDatabase, or its subclass TlsError.
    """
    parsed = parse_url(url)
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
                advice = "pip install 'cartograph-graphql[postgres]'"
                raise UnusableDatabase(f"PostgreSQL needs an extra: {advice}.") from error
            return await PostgresDatabase.open(parsed, server or ServerOptions())
    raise UnusableDatabase(
        f"The driver {parsed.drivername!r} is not supported; use sqlite+aiosqlite:///FILE"
        " or postgresql://USER:PASSWORD@HOST/DATABASE"
    )
