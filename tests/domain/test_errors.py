"""Messages of refusals: one sentence each, built from their facts."""

from decimal import Decimal
from typing import Any

import pytest

from db.domain.attribute_definition import AttributeEntity, AttributeType
from db.domain.errors import (
    AlreadyExists,
    CartLineNotFound,
    DiscountExceedsTotal,
    IdempotencyKeyReused,
    InvalidAttributeValue,
    InvalidInput,
    InvalidTransition,
    NetTotalChanged,
    NotFound,
    Refusal,
    Refused,
    ReturnExceedsRemaining,
    RevisionConflict,
    SessionAlreadyExists,
    SessionNotEditable,
    SessionNotFound,
    TotalChanged,
    UnknownAttribute,
    VersionConflict,
    quote,
)
from db.domain.lifecycle import SessionState
from db.domain.promotions.refusals import CouponNotAccepted, LimitReached

ITEM = AttributeEntity.CART_ITEM
SESSION: dict[str, Any] = {"application_id": 1, "session_id": 2}
SENTENCES: list[tuple[Refusal, str]] = [
    (InvalidInput(problem="Expected 1 or more, got 0."), "Expected 1 or more, got 0."),
    (SessionNotFound(integration_id="s1"), 'There is no session "s1" in this application.'),
    (
        SessionAlreadyExists(integration_id="s1", application_id=1, session_id=2),
        'A session "s1" already exists in this application.',
    ),
    (
        InvalidTransition(
            from_=SessionState.OPEN,
            to=SessionState.PARTIALLY_RETURNED,
            next_states=(SessionState.CLOSED, SessionState.CANCELLED),
        ),
        "A session that is OPEN cannot become PARTIALLY_RETURNED; it can become CLOSED or CANCELLED.",
    ),
    (
        InvalidTransition(from_=SessionState.CANCELLED, to=SessionState.CLOSED, next_states=()),
        "A session that is CANCELLED cannot become CLOSED; no other state is possible.",
    ),
    (
        SessionNotEditable(state=SessionState.CLOSED),
        "Only an OPEN session can be updated; this session is CLOSED.",
    ),
    (
        VersionConflict(expected_version=2, actual_version=3, **SESSION),
        "The session is at version 3, not 2.",
    ),
    (RevisionConflict(expected_revision=2, actual_revision=3), "The campaign is at revision 3, not 2."),
    (
        TotalChanged(expected_total=Decimal("1E+2"), actual_total=Decimal("99.50"), minor_digits=2, **SESSION),
        "The session's total is 99.50, not 100.00.",
    ),
    (
        NetTotalChanged(expected_net_total=Decimal(1), actual_net_total=Decimal("9.5"), minor_digits=2, **SESSION),
        "The session's net total is 9.50, not 1.00.",
    ),
    (CartLineNotFound(problem="There is no line 7."), "There is no line 7."),
    (
        ReturnExceedsRemaining(position=0, requested=3, remaining=2),
        "Line 0 has 2 units left to return, but 3 were requested.",
    ),
    (
        DiscountExceedsTotal(discount_total=Decimal("10.00"), total=Decimal("9.99"), minor_digits=2),
        "The discounts sum to 10.00, more than the cart's total of 9.99.",
    ),
    (UnknownAttribute(name="size", entity=ITEM), 'No attribute "size" is defined for CART_ITEM.'),
    (
        InvalidAttributeValue(
            name="size", entity=ITEM, type=AttributeType.NUMBER, allowed_values=None, problem="expected a number."
        ),
        'Attribute "size": expected a number.',
    ),
    (
        IdempotencyKeyReused(),
        "This idempotency key was used with another input within 24 hours; use a new key for a new change.",
    ),
    (NotFound(what="application 7"), "There is no application 7."),
    (AlreadyExists(what="an attribute"), "There is already an attribute."),
    (
        LimitReached(
            campaign_id=1,
            per=None,
            subject=None,
            used=Decimal(5),
            max=Decimal(5),
            digits={},
            actual_net_total=Decimal("45.5"),
            minor_digits=2,
            application_id=1,
            session_id=1,
        ),
        "A limit has too little left for a discount that the session shows. To close it now costs 45.50.",
    ),
    (CouponNotAccepted(found=None, application_id=1), "The session has no coupon."),
]


@pytest.mark.parametrize(("refusal", "sentence"), SENTENCES, ids=lambda each: type(each).__name__)
def test_message_of_a_refusal(refusal: Refusal, sentence: str) -> None:
    assert refusal.message == sentence


def test_every_refusal_is_tested() -> None:
    assert {type(refusal) for refusal, _ in SENTENCES} == set(Refusal.__subclasses__())


def test_refused_has_the_message_of_every_refusal() -> None:
    refused = Refused(InvalidInput(problem="One."), InvalidInput(problem="Two."))
    assert str(refused) == "One.; Two."


def test_long_value_is_truncated_in_a_message() -> None:
    assert quote("x" * 60) == f'"{"x" * 60}"'
    assert quote("x" * 61) == f'"{"x" * 57}..."'
