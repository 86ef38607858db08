"""Each statement, of reads and of changes, is about one application, and goes into one partition of each table."""

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from io import BytesIO
from random import Random
from typing import Any, TypeVar

import pytest
from api_server import Api, seed
from compared_api import ComparedApi
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_log import AUTO_EXPLAIN, ExecutedStatement, PlanLog
from promotion_shop import add_campaign, add_code, limit, percent
from random_documents import request
from sample_sessions import DEFINITIONS, fill_applications
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
    server = Server(None, **AUTO_EXPLAIN)
    yield server
    server.close()


def fill_unlogged(connection: Connection) -> None:
    """Fill the database without logging the plan of each statement."""
    connection.execute(text("SET LOCAL auto_explain.log_min_duration = -1"))
    fill_applications(connection)


@pytest.fixture(scope="module", params=[False, True], ids=["planned once", "as behind a pooler"])
def compared(request: pytest.FixtureRequest, explaining: Server) -> Iterator[ComparedApi]:
    """Four applications full of sessions, in partitions, with one plan for all, or with one for what is asked."""
    url = explaining.empty()
    asyncio.run(migrate(url, PARTITIONS))
    keys = asyncio.run(seed(url))
    with asyncio.Runner() as runner, Api(runner, url, keys, max_cost=10**9, database_pooler=request.param) as api:
        yield ComparedApi(api, fill_unlogged)


@pytest.fixture(scope="module")
def log(explaining: Server) -> PlanLog:
    """The plans in the server's log."""
    return PlanLog(explaining)


@pytest.fixture(autouse=True)
def beginning(compared: ComparedApi, log: PlanLog) -> None:
    """Leave out what was there before the test."""
    log.ran()


def test_the_log_shows_a_statement_about_all_applications_in_all_partitions(
    compared: ComparedApi, log: PlanLog
) -> None:
    run(compared, lambda connection: connection.execute(text("SELECT count(*) FROM customer_session")).scalar_one())

    assert [len(ran.partitions) for ran in log.ran()] == [PARTITIONS]


def test_each_statement_of_a_change_uses_one_partition(
    compared: ComparedApi, log: PlanLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(once, "PURGERS", 256)
    shop = compared.api.shop
    fields: dict[str, Any] = {"requires": "COUPON", "limits": [limit("DISCOUNT", "PROFILE", "100")]}
    add_code(shop, add_campaign(shop, percent("10", "partition"), name="Partition", **fields), "PARTITION")
    log.ran()
    shop.create("life", profile_id="new", identifiers=["till"], cart_items=[line(quantity=2), line("pear")], key="1")
    shop.create("life", profile_id="new", identifiers=["till"], cart_items=[line(quantity=2), line("pear")], key="1")
    shop.upsert("life", discounts=[Discount("spring", Decimal(1))], attributes={"note": "soon"})
    content: dict[str, Any] = {"identifiers": ["web"], "discounts": [], "cart_items": [line(quantity=2)]}
    shop.update("life", profile_id="newer", coupon="partition", **content)
    shop.close("life")
    shop.return_items(units(0), integration_id="life")
    shop.cancel("life", reason="all wrong")
    profile = UpdateProfile(application_id=1, integration_id="newer", attributes={"notes": []})
    shop.write(update_profile, shop.till, profile, shop.tick())
    command = CreateSessionToken(application_id=1, integration_id="life", expires_in=60)
    key = KeyName(1, compared.api.keys["writer"].split("_")[2])
    shop.write(create_session_token, key, command, 60, shop.tick())
    refusals(shop.create, "life")
    refusals(shop.close, "nobody's")

    assert in_one_partition(log.ran()) == {*PARTITIONED}


def test_each_statement_of_an_import_an_export_and_a_check_uses_one_partition(
    compared: ComparedApi, log: PlanLog
) -> None:
    database, written = compared.api.database, b"".join(run(compared, lambda it: [*export_sessions(it, 1)]))

    async def imported(application_id: int) -> int:
        command = ImportSessions(application_id=application_id, on_error=OnError.SKIP, recompute=True)
        return sum([report.created async for report in import_sessions(database, command, BytesIO(written))])

    empty = run(compared, lambda it: create_application(it, CreateApplication(name="New", currency="EUR"), Shop.OPENED))
    for entity, name, type_ in DEFINITIONS:
        Shop(compared.api.runner, database, empty).define(entity, name, type_, description="")
    assert compared.api.runner.run(imported(empty)) > 0
    assert compared.api.runner.run(imported(empty)) == 0
    assert not [each for page in run(compared, lambda it: [*check_sessions(it, empty)]) for each in page.disagreements]

    skipped = {"idempotency", "limit_counter"}  # PostgreSQL need not look for counters where there are no limits
    assert in_one_partition(log.ran()) | skipped == {*PARTITIONED}


@pytest.mark.parametrize("alone", [None, 1])
def test_each_statement_that_follows_a_history_uses_one_partition(
    compared: ComparedApi, log: PlanLog, alone: int | None
) -> None:
    name = next(row["integration_id"] for row in compared.rows.where("customer_session", application_id=1, id=1))
    histories: Sequence[History] = (ApplicationHistory(1), SessionHistory(1, name, alone))
    for history in histories:
        assert run(compared, partial(history.last_position, max_id=10**6)) > 0
        assert run(compared, partial(history.events_after, position=0, max_id=10**6, limit=10))

    assert in_one_partition(log.ran()) == {"session_event", "customer_session"}


@settings(max_examples=60)
@given(random=st.randoms(use_true_random=False))
def test_queries_of_a_reader_use_one_partition(compared: ComparedApi, log: PlanLog, random: Random) -> None:
    asked = replace(request(random, compared.known_values), key="reader")
    log.ran()

    compared.post(asked)

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
def test_a_page_with_nested_fields_uses_one_partition(
    compared: ComparedApi, log: PlanLog, filter: str, key: str
) -> None:
    for way in ("first: 20", "last: 20"):
        page = f"nodes {{ {FIELDS} }} pageInfo {{ hasNextPage hasPreviousPage endCursor }} totalCount"
        compared.api.data(f"{{ customerSessions(applicationId: 1, filter: {filter}, {way}) {{ {page} }} }}", key=key)

    assert in_one_partition(log.ran()) >= {"customer_session", "cart_item", "session_event", "session_discount"}


def test_queries_with_a_session_token_use_one_partition(compared: ComparedApi, log: PlanLog) -> None:
    compared.api.shop.create("browsed", cart_items=[line()])
    asked = 'input: {integrationId: "browsed", rights: READ, expiresIn: 60}'
    made = compared.api.data(f"mutation {{ createSessionToken({asked}) {{ token }} }}")["createSessionToken"]
    compared.api.data(f'{{ customerSession(integrationId: "browsed") {{ {FIELDS} }} }}', key=made["token"])

    assert in_one_partition(log.ran()) >= {"customer_session", "cart_item"}


def test_node_of_an_admin_uses_one_partition(compared: ComparedApi, log: PlanLog) -> None:
    compared.api.data('{ node(id: "session-1-1") { ... on CustomerSession { cartItems { sku } } } }', key="admin")

    assert in_one_partition(log.ran()) == {"customer_session", "cart_item"}


def test_nodes_of_several_applications_use_several_partitions(compared: ComparedApi, log: PlanLog) -> None:
    ids = [next(each for each in compared.known_values.ids if each.startswith(f"session-{owner}-")) for owner in APART]
    log.ran()

    compared.api.data(f"{{ nodes(ids: {json.dumps(ids[::-1])}) {{ id }} }}", key="admin")

    assert [len(ran.partitions) for ran in log.ran() if ran.tables] == [len(APART)]


def run(compared: ComparedApi, operation: Callable[[Connection], T]) -> T:
    """One transaction."""
    return compared.api.runner.run(compared.api.database.write(operation))


def in_one_partition(statements: Sequence[ExecutedStatement]) -> set[str]:
    """The divided tables in all of them; asserts that none went into two partitions."""
    scattered = {ran.text: ran.partitions for ran in statements if len(ran.partitions) > 1}
    assert not scattered
    return {table for ran in statements for table in ran.tables}
