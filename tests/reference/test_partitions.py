"""Each statement, of reads and of changes, is about one application, and goes into one partition of each table."""

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from io import BytesIO
from random import Random
from typing import TypeVar

import pytest
from api_server import Api, seed
from crowd import DEFINITIONS, gather
from crowded import Crowded
from documents import request
from explained import EXPLAINED, Explained, Ran
from hypothesis import given, settings
from hypothesis import strategies as st
from shop import Shop, line, refusals, units
from sqlalchemy import Connection, text
from stores import Server, migrate

from db.domain.commands import CreateApplication, CreateSessionToken, Discount, UpdateProfile
from db.events.history import ApplicationHistory, History, SessionHistory
from db.import_export.checking import check_sessions
from db.import_export.exporting import export_sessions
from db.import_export.importing import ImportSessions, OnError, import_sessions
from db.migrations.partitions import PARTITIONED
from db.operations import idempotent as once
from db.operations.applications import create_application
from db.operations.keys import KeyName, create_session_token
from db.operations.profiles import update_profile

T = TypeVar("T")

PARTITIONS = 8
APART = (1, 2)  # applications in different partitions


@pytest.fixture(scope="module")
def explaining() -> Iterator[Server]:
    """A server that writes down what it does."""
    server = Server(None, **EXPLAINED)
    yield server
    server.close()


def gather_unlogged(connection: Connection) -> None:
    """Fill the database without logging the plan of each statement."""
    connection.execute(text("SET LOCAL auto_explain.log_min_duration = -1"))
    gather(connection)


@pytest.fixture(scope="module", params=[False, True], ids=["planned once", "as behind a pooler"])
def crowded(request: pytest.FixtureRequest, explaining: Server) -> Iterator[Crowded]:
    """Four applications full of sessions, in partitions, with one plan for all, or with one for what is asked."""
    url = explaining.empty()
    asyncio.run(migrate(url, PARTITIONS))
    keys = asyncio.run(seed(url))
    with asyncio.Runner() as runner, Api(runner, url, keys, max_cost=10**9, database_pooler=request.param) as api:
        yield Crowded(api, gather_unlogged)


@pytest.fixture(scope="module")
def log(explaining: Server) -> Explained:
    """What the server wrote down."""
    return Explained(explaining)


@pytest.fixture(autouse=True)
def beginning(crowded: Crowded, log: Explained) -> None:
    """Leave out what was there before the test."""
    log.ran()


def test_the_log_shows_a_statement_about_all_applications_in_all_partitions(crowded: Crowded, log: Explained) -> None:
    run(crowded, lambda connection: connection.execute(text("SELECT count(*) FROM customer_session")).scalar_one())

    assert [len(ran.partitions) for ran in log.ran()] == [PARTITIONS]


def test_each_statement_of_a_change_goes_into_one_partition(
    crowded: Crowded, log: Explained, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(once, "PURGERS", 256)
    shop = crowded.api.shop
    shop.create("life", profile_id="new", identifiers=["till"], cart_items=[line(quantity=2), line("pear")], key="1")
    shop.create("life", profile_id="new", identifiers=["till"], cart_items=[line(quantity=2), line("pear")], key="1")
    shop.upsert("life", discounts=[Discount("spring", Decimal(1))], attributes={"note": "soon"})
    shop.update("life", profile_id="newer", identifiers=["web"], discounts=[], cart_items=[line(quantity=2)])
    shop.close("life")
    shop.return_items(units(0), integration_id="life")
    shop.cancel("life", reason="all wrong")
    profile = UpdateProfile(application_id=1, integration_id="newer", attributes={"notes": []})
    shop.write(update_profile, shop.till, profile, shop.tick())
    command = CreateSessionToken(application_id=1, integration_id="life", expires_in=60)
    key = KeyName(1, crowded.api.keys["writer"].split("_")[2])
    shop.write(create_session_token, key, command, 60, shop.tick())
    refusals(shop.create, "life")
    refusals(shop.close, "nobody's")

    assert in_one_partition(log.ran()) == {*PARTITIONED}


def test_each_statement_of_an_import_an_export_and_a_check_goes_into_one_partition(
    crowded: Crowded, log: Explained
) -> None:
    database, written = crowded.api.database, b"".join(run(crowded, lambda it: [*export_sessions(it, 1)]))

    async def imported(application_id: int) -> int:
        command = ImportSessions(application_id=application_id, on_error=OnError.SKIP, recompute=True)
        return sum([report.created async for report in import_sessions(database, command, BytesIO(written))])

    empty = run(crowded, lambda it: create_application(it, CreateApplication(name="New", currency="EUR"), Shop.OPENED))
    for entity, name, type_ in DEFINITIONS:
        Shop(crowded.api.runner, database, empty).define(entity, name, type_, description="")
    assert crowded.api.runner.run(imported(empty)) > 0
    assert crowded.api.runner.run(imported(empty)) == 0
    assert not [each for page in run(crowded, lambda it: [*check_sessions(it, empty)]) for each in page.disagreements]

    assert in_one_partition(log.ran()) == {*PARTITIONED} - {"idempotency"}


@pytest.mark.parametrize("alone", [None, 1])
def test_each_statement_that_follows_a_history_goes_into_one_partition(
    crowded: Crowded, log: Explained, alone: int | None
) -> None:
    name = next(row["integration_id"] for row in crowded.rows.where("customer_session", application_id=1, id=1))
    histories: Sequence[History] = (ApplicationHistory(1), SessionHistory(1, name, alone))
    for history in histories:
        assert run(crowded, partial(history.last_position, max_id=10**6)) > 0
        assert run(crowded, partial(history.events_after, position=0, max_id=10**6, limit=10))

    assert in_one_partition(log.ran()) == {"session_event", "customer_session"}


@settings(max_examples=60)
@given(random=st.randoms(use_true_random=False))
def test_whatever_a_reader_asks_is_read_from_one_partition(crowded: Crowded, log: Explained, random: Random) -> None:
    asked = replace(request(random, crowded.facts), key="reader")
    log.ran()

    crowded.post(asked)

    in_one_partition(log.ran())


SINCE = '{from: "2026-03-01T09:00:00.000Z"}'
FILTERS = (
    "{}",
    "{states: [OPEN, CLOSED]}",
    '{profileIds: ["ada", "rich"]}',
    '{coupons: ["SPRING"], referrals: ["", "SPRING", "spring"]}',
    '{identifiers: ["web", "shop"]}',
    '{skus: ["apple", "pear"]}',
    '{skus: ["apple"], firstSession: false}',
    '{integrationIdPrefix: "s"}',
    f'{{created: {SINCE}, updated: {SINCE}, total: {{min: "1"}}}}',
    f"{{closed: {SINCE}}}",
)
FIELDS = """
    id integrationId application { name } currency netTotal identifiers cartItems { total } discounts { amount }
    returns { amount items { sku amount } }
    events { nodes { session { id } ... on ItemsReturned { return { amount } } } pageInfo { hasPreviousPage } }
    profile { totalSales lastActivity sessions(filter: {skus: ["apple"]}) { totalCount nodes { id } } }
"""


@pytest.mark.parametrize("key", ["reader", "admin"])
@pytest.mark.parametrize("filter", FILTERS)
def test_a_page_with_all_that_hangs_on_it_is_read_from_one_partition(
    crowded: Crowded, log: Explained, filter: str, key: str
) -> None:
    for way in ("first: 20", "last: 20"):
        page = f"nodes {{ {FIELDS} }} pageInfo {{ hasNextPage hasPreviousPage endCursor }} totalCount"
        crowded.api.data(f"{{ customerSessions(applicationId: 1, filter: {filter}, {way}) {{ {page} }} }}", key=key)

    assert in_one_partition(log.ran()) >= {"customer_session", "cart_item", "session_event", "session_discount"}


def test_what_the_holder_of_a_session_token_reads_is_in_one_partition(crowded: Crowded, log: Explained) -> None:
    crowded.api.shop.create("browsed", cart_items=[line()])
    asked = 'input: {integrationId: "browsed", rights: READ, expiresIn: 60}'
    made = crowded.api.data(f"mutation {{ createSessionToken({asked}) {{ token }} }}")["createSessionToken"]
    crowded.api.data(f'{{ customerSession(integrationId: "browsed") {{ {FIELDS} }} }}', key=made["token"])

    assert in_one_partition(log.ran()) >= {"customer_session", "cart_item"}


def test_an_object_that_an_admin_asks_for_by_its_id_is_read_from_one_partition(
    crowded: Crowded, log: Explained
) -> None:
    crowded.api.data('{ node(id: "session-1-1") { ... on CustomerSession { cartItems { sku } } } }', key="admin")

    assert in_one_partition(log.ran()) == {"customer_session", "cart_item"}


def test_the_exception_is_objects_of_several_applications_whose_ids_an_admin_gives_in_one_list(
    crowded: Crowded, log: Explained
) -> None:
    ids = [next(each for each in crowded.facts.ids if each.startswith(f"session-{owner}-")) for owner in APART]
    log.ran()

    crowded.api.data(f"{{ nodes(ids: {json.dumps(ids[::-1])}) {{ id }} }}", key="admin")

    assert [len(ran.partitions) for ran in log.ran() if ran.tables] == [len(APART)]


def run(crowded: Crowded, operation: Callable[[Connection], T]) -> T:
    """One transaction."""
    return crowded.api.runner.run(crowded.api.database.write(operation))


def in_one_partition(statements: Sequence[Ran]) -> set[str]:
    """The divided tables in all of them; asserts that none went into two partitions."""
    scattered = {ran.text: ran.partitions for ran in statements if len(ran.partitions) > 1}
    assert not scattered
    return {table for ran in statements for table in ran.tables}
