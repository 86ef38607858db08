"""A connection that PostgreSQL breaks in the middle of a change: whoever asked hears that, and the next is served."""

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
    """SQLAlchemy meets it."""
    connection.execute(BREAK)


def within_a_transaction(connection: Connection) -> None:
    """A statement meets it."""
    Statement(BREAK).rows(connection, {})


def alone(connection: Connection) -> None:
    """A statement with no transaction around it meets it."""
    AutocommitStatement(BREAK).rows(connection, {})


@pytest.mark.parametrize("breaks", [by_sqlalchemy, within_a_transaction, alone])
def test_a_change_in_which_the_connection_breaks_says_that_the_database_is_away(
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
