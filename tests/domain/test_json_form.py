"""The JSON form of a session."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.domain.cart import CartLine, ReturnedItem
from db.domain.decimals import normalize
from db.domain.events import to_entity
from db.domain.lifecycle import SessionState
from db.domain.session import CustomerSession, SessionReturn
from db.domain.times import format_time

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
SHORT = CustomerSession(application_id=1, integration_id="s1", created=NOW, updated=NOW, minor_digits=2)


def test_absent_codes_are_empty_and_unset_keys_are_left_out() -> None:
    assert list(to_entity(SHORT).items()) == [
        ("integrationId", "s1"),
        ("created", "2026-03-01T10:00:00.000Z"),
        ("applicationId", 1),
        ("profileId", ""),
        ("coupon", ""),
        ("referral", ""),
        ("state", "open"),
        ("cartItems", []),
        ("identifiers", []),
        ("total", 0),
        ("attributes", {}),
        ("firstSession", True),
        ("discounts", {}),
        ("updated", "2026-03-01T10:00:00.000Z"),
    ]


def test_entity_has_every_field_of_the_session() -> None:
    full = CustomerSession(
        application_id=2,
        id=7,
        version=9,
        integration_id="s2",
        created=NOW,
        updated=NOW + timedelta(seconds=3),
        closed=NOW + timedelta(seconds=1),
        cancelled=NOW + timedelta(seconds=3),
        minor_digits=2,
        state=SessionState.CANCELLED,
        profile_id="p1",
        first_session=False,
        coupon="SPRING",
        referral="friend",
        cart=(
            CartLine(
                id="l1",
                sku="A",
                quantity=2,
                price=Decimal("10.50"),
                name="Tea",
                category="drinks",
                product_name="Green tea",
                weight=Decimal("250.0"),
                height=Decimal("1E+2"),
                width=Decimal(0),
                length=Decimal("0.5"),
                attributes={"batch": "b1"},
                discount_share=Decimal("1.00"),
                returned_quantity=1,
                returned_total=Decimal("10.00"),
            ),
        ),
        identifiers=("i2", "i1"),
        attributes={"channel": "web"},
        discounts={"spring": Decimal("1.00")},
        returns=(
            SessionReturn(
                version=8,
                created=NOW + timedelta(seconds=2),
                items=(ReturnedItem(0, 1, Decimal("10.00")),),
                amount=Decimal("10.00"),
            ),
        ),
    )
    assert to_entity(full) == {
        "integrationId": "s2",
        "created": "2026-03-01T10:00:00.000Z",
        "applicationId": 2,
        "profileId": "p1",
        "coupon": "SPRING",
        "referral": "friend",
        "state": "cancelled",
        "cartItems": [
            {
                "id": "l1",
                "sku": "A",
                "name": "Tea",
                "quantity": 2,
                "price": Decimal("10.5"),
                "category": "drinks",
                "product": {"name": "Green tea"},
                "weight": 250,
                "height": 100,
                "width": 0,
                "length": Decimal("0.5"),
                "attributes": {"batch": "b1"},
                "returnedQuantity": 1,
            }
        ],
        "identifiers": ["i2", "i1"],
        "total": 21,
        "attributes": {"channel": "web"},
        "firstSession": False,
        "discounts": {"spring": 1},
        "updated": "2026-03-01T10:00:03.000Z",
        "closed": "2026-03-01T10:00:01.000Z",
        "cancelled": "2026-03-01T10:00:03.000Z",
        "returns": [
            {
                "version": 8,
                "created": "2026-03-01T10:00:02.000Z",
                "items": [{"position": 0, "quantity": 1, "amount": 10}],
                "amount": 10,
            }
        ],
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("29.30", "29.3"),
        ("30.00", "30"),
        ("1E+5", "100000"),
        ("0.000", "0"),
        ("0E+999999999", "0"),
        ("0.0125", "0.0125"),
    ],
)
def test_normalized_amount_has_no_trailing_zeros(text: str, expected: str) -> None:
    assert str(normalize(Decimal(text))) == expected


@given(st.integers(0, 10**18 - 1), st.integers(0, 12))
def test_normalized_amount_is_equal_and_has_no_exponent(units: int, zeros: int) -> None:
    amount = Decimal(f"{Decimal(units).scaleb(-4):f}{'0' * zeros}")
    text = str(normalize(amount))
    assert Decimal(text) == amount
    assert "." not in text or not text.endswith("0")
    assert text.replace(".", "", 1).isdigit()


def test_times_are_formatted_in_utc_with_milliseconds() -> None:
    berlin = timezone(timedelta(hours=1))
    assert format_time(datetime(2026, 3, 1, 0, 30, 0, 123_999, tzinfo=berlin)) == "2026-02-28T23:30:00.123Z"
