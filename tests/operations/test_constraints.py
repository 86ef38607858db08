"""Constraints of the tables."""

import pytest
from shop import Shop, line, units
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from db.domain.lifecycle import SessionState

BROKEN = {
    "a state that is none": "UPDATE customer_session SET state = 'lost'",
    "the name of a state instead of its value": "UPDATE customer_session SET state = 'CLOSED'",
    "version 0": "UPDATE customer_session SET version = 0",
    "a negative total": "UPDATE customer_session SET total = -1",
    "discounts above the total": "UPDATE customer_session SET discount_total = total + 1",
    "more given back than was paid": "UPDATE customer_session SET returned_total = total + 1",
    "an update before the creation": "UPDATE customer_session SET updated = '2000-01-01T00:00:00.000Z'",
    "a closed session without a time": "UPDATE customer_session SET closed = NULL",
    "an open session with a time of cancellation": "UPDATE customer_session SET cancelled = updated",
    "a negative price": "UPDATE cart_item SET price = -1",
    "quantity 0": "UPDATE cart_item SET quantity = 0, returned_quantity = 0",
    "more units returned than bought": "UPDATE cart_item SET returned_quantity = quantity + 1",
    "a negative position": "UPDATE cart_item SET position = -1",
    "a profile that is not there": "UPDATE customer_session SET profile_id = 'nobody'",
    "a line of no session": "UPDATE cart_item SET session_id = 99",
    "a line gone from under its return": "DELETE FROM cart_item",
    "an event of version 0": "UPDATE session_event SET version = 0 WHERE version = 1",
    "two events of one number": "UPDATE session_event SET id = 1",
    "a second session of one integration ID": (
        "UPDATE customer_session SET integration_id = (SELECT min(integration_id) FROM customer_session)"
    ),
    "a session gone from under its history": "DELETE FROM customer_session",
    "a return of 0 units": "UPDATE returned_item SET quantity = 0",
    "a currency with more minor digits than amounts have": "UPDATE application SET minor_digits = 5",
}


@pytest.mark.parametrize("statement", BROKEN.values(), ids=BROKEN)
def test_constraint_refuses_invalid_rows(shop: Shop, statement: str) -> None:
    for name in ("s1", "s2"):
        shop.create(name, SessionState.CLOSED, profile_id="ada", cart_items=[line(quantity=2)])
        shop.return_items(units(0, 1), integration_id=name)
    before = shop.all_rows()

    def break_it(connection: Connection) -> None:
        connection.exec_driver_sql(statement)

    with pytest.raises(IntegrityError):
        shop.write(break_it)

    assert shop.all_rows() == before
