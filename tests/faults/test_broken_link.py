"""A connection to PostgreSQL that breaks in the middle of a change."""

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import Connection, func, select
from stores import Server

from db.engine import open_database
from db.engine.errors import DatabaseUnavailable
from db.engine.statements import AutocommitStatement, Statement

pytestmark = pytest.mark.alone

BREAK = select(func.pg_terminate_backend(func.pg_backend_pid()).label("broken"))


def by_sqlalchemy(connection: Connection) -> None:
    """The connection breaks in a statement of SQLAlchemy."""
    connection.execute(BREAK)


def within_a_transaction(connection: Connection) -> None:
    """The connection breaks in a statement within a transaction."""
    Statement(BREAK).rows(connection, {})


def alone(connection: Connection) -> None:
    """The connection breaks in a statement outside of a transaction."""
    AutocommitStatement(BREAK).rows(connection, {})


@pytest.mark.parametrize("breaks", [by_sqlalchemy, within_a_transaction, alone])
def test_a_change_whose_connection_breaks_raises_database_unavailable(
    runner: asyncio.Runner, server: Server, breaks: Callable[[Connection], None]
) -> None:
    url = server.empty()
    database = runner.run(open_database(url))
    try:
        with pytest.raises(DatabaseUnavailable):
            runner.run(database.write(breaks))
        assert runner.run(database.write(lambda connection: connection.execute(select(1)).scalar_one())) == 1
    finally:
        runner.run(database.close())
        server.drop(url)
