"""The mapping between a session and its rows."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from shop import line
from sqlalchemy import Table

from db.domain.cart import ReturnedItem
from db.domain.session import CustomerSession, SessionReturn
from db.repository.mapper import COLUMNS, KEYS, SESSION_FIELDS, part_rows, to_session

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
SESSION = CustomerSession(
    application_id=1,
    integration_id="s1",
    created=NOW,
    updated=NOW,
    minor_digits=2,
    cart=(line(quantity=3), line("pear")),
    identifiers=("one", "two"),
    discounts={"Coupon": Decimal("1.50"), "Welcome": Decimal(2)},
    returns=(
        SessionReturn(version=2, created=NOW, items=(ReturnedItem(0, 1, Decimal(1)),), amount=Decimal(1)),
        SessionReturn(version=3, created=NOW, items=(ReturnedItem(0, 2, Decimal(2)),), amount=Decimal(2)),
    ),
)


def test_session_is_read_from_the_rows_that_it_is_stored_in() -> None:
    row = [getattr(SESSION, name) for name in SESSION_FIELDS]

    assert to_session(row, part_rows(SESSION)) == SESSION


@pytest.mark.parametrize("table", part_rows(SESSION), ids=lambda table: table.name)
def test_row_of_a_part_has_a_value_for_every_column(table: Table) -> None:
    for row in part_rows(SESSION)[table]:
        assert len(row) + len(KEYS[table]) == len(COLUMNS[table]) + len(KEYS[table]) == len(table.c)
