"""Run the work of a command on the database."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import typer

from graphql_api.settings import PREFIX, Settings, server_options

if TYPE_CHECKING:  # SQLAlchemy is slow to import
    from sqlalchemy import Connection

    from db.engine.database import Database

APPLICATION: dict[str, Any] = {"min": 1, "max": 2**31 - 1}  # the range of application IDs

P = ParamSpec("P")
T = TypeVar("T")


def on_database(
    settings: Settings, operation: "Callable[Concatenate[Connection, P], T]", *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run an operation in one transaction, after migrating the database to this release."""
    return with_database(settings, lambda database: database.write(operation, *args, **kwargs))


def with_database(settings: Settings, work: "Callable[[Database], Coroutine[Any, Any, T]]") -> T:
    """Run work on the database, after migrating it to this release. Database errors become TyperException."""
    from sqlite3 import Error as SqliteError

    from sqlalchemy.exc import SQLAlchemyError

    from db.engine import open_database
    from db.engine.errors import CannotWrite, DatabaseUnavailable, TlsError, UnusableDatabase
    from db.migrations import upgrade

    async def run() -> T:
        database = await open_database(settings.database_url, server_options(settings))
        try:
            await database.write(upgrade)
            return await work(database)
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except TlsError as error:
        raise typer.TyperException(f"{PREFIX}DATABASE_TLS is {settings.database_tls}. {error}") from error
    except UnusableDatabase as error:
        raise typer.TyperException(str(error)) from error
    except Exception as error:
        known = (CannotWrite, DatabaseUnavailable, SQLAlchemyError, SqliteError)
        if not isinstance(error, known) and not hasattr(error, "sqlstate"):  # of asyncpg, which may not be installed
            raise
        cause = getattr(error, "orig", None) or str(error) or error.__cause__
        raise typer.TyperException(f"The database failed: {cause}.") from error
