"""The session: creation, and each operation."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from db.domain import session as sessions
from db.domain.attributes import AttributeRules
from db.domain.cart import CartLine, LineName, ReturnedItem, ReturnRequest
from db.domain.commands import CreateSession, SessionContent
from db.domain.content import Rules
from db.domain.errors import (
    InvalidInput,
    InvalidTransition,
    NetTotalChanged,
    Refusal,
    Refused,
    SessionNotEditable,
    TotalChanged,
    VersionConflict,
)
from db.domain.lifecycle import SessionState
from db.domain.money import RoundingMode
from db.domain.session import CustomerSession, SessionReturn

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
FULL = CustomerSession(
    application_id=1,
    integration_id="s1",
    created=NOW,
    updated=NOW,
    minor_digits=2,
    cart=(
        CartLine(sku="A", quantity=3, price=Decimal(10), discount_share=Decimal("3.00")),
        CartLine(sku="B", quantity=1, price=Decimal(70), discount_share=Decimal("6.99")),
    ),
    discounts={"spring": Decimal("9.99")},
)
CLOSED = sessions.close(FULL, LATER)
RULES = Rules(minor_digits=2, rounding=RoundingMode.HALF_UP, attributes=AttributeRules(definitions={}))


def refused(operation: Callable[..., object], *args: Any) -> tuple[Refusal, ...]:
    """Return the refusals of an operation."""
    with pytest.raises(Refused) as caught:
        operation(*args)
    return caught.value.refusals


@pytest.mark.parametrize("integration_id", ["x", " ", "🛒" * 325, "e\u0301"])
def test_new_session_is_open_empty_and_anonymous_at_version_1(integration_id: str) -> None:
    session = sessions.create(CreateSession(application_id=1, integration_id=integration_id), RULES, NOW, "")
    assert session == CustomerSession(
        application_id=1, integration_id=integration_id, created=NOW, updated=NOW, minor_digits=2
    )
    assert (session.version, session.state, session.profile_id, session.first_session) == (1, "open", None, True)


def test_session_can_be_created_closed_with_a_cart() -> None:
    content = SessionContent(cart_items=[CartLine(sku="A", quantity=2, price=Decimal("0.005"))])
    command = CreateSession(application_id=1, integration_id="s1", state=SessionState.CLOSED, content=content)
    session = sessions.create(command, RULES, NOW, "new-")
    assert (session.state, session.closed, session.total) == (SessionState.CLOSED, NOW, Decimal("0.010"))


@pytest.mark.parametrize(
    ("integration_id", "problem"),
    [
        ("", "Expected 1 to 1000 characters, got 0."),
        ("x" * 1_001, "Expected 1 to 1000 characters, got 1001."),
        ("\U0001f600" * 325 + "x", "Expected at most 1300 bytes of UTF-8, got 1301."),
        ("a\0", "The character U+0000 cannot be stored."),
        ("\ud83d", "The lone surrogate U+D83D cannot be stored."),
    ],
)
def test_invalid_integration_id_is_refused(integration_id: str, problem: str) -> None:
    command = CreateSession(application_id=1, integration_id=integration_id)
    assert refused(sessions.create, command, RULES, NOW, "") == (
        InvalidInput(path=("integrationId",), problem=problem),
    )


@pytest.mark.parametrize("state", [SessionState.PARTIALLY_RETURNED, SessionState.CANCELLED])
def test_session_cannot_be_created_in_another_state(state: SessionState) -> None:
    command = CreateSession(application_id=1, integration_id="s1", state=state)
    problem = f"A session is created OPEN or CLOSED, not {state.name}."
    assert refused(sessions.create, command, RULES, NOW, "") == (InvalidInput(path=("state",), problem=problem),)


def test_invalid_content_is_refused_on_creation() -> None:
    command = CreateSession(application_id=1, integration_id="s1", content=SessionContent(coupon="x" * 101))
    (refusal,) = refused(sessions.create, command, RULES, NOW, "")
    assert refusal.path == ("coupon",)


def test_unexpected_version_is_a_conflict() -> None:
    session = replace(FULL, id=7, version=3)
    sessions.check_version(session, None)
    sessions.check_version(session, 3)
    assert refused(sessions.check_version, session, 2) == (
        VersionConflict(expected_version=2, actual_version=3, application_id=1, session_id=7),
    )


def test_close_sets_only_state_and_time() -> None:
    assert replace(FULL, state=SessionState.CLOSED, closed=LATER) == CLOSED
    assert sessions.close(FULL, LATER, Decimal("100.00")) == CLOSED


def test_close_with_another_total_is_refused() -> None:
    facts: dict[str, Any] = {"minor_digits": 2, "application_id": 1, "session_id": 0}
    assert refused(sessions.close, FULL, LATER, Decimal("90.01")) == (
        TotalChanged(expected_total=Decimal("90.01"), actual_total=Decimal(100), **facts),
    )


@pytest.mark.parametrize("expected", ["1E+999999999", "NaN", "sNaN", "-1", "0.00001"])
def test_close_with_an_impossible_total_is_invalid(expected: str) -> None:
    (refusal,) = refused(sessions.close, FULL, LATER, Decimal(expected))
    assert (type(refusal), refusal.path) == (InvalidInput, ("expectedTotal",))


@pytest.mark.parametrize("expected", [None, Decimal("90.01"), Decimal("90.0100")])
def test_expected_net_total_is_accepted(expected: Decimal | None) -> None:
    sessions.check_net_total(FULL, expected)


def test_another_net_total_is_refused_with_the_session() -> None:
    session = replace(FULL, id=7)
    facts: dict[str, Any] = {"minor_digits": 2, "application_id": 1, "session_id": 7}
    assert refused(sessions.check_net_total, session, Decimal(100)) == (
        NetTotalChanged(expected_net_total=Decimal(100), actual_net_total=Decimal("90.01"), **facts),
    )


def test_another_net_total_of_a_new_session_is_invalid_input() -> None:
    problem = "The session's net total is 90.01, not 100.00."
    assert refused(sessions.check_net_total, FULL, Decimal(100)) == (
        InvalidInput(path=("expectedNetTotal",), problem=problem),
    )


def test_cancel_sets_only_state_and_time() -> None:
    for session in (FULL, CLOSED):
        assert sessions.cancel(session, "x" * 1_000, LATER) == replace(
            session, state=SessionState.CANCELLED, cancelled=LATER
        )


def test_return_has_the_version_that_it_makes() -> None:
    after = sessions.return_items(CLOSED, [ReturnRequest(LineName(position=0), 1)], RoundingMode.HALF_UP, LATER)
    item = ReturnedItem(0, 1, Decimal("9.00"))
    assert after.state is SessionState.PARTIALLY_RETURNED
    assert after.returns == (SessionReturn(version=2, created=LATER, items=(item,), amount=Decimal("9.00")),)
    assert [after.returned_total, after.net_total] == [9, Decimal("81.01")]


def test_completely_returned_session_is_partially_returned_with_net_total_zero() -> None:
    requests = [ReturnRequest(LineName(position=0), None), ReturnRequest(LineName(sku="B"), None)]
    after = sessions.return_items(CLOSED, requests, RoundingMode.HALF_UP, LATER)
    assert after.state is SessionState.PARTIALLY_RETURNED
    assert [item.remaining_quantity for item in after.cart] == [0, 0]
    assert after.net_total == 0


def test_shares_do_not_change_after_close() -> None:
    after = sessions.return_items(CLOSED, [ReturnRequest(LineName(position=1), 1)], RoundingMode.HALF_UP, LATER)
    assert [item.discount_share for item in after.cart] == [item.discount_share for item in FULL.cart]


def test_transition_is_checked_before_the_input() -> None:
    content = SessionContent(coupon="x" * 101)
    assert refused(sessions.update, CLOSED, content, RULES, "") == (SessionNotEditable(state=SessionState.CLOSED),)
    (refusal,) = refused(sessions.close, CLOSED, LATER, Decimal(1))
    assert isinstance(refusal, InvalidTransition)
    (refusal,) = refused(sessions.return_items, FULL, [], RoundingMode.HALF_UP, LATER)
    assert isinstance(refusal, InvalidTransition)
    (refusal,) = refused(sessions.cancel, sessions.cancel(FULL, None, LATER), "\0", LATER)
    assert isinstance(refusal, InvalidTransition)
