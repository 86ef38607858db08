"""On PostgreSQL, too, what is found by a text that may be long is found by an index."""

import asyncio
from collections.abc import Iterator

import pytest
from explained import EXPLAINED, Explained, Ran
from served import Api, furnish
from sqlalchemy import Connection, text
from stores import Server, migrate

FILLED = (
    """INSERT INTO customer_profile (application_id, integration_id, created, updated, attributes)
    SELECT 1, 'customer-' || i, now(), now(), '{}' FROM generate_series(1, 2000) AS i""",
    """INSERT INTO customer_session (application_id, id, integration_id, profile_id, state, version, first_session,
        minor_digits, total, discount_total, returned_total, created, updated, attributes)
    SELECT 1, i, 'session-' || i, 'customer-' || (i % 2000 + 1), 'open', 1, i % 10 = 0, 2, i, 0, 0,
        now() + i * interval '1 second', now() + i * interval '1 second', '{}' FROM generate_series(1, 20000) AS i""",
    """INSERT INTO cart_item (application_id, session_id, position, sku, quantity, returned_quantity, price,
        discount_share, returned_total, attributes)
    SELECT 1, i, 0, 'sku-' || i % 4000, 1, 0, 1, 0, 0, '{}' FROM generate_series(1, 20000) AS i""",
    "SELECT setval('customer_session_id', 20000)",
    "ANALYZE",
)
OF_NAME = "uq_customer_session_application_id_integration_id"
OF_PROFILES = "ix_customer_session_application_id_profile_id_created_id"
OF_SKUS = "ix_cart_item_application_id_sku_session_id"
PROFILES = "ix_customer_profile_application_id_integration_id"


@pytest.fixture(scope="module")
def explaining() -> Iterator[tuple[Api, Explained]]:
    """The API over many sessions, on a server that writes down what it does."""
    server = Server(None, **EXPLAINED)
    url = server.empty()
    asyncio.run(migrate(url))
    keys = asyncio.run(furnish(url))
    with asyncio.Runner() as runner, Api(runner, url, keys) as api:
        runner.run(api.database.write(fill))
        yield api, Explained(server)
    server.close()


def fill(connection: Connection) -> None:
    for statement in FILLED:
        connection.execute(text(statement))


def ran(explaining: tuple[Api, Explained], document: str) -> Ran:
    """What a query comes to once its statement has been prepared for good."""
    api, log = explaining
    for _ in range(8):
        log.ran()
        api.data(document, key="reader")
    (found,) = (each for each in log.ran() if "json" in each.text or "customer_" in each.text)
    return found


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ('customerSession(integrationId: "session-7") { id }', OF_NAME),
        ('customerProfile(integrationId: "customer-7") { id }', PROFILES),
        ('customerProfile(integrationId: "customer-7") { lastActivity }', OF_PROFILES),
        ('customerSession(integrationId: "session-7") { profile { id } }', PROFILES),
        ('customerSessions(filter: {profileIds: ["customer-7"]}) { nodes { id } }', OF_PROFILES),
        ('customerSessions(filter: {profileIds: ["customer-7", "customer-8"]}) { nodes { id } }', OF_PROFILES),
        ('customerSessions(filter: {skus: ["sku-7"]}) { nodes { id } }', OF_SKUS),
        ('customerSessions(filter: {skus: ["sku-7", "sku-8"]}) { totalCount }', OF_SKUS),
        ('customerSessions(filter: {integrationIdPrefix: "session-77"}) { nodes { id } }', OF_NAME),
        ("customerProfiles(first: 20) { nodes { id } pageInfo { hasNextPage } }", PROFILES),
        *(
            (f"customerSessions(orderBy: {{field: INTEGRATION_ID, direction: {to}}}) {{ nodes {{ id }} }}", OF_NAME)
            for to in ("ASC", "DESC")
        ),
    ],
)
def test_a_text_is_found_by_its_index(explaining: tuple[Api, Explained], asked: str, index: str) -> None:
    found = ran(explaining, f"{{ {asked} }}")

    assert index in found.indexes
    assert "Seq Scan" not in found.steps


def test_a_page_in_the_order_of_integration_ids_sorts_no_more_than_it_has_to(explaining: tuple[Api, Explained]) -> None:
    api, _ = explaining
    order = "orderBy: {field: INTEGRATION_ID, direction: ASC}"
    cursor = api.data(f"{{ customerSessions(first: 50, {order}) {{ pageInfo {{ endCursor }} }} }}")
    after = cursor["customerSessions"]["pageInfo"]["endCursor"]

    found = ran(explaining, f'{{ customerSessions({order}, after: "{after}") {{ nodes {{ id }} }} }}')

    assert OF_NAME in found.indexes
    assert "Incremental Sort" in found.steps
    assert not found.steps & {"Sort", "Seq Scan"}


def test_the_statements_of_a_change_find_their_texts_by_indexes(explaining: tuple[Api, Explained]) -> None:
    api, log = explaining
    log.ran()

    for number in range(8):
        api.shop.upsert(f"new-{number}", profile_id="customer-7")
        api.shop.upsert(f"new-{number}", coupon="SPRING")

    steps = {each.text: each for each in log.ran() if "customer_" in each.text}
    assert {index for each in steps.values() for index in each.indexes} >= {OF_NAME, OF_PROFILES}
    assert not [text for text, each in steps.items() if each.scanned & {"customer_session", "customer_profile"}]
