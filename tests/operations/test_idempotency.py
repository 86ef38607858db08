"""Idempotency keys: for 24 hours a repeat changes nothing and returns the first outcome."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from shop import Shop, line, refusals, units
from sqlalchemy import insert, select

from db.domain.commands import Discount, UpdateProfile
from db.domain.errors import IdempotencyKeyReused, InvalidInput, SessionAlreadyExists, SessionNotFound
from db.domain.lifecycle import SessionState
from db.operations import idempotent as once
from db.operations.outcome import Actor, Outcome
from db.operations.profiles import update_profile
from db.repository.core import IDEMPOTENCY
from db.repository.idempotency import LIFETIME, MAX_DELETED

REUSED = (IdempotencyKeyReused(),)


def test_repeat_of_each_operation_returns_the_first_outcome_and_writes_nothing(shop: Shop) -> None:
    shop.create("s2", cart_items=[line()])
    changes: list[Callable[[], Outcome]] = [
        lambda: shop.create("s1", profile_id="ada", cart_items=[line(quantity=2)], key="1"),
        lambda: shop.update("s1", coupon="SPRING", key="2"),
        lambda: shop.update("s1", coupon="SPRING", key="nothing new"),
        lambda: shop.upsert("s3", referral="grace", key="3"),
        lambda: shop.close("s1", total="2.00", key="4"),
        lambda: shop.return_items(units(0, 1), key="5"),
        lambda: shop.cancel("s1", reason="all wrong", key="6"),
    ]
    first = [change() for change in changes]
    before = shop.all_rows()

    repeats = [change() for change in changes]

    assert repeats == [replace(outcome, replayed=True) for outcome in first]
    assert [outcome.version for outcome in repeats] == [1, 2, 2, 1, 3, 4, 5]
    assert shop.all_rows() == before


def test_repeat_of_a_profile_update_is_detected(shop: Shop) -> None:
    command = UpdateProfile(
        application_id=shop.application_id, integration_id="ada", attributes={}, idempotency_key="1"
    )

    outcomes = [shop.write(update_profile, shop.till, command, shop.tick()) for _ in range(2)]

    assert [outcome.replayed for outcome in outcomes] == [False, True]
    assert outcomes[1] == replace(outcomes[0], replayed=True)


def test_repeat_without_a_key_is_a_second_change(shop: Shop) -> None:
    created = shop.create()

    assert refusals(shop.create) == (
        SessionAlreadyExists(integration_id="s1", application_id=created.application_id, session_id=created.session_id),
    )


def test_same_key_with_another_input_is_refused(shop: Shop) -> None:
    shop.create(coupon="SPRING", key="1")
    before = shop.all_rows()

    assert refusals(shop.create, coupon="SUMMER", key="1") == REUSED
    assert refusals(shop.create, coupon="SPRING", referral=None, key="1") == REUSED
    assert refusals(shop.create, "s2", coupon="SPRING", key="1") == REUSED
    assert shop.all_rows() == before


def test_same_key_for_another_operation_with_the_same_fields_is_refused(shop: Shop) -> None:
    shop.create()
    shop.close(key="1")

    assert refusals(shop.cancel, key="1") == REUSED


def test_input_is_compared_by_value_of_amounts_and_objects(shop: Shop) -> None:
    shop.create(
        cart_items=[line(price="10.00")],
        discounts=[Discount("ten", Decimal("10"))],
        attributes={},
        key="1",
    )

    repeat = shop.create(
        cart_items=(line(price="1E+1"),), discounts=(Discount("ten", Decimal("10.000")),), attributes={}, key="1"
    )

    assert repeat.replayed


def test_text_differs_from_an_omitted_field(shop: Shop) -> None:
    shop.create(key="1")

    assert refusals(shop.create, coupon="unset", key="1") == REUSED


def test_idempotency_keys_belong_to_an_api_key_and_an_application(shop: Shop) -> None:
    other = shop.another("Other", "EUR")
    shop.create(key="1")

    assert not other.create(key="1").replayed
    shop.till = Actor("Another till", "till00000001")
    assert not shop.create("s2", key="1").replayed


def test_refused_change_is_not_recorded_and_can_be_repeated(shop: Shop) -> None:
    assert refusals(shop.close, key="1") == (SessionNotFound(integration_id="s1"),)
    shop.create()

    assert not shop.close(key="1").replayed


def test_record_expires_after_24_hours_and_is_then_replaced(shop: Shop) -> None:
    shop.create(state=SessionState.OPEN, key="1")
    made = shop.now

    shop.now = made + timedelta(hours=24) - timedelta(seconds=1, milliseconds=1)
    assert shop.create(key="1").replayed

    shop.now = made + timedelta(hours=24) - timedelta(seconds=1)
    outcome = shop.close(key="1")
    assert (outcome.version, outcome.replayed) == (2, False)
    assert shop.close(key="1").replayed


def kept(shop: Shop) -> set[str]:
    """Return the idempotency keys that have a record."""
    statement = select(IDEMPOTENCY.c.idempotency_key).filter_by(application_id=shop.application_id)
    return set(shop.query(lambda connection: connection.scalars(statement).all()))


def test_changes_with_a_key_delete_expired_records(shop: Shop) -> None:
    other = shop.another("Other", "EUR")
    other.create(key="other's")
    for number in range(5):
        shop.create(f"old {number}", key=f"old {number}")
    shop.now += LIFETIME - timedelta(seconds=2)
    shop.create("last to stay", key="last to stay")
    assert "old 4" in kept(shop)

    for number in range(100):
        shop.create(f"new {number}", key=f"new {number}")

    assert kept(shop) == {"last to stay", *(f"new {number}" for number in range(100))}
    assert kept(other) == {"other's"}


def test_change_deletes_a_limited_number_of_records(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(once, "PURGERS", 256)
    rows = [
        {
            "application_id": shop.application_id,
            "key_prefix": shop.till.key_prefix,
            "idempotency_key": f"old {number}",
            "input_hash": b"",
            "outcome": {},
            "created": shop.now - LIFETIME - timedelta(seconds=number),
        }
        for number in range(MAX_DELETED + 5)
    ]
    shop.write(lambda connection: connection.execute(insert(IDEMPOTENCY), rows))

    shop.create("s1", key="1")
    assert kept(shop) == {"1", *(f"old {number}" for number in range(5))}
    shop.create("s2", key="2")
    assert kept(shop) == {"1", "2"}


def test_refused_change_and_repeat_delete_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(once, "PURGERS", 256)
    shop.create("s1", key="old")
    shop.now += timedelta(hours=23)
    shop.create("s2", key="recent")
    shop.now += timedelta(hours=2)

    assert refusals(shop.create, "s1", key="refused")
    assert shop.create("s2", key="recent").replayed
    assert kept(shop) == {"old", "recent"}


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("", "Expected 1 to 255 characters, got 0."),
        ("x" * 256, "Expected 1 to 255 characters, got 256."),
        ("\0", "The character U+0000 cannot be stored."),
    ],
)
def test_a_key_has_1_to_255_characters(shop: Shop, key: str, problem: str) -> None:
    assert refusals(shop.create, key=key) == (InvalidInput(path=("idempotencyKey",), problem=problem),)
    assert not shop.create(key="x" * 255).replayed


def test_text_that_cannot_be_stored_is_refused_as_without_a_key(shop: Shop) -> None:
    for coupon in ("\ud800", "a\0"):
        assert refusals(shop.create, coupon=coupon, key="1") == refusals(shop.create, coupon=coupon)
    assert refusals(shop.create, cart_items=[line(price="sNaN")], key="1")
