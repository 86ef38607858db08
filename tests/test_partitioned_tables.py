"""cartograph migrate --partitions: filled tables become partitioned, with the same rows, keys, indexes and grants."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from shop import Shop, line, units
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from stores import Server, migrate

from db import migrations
from db.domain.commands import CreateApplication
from db.engine import open_database
from db.engine.database import Database
from db.migrations import partitions
from db.migrations.partitions import PARTITIONED, CannotPartition, partition
from db.operations.applications import create_application
from db.tables import Row
from graphql_api.cli import main

CAMPAIGNS = {"campaign", "campaign_revision", "campaign_label", "campaign_limit"}
FEW = {"application", "api_key", "token_secret", "attribute_definition", "last_id", "webhook", *CAMPAIGNS}


@pytest.fixture
def whole(server: Server) -> Iterator[str]:
    """A database whose tables are not partitioned."""
    url = server.empty()
    asyncio.run(migrate(url))
    yield url
    server.drop(url)


@pytest.fixture
def database(runner: asyncio.Runner, whole: str) -> Iterator[Database]:
    database = runner.run(open_database(whole))
    yield database
    runner.run(database.close())


@pytest.fixture
def shops(runner: asyncio.Runner, database: Database) -> list[Shop]:
    """Applications that have sessions of every kind."""
    made = []
    for name in ("First", "Second", "Third"):
        command = CreateApplication(name=name, currency="EUR")
        shop = Shop(runner, database, runner.run(database.write(create_application, command, Shop.OPENED)))
        shop.create("s1", profile_id="ada", identifiers=["till"], cart_items=[line(quantity=2)], key="1")
        shop.close("s1")
        shop.return_items(units(0, 1))
        shop.create("s2", profile_id="ada", coupon="SPRING")
        made.append(shop)
    return made


def catalog(connection: Connection) -> list[tuple[Any, ...]]:
    """The columns, constraints, indexes and rights of all tables, not of their partitions."""
    queries = (
        """SELECT table_name, column_name, data_type, collation_name, is_nullable, column_default, generation_expression
        FROM information_schema.columns""",
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conparentid = 0",
        "SELECT tablename, indexname, replace(indexdef, ' ONLY ', ' ') FROM pg_indexes",
        "SELECT relname, relkind = 'S', relacl::text, pg_get_userbyid(relowner) FROM pg_class WHERE relkind <> 'i'",
    )
    names = {*Row.metadata.tables, "customer_session_id", "session_event_id", "webhook_id"}
    return sorted(
        (tuple(row) for query in queries for row in connection.execute(text(query)) if row[0] in names), key=repr
    )


def kinds(connection: Connection) -> dict[str, int]:
    """How many partitions each table has."""
    counted = text("SELECT count(*) FROM pg_inherits WHERE inhparent = to_regclass(:name)")
    return {name: connection.execute(counted, {"name": name}).scalar_one() for name in Row.metadata.tables}


def test_every_table_is_partitioned_or_small() -> None:
    assert {*PARTITIONED, *FEW} == {*Row.metadata.tables}
    assert not FEW.intersection(PARTITIONED)


def test_application_id_leads_every_key_and_index_of_partitioned_tables(shops: list[Shop]) -> None:
    led = """
        SELECT indrelid::regclass::text, indexrelid::regclass::text, attname FROM pg_index
        JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0] WHERE indrelid::regclass::text = ANY (:names)
        UNION ALL SELECT conrelid::regclass::text, conname, attname FROM pg_constraint
        JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
        WHERE contype IN ('p', 'u', 'f') AND conrelid::regclass::text = ANY (:names)"""
    statement = text(led).bindparams(names=[*PARTITIONED])

    found = shops[0].query(lambda connection: connection.execute(statement).all())

    assert {table for table, _, _ in found} == {*PARTITIONED}
    assert {leading for _, _, leading in found} == {"application_id"}


def test_partitioning_keeps_all_rows(shops: list[Shop], database: Database) -> None:
    before = shops[0].all_rows()

    assert shops[0].write(partition, 4)

    assert shops[0].all_rows() == before
    assert shops[0].query(kinds) == dict.fromkeys(FEW, 0) | dict.fromkeys(PARTITIONED, 4)


def test_partitioning_keeps_keys_indexes_and_grants(shops: list[Shop]) -> None:
    granted = (
        "GRANT SELECT, DELETE ON customer_session TO pg_monitor WITH GRANT OPTION; GRANT SELECT ON cart_item TO PUBLIC"
    )
    shops[0].write(lambda connection: [connection.execute(text(each)) for each in granted.split(";")] and None)
    before = shops[0].query(catalog)

    shops[0].write(partition, 2)

    assert shops[0].query(catalog) == before


def test_partitioning_keeps_the_owner(shops: list[Shop]) -> None:
    def give_away(connection: Connection) -> None:
        for table in Row.metadata.tables:
            connection.execute(text(f"ALTER TABLE {table} OWNER TO pg_database_owner"))

    owned = text("SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relname LIKE 'cart_item%'")
    shops[0].write(give_away)

    shops[0].write(partition, 2)

    assert shops[0].query(lambda connection: connection.execute(owned).scalars().all()) == ["pg_database_owner"]


def test_sessions_can_be_changed_after_partitioning(shops: list[Shop]) -> None:
    first = shops[0]
    last = max(row.id for row in first.history("s1"))
    first.write(partition, 4)

    for shop in shops:
        assert shop.create(
            "s1", profile_id="ada", identifiers=["till"], cart_items=[line(quantity=2)], key="1"
        ).replayed
        shop.return_items(units(0, 1))
        shop.close("s2")
        shop.create("s3", profile_id="new")

    assert [event.version for event in first.history("s1")] == [1, 2, 3, 4]
    assert max(event.id for event in first.history("s1")) > last
    nobodys = text("INSERT INTO session_identifier VALUES (1, 99, 0, 'till')")
    with pytest.raises(DBAPIError, match="fk_session_identifier_customer_session"):
        first.write(lambda connection: connection.execute(nobodys) and None)


def test_partitioning_again_into_as_many_changes_nothing(shops: list[Shop]) -> None:
    shops[0].write(partition, 2)
    before = shops[0].query(catalog)

    assert not shops[0].write(partition, 2)

    assert shops[0].query(catalog) == before


def test_another_number_of_partitions_is_refused(shops: list[Shop]) -> None:
    shops[0].write(partition, 2)
    before = shops[0].query(kinds)

    with pytest.raises(CannotPartition, match="have 2 partitions already"):
        shops[0].write(partition, 3)

    assert shops[0].query(kinds) == before


def test_a_table_added_later_is_partitioned_by_the_next_run(shops: list[Shop], monkeypatch: pytest.MonkeyPatch) -> None:
    before = shops[0].query(catalog)
    for some in (PARTITIONED[:4], PARTITIONED[5:], PARTITIONED):
        monkeypatch.setattr(partitions, "PARTITIONED", some)
        assert shops[0].write(partition, 2)

    assert shops[0].query(kinds) == dict.fromkeys(FEW, 0) | dict.fromkeys(PARTITIONED, 2)
    assert shops[0].query(catalog) == before


def test_an_interrupted_partitioning_changes_nothing(shops: list[Shop]) -> None:
    def cut_short(connection: Connection) -> None:
        partition(connection, 2)
        raise InterruptedError

    before = shops[0].query(catalog), shops[0].all_rows()

    with pytest.raises(InterruptedError):
        shops[0].write(cut_short)

    assert (shops[0].query(catalog), shops[0].all_rows()) == before
    assert {*shops[0].query(kinds).values()} == {0}


def test_downgrade_to_base_drops_partitioned_tables(shops: list[Shop]) -> None:
    before = shops[0].query(catalog)
    shops[0].write(partition, 2)

    shops[0].write(migrations.downgrade, "base")
    assert shops[0].query(catalog) == []
    shops[0].write(migrations.upgrade)

    assert shops[0].query(catalog) == before


def test_the_command_partitions_an_empty_database(
    server: Server, own_directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = server.empty()
    monkeypatch.setenv("CARTOGRAPH_DATABASE_URL", url)
    head = f"The database is at revision {migrations.scripts().get_current_head()}."

    assert main(["migrate", "--partitions", "3"]) == 0
    assert capsys.readouterr().out.splitlines() == ["The large tables have 3 partitions each.", head]
    assert main(["migrate", "--partitions", "3"]) == 0
    assert capsys.readouterr().out.splitlines() == ["The large tables have 3 partitions each already.", head]
    assert main(["migrate", "--partitions", "4"]) == 1
    assert capsys.readouterr().err == "The tables have 3 partitions already, and keep them.\n"
    assert main(["migrate"]) == 0
    assert capsys.readouterr().out.splitlines() == [head]
    server.drop(url)


def test_sqlite_has_no_partitions(own_directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate", "--partitions", "3"]) == 1
    assert capsys.readouterr().err == "Only PostgreSQL has partitions; this is an SQLite database.\n"
