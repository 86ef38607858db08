"""Migrations create the tables of the models, all or nothing."""

import asyncio
import re
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from shop import Shop, line, open_shop, remove_newest, units
from sqlalchemy import Connection, select, text
from sqlalchemy.ext.asyncio import create_async_engine

from db import migrations
from db.domain.attribute_definition import AttributeEntity
from db.domain.commands import Discount
from db.engine import open_database
from db.engine.database import Database
from db.import_export.checking import check_sessions
from db.migrations import NewerDatabase, OlderDatabase, current, downgrade, is_current, scripts, upgrade
from db.repository.core import DISCOUNT
from db.tables import Row

PROMOTIONS = {
    "campaign",
    "campaign_label",
    "campaign_limit",
    "campaign_revision",
    "code",
    "limit_counter",
    "posting",
    "redemption",
}
NOT_FILLED = {
    "api_key",
    "last_id",
    "token_secret",
    "webhook",
    *PROMOTIONS,
}  # a downgrade that drops a table loses its rows
LINE_ID = re.compile(r"[\w-]{12}\d{1,3}")


@pytest.fixture
def empty(runner: asyncio.Runner, empty_url: str) -> Iterator[Database]:
    """An open database without tables."""
    database = runner.run(open_database(empty_url))
    yield database
    runner.run(database.close())


def tables(connection: Connection) -> dict[str, list[str]]:
    """The database's own description of each table, index and sequence, without alembic's table."""
    described: defaultdict[str, list[str]] = defaultdict(list)
    for name, ddl in connection.execute(text(DESCRIBED[connection.dialect.name])):
        described[name] += parts(ddl)
    return {name: sorted(lines) for name, lines in described.items() if name != "alembic_version"}


DESCRIBED = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL",
    "postgresql": """
        SELECT relname, concat_ws(
                ' ', attname, format_type(atttypid, atttypmod), attnotnull, collname, pg_get_expr(adbin, adrelid)
            )
            FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
                LEFT JOIN pg_collation ON pg_collation.oid = attcollation
                LEFT JOIN pg_attrdef ON adrelid = pg_class.oid AND adnum = attnum
            WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
        UNION ALL SELECT conrelid::regclass::text, conname || ' ' || pg_get_constraintdef(oid)
            FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL SELECT sequencename, data_type::text FROM pg_sequences WHERE schemaname = 'public'""",
}


def parts(ddl: str) -> list[str]:
    """The columns and constraints of a CREATE TABLE, in no order: SQLite appends an added column to the constraints."""
    text = " ".join(ddl.split())
    if not text.startswith("CREATE TABLE"):
        return [text]
    opening, closing = text.index("("), text.rindex(")")
    found, depth = [""], 0
    for character in text[opening + 1 : closing]:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            found.append("")
        else:
            found[-1] += character
    return sorted([text[:opening].strip(), text[closing + 1 :].strip(), *(each.strip() for each in found)])


def test_upgrade_brings_an_empty_database_to_the_newest_revision(runner: asyncio.Runner, empty: Database) -> None:
    assert runner.run(empty.query(current)) is None
    assert not runner.run(empty.query(is_current))

    runner.run(empty.write(upgrade))

    assert runner.run(empty.query(current)) == scripts().get_current_head()
    assert runner.run(empty.query(is_current))


def test_autogenerate_finds_no_difference_between_migrations_and_models(
    runner: asyncio.Runner, empty: Database, empty_url: str
) -> None:
    def differences(connection: Connection) -> Any:
        return compare_metadata(MigrationContext.configure(connection), Row.metadata)

    async def found() -> Any:
        engine = create_async_engine(empty_url)  # alembic inspects tables over an engine of SQLAlchemy's own
        async with engine.connect() as connection:
            result = await connection.run_sync(differences)
        await engine.dispose()
        return result

    runner.run(empty.write(upgrade))

    assert runner.run(found()) == []


def test_migrated_tables_have_every_constraint_of_the_models(runner: asyncio.Runner, empty: Database) -> None:
    runner.run(empty.write(upgrade))
    migrated = runner.run(empty.query(tables))
    runner.run(empty.write(downgrade, "base"))
    runner.run(empty.write(Row.metadata.create_all))

    assert migrated == runner.run(empty.query(tables))


def test_downgrade_to_base_drops_all_tables(runner: asyncio.Runner, empty: Database) -> None:
    runner.run(empty.write(upgrade))
    first = runner.run(empty.query(tables))

    runner.run(empty.write(downgrade, "base"))
    assert runner.run(empty.query(tables)) == {}

    runner.run(empty.write(upgrade))
    assert runner.run(empty.query(tables)) == first


@pytest.mark.parametrize("revision", [script.revision for script in scripts().walk_revisions()][1:])
def test_upgrade_from_an_older_revision_keeps_all_rows(runner: asyncio.Runner, empty: Database, revision: str) -> None:
    runner.run(empty.write(upgrade))
    head = runner.run(empty.query(tables))
    shop = open_shop(runner, empty)
    bought: dict[str, Any] = {"cart_items": [line(quantity=2)], "discounts": [Discount("spring", Decimal(1))]}
    shop.create("s1", profile_id="ada", identifiers=["till"], key="1", **bought)
    shop.close("s1")
    shop.return_items(units(0, 1))
    shop.define(AttributeEntity.CUSTOMER_SESSION, "channel")
    everything = shop.all_rows()
    assert {name for name, rows in everything.items() if not rows} == NOT_FILLED

    runner.run(empty.write(downgrade, revision))
    assert runner.run(empty.query(current)) == revision
    runner.run(empty.write(upgrade))

    assert runner.run(empty.query(tables)) == head
    assert without_line_ids(shop.all_rows()) == without_line_ids(everything)
    assert disagreements(shop) == []
    assert shop.create("s2").version == 1


def test_0003_splits_the_discounts_of_a_session_over_its_lines(runner: asyncio.Runner, empty: Database) -> None:
    runner.run(empty.write(upgrade))
    shop = open_shop(runner, empty)
    cents = Decimal("0.01")
    shop.create("even", cart_items=[line(), line()], discounts=[Discount("x", cents), Discount("y", cents)])
    shop.create(
        "uneven",
        cart_items=[line(price="20.00"), line(price="80.00"), line(price="0.00")],
        discounts=[Discount("a", Decimal(0)), Discount("b", Decimal("10.00")), Discount("c", Decimal("0.07"))],
    )
    shop.create("one", cart_items=[line()], discounts=[Discount("x", cents)])
    shop.another("Yen", "JPY").create(
        cart_items=[line(price="5"), line(price="5")], discounts=[Discount("x", Decimal(1)), Discount("y", Decimal(8))]
    )

    runner.run(empty.write(downgrade, "0002_last_id"))
    runner.run(empty.write(upgrade))

    statement = select(DISCOUNT.c.label, DISCOUNT.c.shares).order_by(*DISCOUNT.primary_key)
    assert shop.query(lambda connection: connection.execute(statement).all()) == [
        ("x", [[0, 100]]),
        ("y", [[1, 100]]),
        ("a", []),
        ("b", [[0, 20_000], [1, 80_000]]),
        ("c", [[0, 100], [1, 600]]),
        ("x", None),
        ("x", [[0, 10_000]]),
        ("y", [[0, 40_000], [1, 40_000]]),
    ]


def test_0008_reuses_no_id_after_a_downgrade(runner: asyncio.Runner, empty: Database) -> None:
    runner.run(empty.write(upgrade))
    shop = open_shop(runner, empty)
    for number in range(3):
        shop.create(f"s{number}")
    removed = shop.write(remove_newest, shop.application_id)
    other = shop.another("Other", "EUR")
    first = other.create("s1").session_id

    runner.run(empty.write(downgrade, "0007_webhook"))
    stored = shop.all_rows()["last_id"]
    runner.run(empty.write(upgrade))

    if empty.dialect.name == "sqlite":
        names = ("customer_session", "session_event")
        given = {shop.application_id: removed, other.application_id: (first, first)}
        assert sorted(stored) == [
            (application_id, *each) for application_id, ids in given.items() for each in zip(names, ids, strict=True)
        ]
    assert shop.create("s4").session_id > removed[0]
    assert other.create("s2").session_id > first


def without_line_ids(rows: dict[str, list[tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows with one id for all lines: a downgrade removes the ids, and the upgrade gives others."""

    def without(value: Any) -> Any:
        if type(value) is not str:
            return value
        return "ID" if LINE_ID.fullmatch(value) else re.sub(f'"id":"{LINE_ID.pattern}"', "ID", value)

    return {table: [tuple(map(without, row)) for row in found] for table, found in rows.items()}


def disagreements(shop: Shop) -> list[str]:
    """Return the disagreements that the check finds."""
    pages = shop.query(lambda connection: list(check_sessions(connection, shop.application_id)))
    return [str(each) for page in pages for each in page.disagreements]


def test_upgrade_gives_each_line_an_id_that_it_has_in_all_events(runner: asyncio.Runner, empty: Database) -> None:
    runner.run(empty.write(upgrade))
    shop = open_shop(runner, empty)
    exact = line("tea", price="12345678901234.5678", name='"cartItems":[{')
    shop.create("s1", cart_items=[line(), line("pear", 2), line("pear", 3)])
    shop.update("s1", cart_items=[exact, line("pear", 5), line("plum"), line()], coupon="SPRING")
    shop.update("s1", cart_items=[line("pear", 5), line("pear", 5), line()])
    shop.close("s1")
    shop.return_items(units(0, 1), integration_id="s1")
    shop.create("s2", cart_items=[line()])
    shop.create("s3")
    other = shop.another("Other", "JPY")
    other.create("s1", cart_items=[line(), line()])
    before = without_line_ids(shop.all_rows())

    runner.run(empty.write(downgrade, "0004_session_size"))
    assert '"id":' not in repr(
        shop.query(lambda connection: connection.execute(text("SELECT changes FROM session_event")).all())
    )
    runner.run(empty.write(upgrade))

    assert without_line_ids(shop.all_rows()) == before
    assert disagreements(shop) == disagreements(other) == []
    carts = [event["changes"].get("cartItems") for event in shop.history("s1")]
    first, second, third, _, returned = carts
    apple, pear, other_pear = (each["id"] for each in first)
    assert [second[1]["id"], second[3]["id"]] == [pear, apple]
    assert [each["id"] for each in third] == [pear, third[1]["id"], apple]
    assert [each["id"] for each in returned] == [each["id"] for each in third]
    assert [each.id for each in shop.session("s1").cart] == [each["id"] for each in third]
    lines = [each.id for one, name in ((shop, "s1"), (shop, "s2"), (other, "s1")) for each in one.session(name).cart]
    assert len({*lines, other_pear, second[0]["id"], second[2]["id"]}) == 6 + 3


def test_upgrade_of_a_current_database_changes_nothing(runner: asyncio.Runner, empty: Database) -> None:
    runner.run(empty.write(upgrade))
    first = runner.run(empty.query(tables))

    runner.run(empty.write(upgrade))

    assert runner.run(empty.query(tables)) == first


def test_an_interrupted_upgrade_changes_nothing(runner: asyncio.Runner, empty: Database) -> None:
    def cut_short(connection: Connection) -> None:
        upgrade(connection)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        runner.run(empty.write(cut_short))

    assert runner.run(empty.query(tables)) == {}


def test_concurrent_upgrades_of_one_database_succeed(runner: asyncio.Runner, empty_url: str) -> None:
    async def start() -> bool:
        database = await open_database(empty_url)
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


@pytest.mark.parametrize("revision", ["0001", "0002", "0003", "0004"])
def test_a_database_from_before_the_first_release_is_refused_and_left_alone(
    runner: asyncio.Runner, empty: Database, revision: str
) -> None:
    def from_before(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision})

    runner.run(empty.write(from_before))

    with pytest.raises(OlderDatabase, match="export it with that version, and import the file into a new database"):
        runner.run(empty.write(upgrade))

    assert runner.run(empty.query(tables)) == {}
    assert runner.run(empty.query(current)) == revision


def test_each_revision_has_its_own_number_and_follows_the_one_before() -> None:
    revisions = [script.revision for script in scripts().walk_revisions("base", "heads")]

    assert revisions == sorted(revisions, reverse=True)
    assert len(scripts().get_heads()) == 1
    assert Path(migrations.__file__).parent == Path(scripts().dir)
