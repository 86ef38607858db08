"""On PostgreSQL, pages and lookups by text use an index."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from api_server import Api, seed
from plan_log import AUTO_EXPLAIN, ExecutedStatement, PlanLog
from random_documents import ORDERS
from sqlalchemy import Connection, text
from stores import Server, migrate

FILLED = (
    """INSERT INTO customer_profile (application_id, integration_id, created, updated, attributes,
        closed_sessions, sales_whole, sales_fraction)
    SELECT 1, 'customer-' || i, now() + i * interval '1 second', now() + i * interval '1 second', '{}', 0, 0, 0
    FROM generate_series(1, 2000) AS i""",
    """INSERT INTO customer_session (application_id, id, integration_id, profile_id, state, version, first_session,
        minor_digits, total, discount_total, returned_total, created, updated, coupon, attributes)
    SELECT 1, i, 'session-' || i, 'customer-' || (i % 2000 + 1), 'open', 1, i % 10 = 0, 2, i, 0, 0,
        now() + i * interval '1 second', now() + i * interval '1 second',
        CASE WHEN i % 400 = 0 THEN 'RARE' WHEN i % 4 < 2 THEN 'DENSE' END, '{}' FROM generate_series(1, 20000) AS i""",
    """INSERT INTO cart_item (application_id, session_id, position, id, sku, quantity, returned_quantity, price,
        discount_share, returned_total, attributes)
    SELECT 1, i, position, 'line-' || i || '-' || position,
        CASE position WHEN 0 THEN 'sku-' || i % 4000 ELSE 'dense' END, 1, 0, 1, 0, 0, '{}'
    FROM generate_series(1, 20000) AS i, generate_series(0, i % 2) AS position""",
    """INSERT INTO session_identifier (application_id, session_id, position, identifier)
    SELECT 1, i, 0, CASE WHEN i % 3 > 0 THEN 'web' ELSE 'order-' || i END FROM generate_series(1, 20000) AS i""",
    """INSERT INTO campaign (application_id, id, name, rank, stacking, requires, state, revision, created, updated)
    SELECT 1, i, 'campaign-' || i, i % 7, 'stack', 'coupon', 'active', 1, now(), now()
    FROM generate_series(1, 2000) AS i""",
    """INSERT INTO campaign_revision (application_id, campaign_id, revision, content, created)
    SELECT 1, id, 1, '{"rules": []}', now() FROM campaign""",
    """INSERT INTO code (application_id, id, kind, code, normalized, campaign_id, recipient_id, used, batch, created)
    SELECT 1, i, 'coupon', 'code-' || i, 'CODE-' || i, CASE WHEN i % 2 = 0 THEN 1 ELSE i % 2000 + 1 END,
        CASE WHEN i % 10 = 0 THEN 'customer-' || i END, CASE WHEN i % 1000 = 0 THEN 1 ELSE 0 END,
        CASE WHEN i % 500 = 0 THEN 'rare' ELSE 'summer' END, now() FROM generate_series(1, 20000) AS i""",
    """INSERT INTO redemption (application_id, session_id, campaign_id, revision, code_id, amount, returned_amount,
        shares, created)
    SELECT 1, i, 1, 1, CASE WHEN i % 2 = 0 THEN 1 ELSE i END, 1, 0, '[]', now() + i * interval '1 second'
    FROM generate_series(1, 20000) AS i""",
    "SELECT setval('customer_session_id', 20000)",
    "ANALYZE",
)
END = "pageInfo { hasNextPage hasPreviousPage endCursor }"
READS = ("json", "customer_", "code AS", "campaign AS")  # a part of each statement that answers a query
FEW = 1_001  # rows that are counted to find out whether they are few
OF_NAME = "uq_customer_session_application_id_integration_id"
OF_PROFILES = "ix_customer_session_application_id_profile_id_created_id"
LATEST_OF_PROFILES = "ix_customer_session_application_id_profile_id_updated_id"
OF_SKUS = "ix_cart_item_application_id_sku_session_id"
PROFILES = "pk_customer_profile"
CODES = "uq_code_application_id_kind_normalized"
OF_CAMPAIGN = "ix_code_application_id_campaign_id_normalized"
GIVEN = "ix_redemption_application_id_{}_created_session_id"
PROFILES_CREATED = "ix_customer_profile_application_id_created_integration_id"


@contextmanager
def filled(partitions: int | None) -> Iterator[tuple[Api, PlanLog]]:
    """The API over many sessions, on a server that writes down what it does."""
    server = Server(None, **AUTO_EXPLAIN)
    url = server.empty()
    asyncio.run(migrate(url, partitions))
    keys = asyncio.run(seed(url))
    with asyncio.Runner() as runner, Api(runner, url, keys) as api:
        runner.run(api.database.write(fill))
        yield api, PlanLog(server)
    server.close()


@pytest.fixture(scope="module")
def explaining() -> Iterator[tuple[Api, PlanLog]]:
    """Whole tables."""
    with filled(None) as made:
        yield made


@pytest.fixture(scope="module")
def divided() -> Iterator[tuple[Api, PlanLog]]:
    """Tables in partitions."""
    with filled(2) as made:
        yield made


def fill(connection: Connection) -> None:
    for statement in FILLED:
        connection.execute(text(statement))


def ran(explaining: tuple[Api, PlanLog], document: str) -> ExecutedStatement:
    """Return the statement that a query executes."""
    api, log = explaining
    log.ran()
    api.data(document, key="reader")
    (found,) = (each for each in log.ran() if any(part in each.text for part in READS))
    return found


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ('customerSession(integrationId: "session-7") { id }', OF_NAME),
        ('customerProfile(integrationId: "customer-7") { id }', PROFILES),
        ('customerProfile(integrationId: "customer-7") { lastActivity }', LATEST_OF_PROFILES),
        ('customerSession(integrationId: "session-7") { profile { id } }', PROFILES),
        ('customerSessions(filter: {profileIds: ["customer-7"]}) { nodes { id } }', OF_PROFILES),
        ('customerSessions(filter: {profileIds: ["customer-7", "customer-8"]}) { nodes { id } }', OF_PROFILES),
        ('customerSessions(filter: {skus: ["sku-7"]}) { nodes { id } }', OF_SKUS),
        ('customerSessions(filter: {skus: ["sku-7", "sku-8"]}) { totalCount }', OF_SKUS),
        ('customerSessions(filter: {integrationIdPrefix: "session-77"}) { nodes { id } }', OF_NAME),
        ("customerProfiles(first: 20) { nodes { id } pageInfo { hasNextPage } }", PROFILES),
        ('customerProfiles(filter: {integrationIdPrefix: "customer-77"}) { nodes { id } }', PROFILES),
        ("customerProfiles(orderBy: {field: CREATED}) { nodes { id } }", PROFILES_CREATED),
        ("customerProfiles(orderBy: {field: CREATED, direction: DESC}) { nodes { id } }", PROFILES_CREATED),
        ('customerProfiles(filter: {created: {to: "2026-01-01T00:00:00Z"}}) { nodes { id } }', PROFILES_CREATED),
        ('coupon(code: "Code-77") { id }', CODES),
        ('coupons(filter: {codePrefix: "code-77"}) { nodes { id } }', CODES),
        ('coupons(filter: {batch: "rare"}) { nodes { id } }', "ix_code_application_id_kind_batch_normalized"),
        ("coupons(filter: {used: true}) { nodes { id } }", "ix_code_application_id_kind_used_normalized"),
        ('campaign(name: "campaign-1") { coupons { nodes { id } } }', OF_CAMPAIGN),
        ('campaign(name: "campaign-1") { redemptionHistory { nodes { id } } }', GIVEN.format("campaign_id")),
        ('coupon(code: "code-1") { redemptionHistory { nodes { id } } }', GIVEN.format("code_id")),
        (
            'customerProfile(integrationId: "customer-10") { coupons { nodes { id } } }',
            "ix_code_application_id_kind_recipient_id_normalized",
        ),
        *(
            (f"customerSessions(orderBy: {{field: INTEGRATION_ID, direction: {to}}}) {{ nodes {{ id }} }}", OF_NAME)
            for to in ("ASC", "DESC")
        ),
    ],
)
def test_a_text_is_found_by_its_index(explaining: tuple[Api, PlanLog], asked: str, index: str) -> None:
    found = ran(explaining, f"{{ {asked} }}")

    assert index in found.indexes
    assert "Seq Scan" not in found.steps


@pytest.mark.parametrize("by", ORDERS["CustomerSessionOrder"])
@pytest.mark.parametrize(
    "filter",
    [
        'skus: ["dense"]',
        'skus: ["dense", "sku-7"]',
        'identifiers: ["web"]',
        'identifiers: ["order-3"]',
        'coupons: ["RARE"]',
        'coupons: ["DENSE", "RARE"]',
        'skus: ["dense"], identifiers: ["web"]',
        'skus: ["dense"], coupons: ["RARE"]',
        'coupons: ["nobody has it"]',
    ],
)
def test_a_page_of_a_filter_goes_through_few_rows_whether_few_fit_or_many(
    explaining: tuple[Api, PlanLog], filter: str, by: str
) -> None:
    for found in pages(explaining, filter, by):
        assert "Seq Scan" not in found.steps
        assert found.rows <= FEW


@pytest.mark.parametrize("by", ["CREATED", "UPDATED", "TOTAL"])
@pytest.mark.parametrize("filter", ['identifiers: ["order-3"]', 'skus: ["sku-7"]'])
def test_few_rows_are_not_sought_along_the_order(
    explaining: tuple[Api, PlanLog], divided: tuple[Api, PlanLog], filter: str, by: str
) -> None:
    for tables in (explaining, divided):
        for found in pages(tables, filter, by):
            assert not [index for index in found.indexes if f"application_id_{by.lower()}_id" in index]


def pages(explaining: tuple[Api, PlanLog], filter: str, by: str) -> Iterator[ExecutedStatement]:
    """Yield the statements of pages of a filter, at both ends of an order and on both sides of its middle."""
    api, _ = explaining
    order = f"orderBy: {{field: {by}, direction: ASC}}"
    middle = api.data(
        f'{{ customerSessions(first: 1, filter: {{integrationIdPrefix: "session-9"}}, {order}) {{ {END} }} }}'
    )
    cursor = middle["customerSessions"]["pageInfo"]["endCursor"]

    for bound in ("first: 20", "last: 20", f'first: 20, after: "{cursor}"', f'last: 20, before: "{cursor}"'):
        page = f"customerSessions({bound}, filter: {{{filter}}}, {order})"
        yield ran(explaining, f"{{ {page} {{ nodes {{ id }} {END} }} }}")


@pytest.mark.parametrize("filter", ['skus: ["sku-7"]', 'identifiers: ["order-3"]', 'coupons: ["RARE"]'])
def test_few_rows_are_counted_without_going_through_others(explaining: tuple[Api, PlanLog], filter: str) -> None:
    found = ran(explaining, f"{{ customerSessions(filter: {{{filter}}}) {{ totalCount }} }}")

    assert "Seq Scan" not in found.steps
    assert found.rows <= FEW


def test_a_page_ordered_by_integration_id_needs_no_sort(explaining: tuple[Api, PlanLog]) -> None:
    api, _ = explaining
    order = "orderBy: {field: INTEGRATION_ID, direction: ASC}"
    cursor = api.data(f"{{ customerSessions(first: 50, {order}) {{ pageInfo {{ endCursor }} }} }}")
    after = cursor["customerSessions"]["pageInfo"]["endCursor"]

    found = ran(explaining, f'{{ customerSessions({order}, after: "{after}") {{ nodes {{ id }} }} }}')

    assert OF_NAME in found.indexes
    assert not {"Sort", "Incremental Sort"} & found.steps
    assert not found.steps & {"Sort", "Seq Scan"}


def test_the_statements_of_a_change_find_their_texts_by_indexes(explaining: tuple[Api, PlanLog]) -> None:
    api, log = explaining
    log.ran()

    for number in range(8):
        api.shop.upsert(f"new-{number}", profile_id="customer-7")
        api.shop.upsert(f"new-{number}", coupon="SPRING")

    steps = {each.text: each for each in log.ran() if "customer_" in each.text}
    assert {index for each in steps.values() for index in each.indexes} >= {OF_NAME, OF_PROFILES}
    assert not [text for text, each in steps.items() if each.scanned & {"customer_session", "customer_profile"}]
