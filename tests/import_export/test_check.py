"""cartograph check reports every kind of disagreement; each test changes one row by hand."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from shop import Shop, line, units
from sqlalchemy import Connection
from transfer import disagreements

from db.domain.commands import Discount


@pytest.fixture
def lived(shop: Shop) -> Shop:
    """Return a shop with one session, closed and returned by half."""
    shop.create(
        profile_id="ada",
        cart_items=[line(quantity=2, price="1.50"), line("pear")],
        discounts=[Discount("spring", Decimal("0.40"))],
    )
    shop.update(coupon="SPRING")
    shop.close()
    shop.return_items(units(0, 1))
    return shop


def put_wrong(shop: Shop, *statements: str) -> None:
    """Change rows without foreign keys and checks."""

    def change(connection: Connection) -> None:
        checks: Sequence[Any] = []
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        else:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")  # no foreign keys
            checks = connection.exec_driver_sql(CHECKS).all()
        for check in checks:
            connection.exec_driver_sql(f"ALTER TABLE {check.of} DROP CONSTRAINT {check.name}")
        for statement in statements:
            connection.exec_driver_sql(statement)
        for check in checks:
            connection.exec_driver_sql(f"ALTER TABLE {check.of} ADD CONSTRAINT {check.name} {check.says} NOT VALID")
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA ignore_check_constraints = OFF")

    shop.write(change)


# The CHECK constraints of PostgreSQL's tables.
CHECKS = """
    SELECT conname AS name, conrelid::regclass::text AS of, pg_get_constraintdef(oid) AS says FROM pg_constraint
    WHERE contype = 'c' AND connamespace = 'public'::regnamespace AND conislocal"""


def test_session_agrees_with_its_history(lived: Shop) -> None:
    assert disagreements(lived) == []


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE customer_session SET coupon = 'WINTER'", 'coupon: expected "SPRING", found "WINTER"'),
        ("UPDATE customer_session SET version = 5", "versions of events: expected [1,2,3,4,5], found [1,2,3,4]"),
        ("UPDATE customer_session SET total = 50000", "total: expected 4.0000, found 5.0000"),
        ("UPDATE customer_session SET discount_total = 0", "discountTotal: expected 0.4000, found 0.0000"),
        ("UPDATE customer_session SET returned_total = 0", "returnedTotal: expected 1.3500, found 0.0000"),
        ("UPDATE customer_session SET minor_digits = 3", "minor_digits: expected 2, found 3"),
        ("UPDATE customer_session SET state = 'closed'", 'state: expected "partially_returned", found "closed"'),
        (
            "UPDATE customer_session SET updated = '2026-03-02T00:00:00.000Z'",
            'updated: expected "2026-03-01T10:00:04+00:00", found "2026-03-02T00:00:00+00:00"',
        ),
        (
            "UPDATE customer_session SET created = '2026-02-02T00:00:00.000Z'",
            'created: expected "2026-03-01T10:00:01+00:00", found "2026-02-02T00:00:00+00:00"',
        ),
        (
            "UPDATE customer_session SET profile_id = NULL, first_session = false",
            "firstSession: expected true, found false",
        ),
        (
            "UPDATE cart_item SET discount_share = 0 WHERE position = 1",
            "cartItems.1.discountShare: expected 0.10, found 0.0000",
        ),
        (
            "UPDATE cart_item SET returned_quantity = 2 WHERE position = 0",
            "cartItems.0.returnedQuantity: expected 1, found 2",
        ),
        (
            "UPDATE cart_item SET returned_total = 0 WHERE position = 0",
            "cartItems.0.returnedTotal: expected 1.3500, found 0.0000",
        ),
        ("UPDATE cart_item SET id = 'same'", "different ids of cartItems: expected 2, found 1"),
        ("UPDATE session_return SET amount = 10000", "returns.0.amount: expected 1.3500, found 1.0000"),
        ("UPDATE session_discount SET amount = 50000", 'netTotal: expected "0 or more", found -2.3500'),
        (
            "UPDATE session_event SET type = 'created' WHERE version = 2",
            'event 2: type: expected "updated or closed or cancelled", found "created"',
        ),
        (
            "UPDATE session_event SET type = 'updated' WHERE version = 1",
            'event 1: type: expected "created", found "updated"',
        ),
        (
            "UPDATE session_event SET state = 'cancelled' WHERE version = 1",
            'event 1: state: expected "closed or open", found "cancelled"',
        ),
        (
            "UPDATE session_event SET state = 'closed' WHERE version = 2",
            'event 2: state: expected "open", found "closed"',
        ),
        (
            "UPDATE session_event SET from_state = 'open' WHERE version = 4",
            'event 4: fromState: expected "closed", found "open"',
        ),
        (
            "UPDATE session_event SET occurred = '2026-03-05T00:00:00.000Z' WHERE version = 2",
            'event 3: occurred: expected "2026-03-05T00:00:00+00:00", found "2026-03-01T10:00:03+00:00"',
        ),
        ("UPDATE session_event SET total = 1 WHERE version = 2", "event 2: total: expected 4, found 0.0001"),
        (
            "UPDATE session_event SET discount_total = 1 WHERE version = 2",
            "event 2: discountTotal: expected 0.4, found 0.0001",
        ),
        (
            "UPDATE session_event SET changes = '7' WHERE version = 2",
            'event 2: changes: expected "an object", found "\'int\' object is not iterable"',
        ),
        ("UPDATE customer_profile SET closed_sessions = 2", "closedSessions: expected 1, found 2"),
        ("UPDATE customer_profile SET sales_whole = 0", "totalSales: expected 4.0000, found 0.0000"),
        (
            "UPDATE customer_profile SET sales_fraction = sales_fraction + 1",
            "totalSales: expected 4.0000, found 4.0001",
        ),
        (
            "DELETE FROM session_event WHERE version = 2",
            "versions of events: expected [1,2,3,4], found [1,3,4]",
        ),
    ],
)
def test_each_kind_of_disagreement_is_reported(lived: Shop, statement: str, what: str) -> None:
    put_wrong(lived, statement)

    assert what in disagreements(lived)


def test_a_profile_has_at_most_one_first_session(lived: Shop) -> None:
    lived.create("s2", profile_id="ada")
    json = "JSON" if lived.database.dialect.name == "postgresql" else "TEXT"
    replaced = """replace(CAST(changes AS TEXT), '"firstSession":false', '"firstSession":true')"""
    put_wrong(
        lived,
        "UPDATE customer_session SET first_session = true",
        f"UPDATE session_event SET changes = CAST({replaced} AS {json})",  # noqa: S608  # our own words
    )

    assert disagreements(lived) == ['first sessions of the profile "ada": expected 1, found 2']


def test_unreadable_value_is_reported_and_other_sessions_are_checked(lived: Shop) -> None:
    lived.create("unreadable")
    lived.create("wrong")
    put_wrong(
        lived,
        "UPDATE customer_session SET state = 'paid' WHERE integration_id = 'unreadable'",
        "UPDATE customer_session SET coupon = 'x', size = size + 1 WHERE integration_id = 'wrong'",
    )

    unreadable, wrong = disagreements(lived)
    assert unreadable.startswith('row: expected "values", found "\'paid\' is not among the defined enum values.')
    assert wrong == 'coupon: expected "", found "x"'
