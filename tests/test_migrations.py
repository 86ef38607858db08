"""Migrations make the tables that the models say, all or nothing."""

import asyncio
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, make_url, text
from sqlalchemy.schema import CreateIndex, CreateTable

from db import migrations
from db.engine import Database, open_database
from db.migrations import NewerDatabase, current, downgrade, is_current, scripts, upgrade
from db.tables import Row


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path / 'cartograph.db'}"


@pytest.fixture
def empty(runner: asyncio.Runner, url: str) -> Iterator[Database]:
    """A database in which nothing is."""
    database = runner.run(open_database(url))
    yield database
    runner.run(database.close())


def tables(connection: Connection) -> dict[str, str]:
    rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
    return {name: sql for name, sql in rows if name != "alembic_version"}


def parts(ddl: str) -> list[str]:
    """The columns and constraints of a CREATE TABLE, in no order."""
    return sorted(line.strip().rstrip(",") for line in ddl.splitlines() if line.strip())


def test_an_empty_database_comes_to_the_newest_revision(runner: asyncio.Runner, empty: Database) -> None:
    assert runner.run(empty.query(current)) is None
    assert not runner.run(empty.query(is_current))

    runner.run(empty.write(upgrade))

    assert runner.run(empty.query(current)) == scripts().get_current_head()
    assert runner.run(empty.query(is_current))


def test_alembic_finds_no_difference_between_the_migrations_and_the_models(
    runner: asyncio.Runner, empty: Database
) -> None:
    def differences(connection: Connection) -> Any:
        return compare_metadata(MigrationContext.configure(connection), Row.metadata)

    runner.run(empty.write(upgrade))

    assert runner.run(empty.query(differences)) == []


def test_the_migrated_tables_have_every_constraint_of_the_models(runner: asyncio.Runner, empty: Database) -> None:
    runner.run(empty.write(upgrade))
    migrated = runner.run(empty.query(tables))
    runner.run(empty.write(downgrade, "base"))
    runner.run(empty.write(Row.metadata.create_all))
    modelled = runner.run(empty.query(tables))

    assert {name: parts(sql) for name, sql in migrated.items()} == {name: parts(sql) for name, sql in modelled.items()}


@pytest.mark.parametrize("driver", ["sqlite+aiosqlite", "postgresql+asyncpg"])
def test_the_revisions_say_what_the_models_say_in_the_sql_of_both_databases(driver: str) -> None:
    dialect = make_url(f"{driver}://").get_dialect()()
    written = StringIO()
    context = MigrationContext.configure(dialect=dialect, opts={"as_sql": True, "output_buffer": written})
    with Operations.context(context):
        for script in reversed([*scripts().walk_revisions()]):
            script.module.upgrade()
    made = [*Row.metadata.sorted_tables]
    expected = [str(CreateTable(table).compile(dialect=dialect)) for table in made]
    expected += [str(CreateIndex(index).compile(dialect=dialect)) for table in made for index in table.indexes]

    if dialect.name == "postgresql":  # which the tables are not told of
        expected += [f"CREATE SEQUENCE {name}" for name in ("customer_session_id", "session_event_id")]

    statements = written.getvalue().split(";")
    assert sorted(parts(each) for each in statements if each.strip()) == sorted(parts(each) for each in expected)


def test_a_database_goes_down_to_nothing_and_up_again(runner: asyncio.Runner, empty: Database) -> None:
    runner.run(empty.write(upgrade))
    first = runner.run(empty.query(tables))

    runner.run(empty.write(downgrade, "base"))
    assert runner.run(empty.query(tables)) == {}

    runner.run(empty.write(upgrade))
    assert runner.run(empty.query(tables)) == first


def test_an_upgrade_of_a_database_that_is_current_changes_nothing(runner: asyncio.Runner, empty: Database) -> None:
    runner.run(empty.write(upgrade))
    first = runner.run(empty.query(tables))

    runner.run(empty.write(upgrade))

    assert runner.run(empty.query(tables)) == first


def test_an_upgrade_that_is_cut_short_leaves_nothing(runner: asyncio.Runner, empty: Database) -> None:
    def cut_short(connection: Connection) -> None:
        upgrade(connection)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        runner.run(empty.write(cut_short))

    assert runner.run(empty.query(tables)) == {}


def test_several_that_start_at_once_bring_up_one_database(runner: asyncio.Runner, url: str) -> None:
    async def start() -> bool:
        database = await open_database(url)
        try:
            await database.write(upgrade)
            return await database.query(is_current)
        finally:
            await database.close()

    async def start_all() -> list[bool]:
        return await asyncio.gather(*(start() for _ in range(4)))

    assert runner.run(start_all()) == [True] * 4


@pytest.mark.parametrize("operation", [upgrade, lambda connection: downgrade(connection, "base")])
def test_a_database_of_a_newer_release_is_refused_and_left_alone(
    runner: asyncio.Runner, empty: Database, operation: Any
) -> None:
    def from_the_future(connection: Connection) -> None:
        upgrade(connection)
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    runner.run(empty.write(from_the_future))
    first = runner.run(empty.query(tables))

    with pytest.raises(NewerDatabase, match="revision 9999"):
        runner.run(empty.write(operation))

    assert runner.run(empty.query(tables)) == first
    assert runner.run(empty.query(current)) == "9999"
    assert not runner.run(empty.query(is_current))


def test_each_revision_has_its_own_number_and_follows_the_one_before() -> None:
    revisions = [script.revision for script in scripts().walk_revisions("base", "heads")]

    assert revisions == sorted(revisions, reverse=True)
    assert len(scripts().get_heads()) == 1
    assert Path(migrations.__file__).parent == Path(scripts().dir)
