"""Alembic migrations, configured in code. Each function runs in the transaction of the connection it is given."""

from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select

from db.engine.errors import UnusableDatabase

LOCK = 0x43415254  # "CART": the number of PostgreSQL's advisory lock that all migrations take
MERGED = {"0001", "0002", "0003", "0004"}  # revisions before the first release, merged into 0001_initial


class NewerDatabase(UnusableDatabase):
    """The database is at a revision that this release does not know."""


class MissingTables(UnusableDatabase):
    """The database is empty, and should not be."""


class OlderDatabase(UnusableDatabase):
    """The database was created before the first release and cannot be migrated."""


@cache
def scripts() -> ScriptDirectory:
    """Return the revisions of this release."""
    return ScriptDirectory(Path(__file__).parent)


def current(connection: Connection) -> str | None:
    """Return the database's revision, or None if it has not been migrated at all."""
    return MigrationContext.configure(connection).get_current_revision()


def is_current(connection: Connection) -> bool:
    """Return whether the database is at the newest revision of this release."""
    return current(connection) == scripts().get_current_head()


def upgrade(connection: Connection) -> None:
    """Migrate the database to the newest revision. Raises NewerDatabase and OlderDatabase."""
    migrate(connection, lambda heads, _: scripts()._upgrade_revs("head", heads))


def require_tables(connection: Connection) -> None:
    """Migrate a database that has tables. Raises MissingTables for an empty one, NewerDatabase and OlderDatabase."""

    def steps(heads: Any, _: object) -> Any:
        if not heads:
            raise MissingTables(
                "The database has no tables: it was removed or replaced while the server ran; start again."
            )
        return scripts()._upgrade_revs("head", heads)

    migrate(connection, steps)


def downgrade(connection: Connection, revision: str) -> None:
    """Migrate the database back to a revision; ``base`` drops all tables. Raises NewerDatabase and OlderDatabase."""
    migrate(connection, lambda heads, _: scripts()._downgrade_revs(revision, heads))


def migrate(connection: Connection, steps: Callable[[Any, Any], Iterable[Any]]) -> None:
    """Run migration steps in the connection's transaction, so that a crash leaves nothing half-migrated."""
    if connection.dialect.name == "postgresql":  # on SQLite, BEGIN IMMEDIATE is the lock
        # So that a process that waited for the lock sees what the process before it has committed.
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
    revision, head = current(connection), scripts().get_current_head()
    if revision in MERGED:
        raise OlderDatabase(
            f"The database (revision {revision}) was created by a version before the first release: export it with"
            " that version, and import the file into a new database with this one."
        )
    if revision and revision not in {script.revision for script in scripts().walk_revisions()}:
        raise NewerDatabase(f"The database is at revision {revision}, but this release of Cartograph ends at {head}.")
    context = MigrationContext.configure(connection, opts={"fn": steps})
    with Operations.context(context):
        context.run_migrations()
