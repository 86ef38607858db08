"""Every operation in every state: permitted ones are stored, and others change no row."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from shop import Shop, line, refusals, units

from db.domain.commands import Discount
from db.domain.errors import InvalidTransition, Refusal, SessionNotEditable
from db.domain.lifecycle import SessionState

OPEN, CLOSED = SessionState.OPEN, SessionState.CLOSED
PARTIALLY_RETURNED, CANCELLED = SessionState.PARTIALLY_RETURNED, SessionState.CANCELLED

OPERATIONS: dict[str, Callable[[Shop], object]] = {
    "update": lambda shop: shop.update(coupon="SPRING", cart_items=[line(quantity=9)], identifiers=[], discounts=[]),
    "close": lambda shop: shop.close(),
    "return items": lambda shop: shop.return_items(units(0, 1)),
    "cancel": lambda shop: shop.cancel(reason="changed my mind"),
}

ALLOWED = [
    (OPEN, "update", OPEN),
    (OPEN, "close", CLOSED),
    (OPEN, "cancel", CANCELLED),
    (CLOSED, "return items", PARTIALLY_RETURNED),
    (CLOSED, "cancel", CANCELLED),
    (PARTIALLY_RETURNED, "return items", PARTIALLY_RETURNED),
    (PARTIALLY_RETURNED, "cancel", CANCELLED),
]


def not_possible(from_: SessionState, to: SessionState, *next_states: SessionState) -> Refusal:
    """Return the refusal of an operation that the lifecycle does not permit."""
    return InvalidTransition(from_=from_, to=to, next_states=next_states)


REFUSED = [
    (OPEN, "return items", not_possible(OPEN, PARTIALLY_RETURNED, CLOSED, CANCELLED)),
    (CLOSED, "update", SessionNotEditable(state=CLOSED)),
    (CLOSED, "close", not_possible(CLOSED, CLOSED, PARTIALLY_RETURNED, CANCELLED)),
    (PARTIALLY_RETURNED, "update", SessionNotEditable(state=PARTIALLY_RETURNED)),
    (PARTIALLY_RETURNED, "close", not_possible(PARTIALLY_RETURNED, CLOSED, CANCELLED)),
    (CANCELLED, "update", SessionNotEditable(state=CANCELLED)),
    (CANCELLED, "close", not_possible(CANCELLED, CLOSED)),
    (CANCELLED, "return items", not_possible(CANCELLED, PARTIALLY_RETURNED)),
    (CANCELLED, "cancel", not_possible(CANCELLED, CANCELLED)),
]


def bring(shop: Shop, state: SessionState) -> None:
    """Create a session in the given state, with rows in every table."""
    shop.create(
        profile_id="ada",
        cart_items=[line(quantity=3), line("pear", price="2.50")],
        identifiers=["till 4"],
        discounts=[Discount("spring", Decimal("1.00"))],
    )
    if state in (CLOSED, PARTIALLY_RETURNED):
        shop.close()
    if state is PARTIALLY_RETURNED:
        shop.return_items(units(0, 1))
    if state is CANCELLED:
        shop.cancel()


@pytest.mark.parametrize(("state", "operation", "result"), ALLOWED)
def test_permitted_operation_makes_the_next_version_and_one_event(
    shop: Shop, state: SessionState, operation: str, result: SessionState
) -> None:
    bring(shop, state)
    before, told = shop.session(), shop.history()

    OPERATIONS[operation](shop)

    after, history = shop.session(), shop.history()
    assert after.state is result
    assert after.version == before.version + 1
    assert after.updated == shop.now
    assert history[:-1] == told
    assert history[-1]["version"] == after.version
    assert history[-1]["from_state"] is state
    assert history[-1]["state"] is result


@pytest.mark.parametrize(("state", "operation", "refusal"), REFUSED)
def test_other_operation_is_refused_and_changes_no_row(
    shop: Shop, state: SessionState, operation: str, refusal: Refusal
) -> None:
    bring(shop, state)
    before = shop.all_rows()

    assert refusals(OPERATIONS[operation], shop) == (refusal,)

    assert shop.all_rows() == before


def test_every_state_is_tested_with_every_operation() -> None:
    named = [(state, operation) for state, operation, _ in (*ALLOWED, *REFUSED)]

    assert sorted(named) == sorted((state, operation) for state in SessionState for operation in OPERATIONS)
