"""createSession."""

from datetime import timedelta
from decimal import Decimal

import pytest
from shop import Shop, line, refusals

from db.domain.commands import Discount
from db.domain.errors import InvalidInput, NotFound, SessionAlreadyExists
from db.domain.lifecycle import SessionState
from db.operations.outcome import Outcome


def test_new_session_is_stored_as_it_was_sent(shop: Shop) -> None:
    cart = (
        line("apple", 3, "0.3333", name="Apple", category="Fruit", product_name="Boskoop", weight=Decimal(120)),
        line("crate", 1, "12", height=Decimal(200), width=Decimal("300.5"), length=Decimal(400)),
    )

    outcome = shop.create(
        profile_id="ada",
        coupon="SPRING",
        referral="grace",
        cart_items=cart,
        identifiers=["till 4", "a receipt"],
        discounts=[Discount("spring", Decimal("1.30")), Discount("autumn", Decimal(0))],
    )

    assert outcome == Outcome(shop.application_id, 1, 1, created=True)
    session = shop.session()
    assert (session.state, session.version, session.id) == (SessionState.OPEN, 1, 1)
    assert session.created == session.updated == shop.now
    assert (session.profile_id, session.coupon, session.referral) == ("ada", "SPRING", "grace")
    assert session.identifiers == ("till 4", "a receipt")
    assert list(session.discounts.items()) == [("autumn", Decimal(0)), ("spring", Decimal("1.30"))]
    assert [each.discount_share for each in session.cart] == [Decimal("0.10"), Decimal("1.20")]
    assert session.total == Decimal("12.9999")
    facts = ("sku", "quantity", "price", "name", "category", "product_name", "weight", "height", "width", "length")
    assert [[getattr(each, fact) for fact in facts] for each in session.cart] == [
        [getattr(each, fact) for fact in facts] for each in cart
    ]


def test_session_can_be_created_closed_with_one_event(shop: Shop) -> None:
    shop.create(state=SessionState.CLOSED, cart_items=[line()])

    session = shop.session()
    assert (session.state, session.version, session.closed) == (SessionState.CLOSED, 1, shop.now)
    assert [event["type"] for event in shop.history()] == ["created"]


@pytest.mark.parametrize("state", [SessionState.PARTIALLY_RETURNED, SessionState.CANCELLED])
def test_session_cannot_be_created_in_another_state(shop: Shop, state: SessionState) -> None:
    problem = f"A session is created OPEN or CLOSED, not {state.name}."

    assert refusals(shop.create, state=state) == (InvalidInput(path=("state",), problem=problem),)


def test_ids_increase(shop: Shop) -> None:
    assert [shop.create(name).session_id for name in ("s1", "s2", "s3")] == [1, 2, 3]


def test_applications_do_not_see_each_others_sessions(shop: Shop) -> None:
    other = shop.another("Other", "JPY")
    shop.create("s1", coupon="HERE")

    outcome = other.create("s1", coupon="THERE")

    assert (outcome.application_id, outcome.version) == (other.application_id, 1)
    assert (shop.session().coupon, other.session().coupon) == ("HERE", "THERE")


def test_existing_integration_id_is_refused_with_its_session(shop: Shop) -> None:
    shop.create("s0")
    there = shop.create("s1", coupon="FIRST")
    before = shop.all_rows()

    (refusal,) = refusals(shop.create, "s1", coupon="SECOND", profile_id="unheard of", cart_items=[line()])

    assert refusal == SessionAlreadyExists(
        integration_id="s1", application_id=there.application_id, session_id=there.session_id
    )
    assert shop.all_rows() == before


def test_integration_ids_differ_by_case_and_by_any_code_point(shop: Shop) -> None:
    names = ["a", "A", "ä", "a\u0308", "a ", "🛒"]

    for name in names:
        shop.create(name)

    assert [shop.session(name).integration_id for name in names] == names


@pytest.mark.parametrize(
    ("integration_id", "problem"),
    [
        ("", "Expected 1 to 1000 characters, got 0."),
        ("x" * 1001, "Expected 1 to 1000 characters, got 1001."),
        ("\U0001f600" * 325 + "x", "Expected at most 1300 bytes of UTF-8, got 1301."),
        ("a\0", "The character U+0000 cannot be stored."),
        ("\ud800", "The lone surrogate U+D800 cannot be stored."),
    ],
)
def test_invalid_integration_id_is_refused_by_every_operation(shop: Shop, integration_id: str, problem: str) -> None:
    refusal = InvalidInput(path=("integrationId",), problem=problem)

    for change in (shop.create, shop.update, shop.upsert, shop.close, shop.cancel):
        assert refusals(change, integration_id) == (refusal,)


def test_unknown_application_is_refused_by_every_operation(shop: Shop) -> None:
    shop.application_id = 99
    refusal = NotFound(path=("applicationId",), what="application 99")

    for change in (shop.create, shop.update, shop.upsert, shop.close, shop.cancel, shop.return_items):
        assert refusals(change) == (refusal,)
        assert refusals(change, key="a key") == (refusal,)


def test_times_are_truncated_to_the_millisecond(shop: Shop) -> None:
    shop.now += timedelta(microseconds=123_999)

    shop.create(state=SessionState.CLOSED)

    session = shop.session()
    assert session.created.microsecond == 123_000
    assert session.created == session.updated == session.closed == shop.history()[0]["occurred"]
