"""Migrations: alembic, configured in code. Each function works on one connection, in the transaction it has begun."""

from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select

from db.engine.database import UnusableDatabase

LOCK = 0x43415254  # "CART": any number that no other program of the server takes


class NewerDatabase(UnusableDatabase):
    """The database is at a revision that this release does not know."""


@cache
def scripts() -> ScriptDirectory:
    """The revisions of this release."""
    return ScriptDirectory(Path(__file__).parent)


def current(connection: Connection) -> str | None:
    """The revision that the database is at; None where it has none of our tables."""
    return MigrationContext.configure(connection).get_current_revision()


def is_current(connection: Connection) -> bool:
    """Whether the database is at the newest revision of this release."""
    return current(connection) == scripts().get_current_head()


def upgrade(connection: Connection) -> None:
    """Bring the database to the newest revision of this release. Raises NewerDatabase."""
    run(connection, lambda heads, _: scripts()._upgrade_revs("head", heads))


def downgrade(connection: Connection, revision: str) -> None:
    """Take the database back to an older revision; ``base`` leaves none of our tables. Raises NewerDatabase."""
    run(connection, lambda heads, _: scripts()._downgrade_revs(revision, heads))


def run(connection: Connection, steps: Callable[[Any, Any], Iterable[Any]]) -> None:
    """Take the steps in the transaction of ``connection``: a crash leaves nothing half-made."""
    if connection.dialect.name == "postgresql":  # SQLite's BEGIN IMMEDIATE has let in one of us alone
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")  # to see what was done meanwhile
        connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
    revision, head = current(connection), scripts().get_current_head()
    if revision and revision not in {script.revision for script in scripts().walk_revisions()}:
        raise NewerDatabase(f"The database is at revision {revision}, but this release of Cartograph ends at {head}.")
    context = MigrationContext.configure(connection, opts={"fn": steps})
    with Operations.context(context):
        context.run_migrations()
