"""Rules for each field of a session."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from db.domain import session as sessions
from db.domain.attributes import AttributeRules
from db.domain.cart import CartLine
from db.domain.commands import Discount, SessionContent
from db.domain.content import Rules
from db.domain.errors import InvalidInput, Refusal, Refused
from db.domain.money import RoundingMode
from db.domain.session import CustomerSession

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
RULES = Rules(minor_digits=2, rounding=RoundingMode.HALF_UP, attributes=AttributeRules(definitions={}))
EMPTY = CustomerSession(application_id=1, integration_id="s1", created=NOW, updated=NOW, minor_digits=2)


def line(sku: str = "A", quantity: int = 1, price: str = "10", **rest: Any) -> CartLine:
    """Return a line as it is sent."""
    return CartLine(sku=sku, quantity=quantity, price=Decimal(price), **rest)


def updated(**content: Any) -> CustomerSession:
    """Return a session with this content."""
    return sessions.update(EMPTY, SessionContent(**content), RULES, "new-")


def refused(operation: Callable[..., object], *args: Any, **kwargs: Any) -> tuple[Refusal, ...]:
    """Return the refusals of an operation."""
    with pytest.raises(Refused) as caught:
        operation(*args, **kwargs)
    return caught.value.refusals


TOO_LONG = "Expected at most {most} characters, got {got}."
TOO_MANY_BYTES = "Expected at most 1300 bytes of UTF-8, got {got}."
NUL = "The character U+0000 cannot be stored."
SURROGATE = "The lone surrogate U+D83D cannot be stored."


@pytest.mark.parametrize(
    ("content", "path", "problem"),
    [
        ({"profile_id": "x" * 1_001}, "profileId", TOO_LONG.format(most=1000, got=1001)),
        ({"profile_id": "é" * 651}, "profileId", TOO_MANY_BYTES.format(got=1302)),
        ({"profile_id": "\0"}, "profileId", NUL),
        ({"profile_id": "\ud83d"}, "profileId", SURROGATE),
        ({"coupon": "x" * 101}, "coupon", TOO_LONG.format(most=100, got=101)),
        ({"coupon": "a\0"}, "coupon", NUL),
        ({"referral": "x" * 101}, "referral", TOO_LONG.format(most=100, got=101)),
        ({"referral": "a\ud83d"}, "referral", SURROGATE),
        ({"identifiers": list("abcdef")}, "identifiers", "Expected at most 5 identifiers, got 6."),
        ({"identifiers": ["a", ""]}, "identifiers.1", "Expected 1 to 255 characters, got 0."),
        ({"identifiers": ["x" * 256]}, "identifiers.0", "Expected 1 to 255 characters, got 256."),
        ({"identifiers": ["a", "b\0"]}, "identifiers.1", NUL),
        ({"identifiers": ["a", "b", "a"]}, "identifiers.2", 'The identifier "a" is listed twice.'),
        ({"cart_items": [line()] * 1_001}, "cartItems", "Expected at most 1000 lines, got 1001."),
        (
            {"cart_items": [line(quantity=5_000), line(quantity=5_001)]},
            "cartItems",
            "Expected at most 10000 units in all, got 10001.",
        ),
        (
            {"cart_items": [line(price="99999999999999")] * 2},
            "cartItems",
            "Expected less than 10^14, got 199999999999998.",
        ),
        ({"cart_items": [line(), line("")]}, "cartItems.1.sku", "Expected 1 to 1000 characters, got 0."),
        ({"cart_items": [line("x" * 1_001)]}, "cartItems.0.sku", "Expected 1 to 1000 characters, got 1001."),
        ({"cart_items": [line("x" * 698 + "é" * 302)]}, "cartItems.0.sku", TOO_MANY_BYTES.format(got=1302)),
        ({"cart_items": [line("\0")]}, "cartItems.0.sku", NUL),
        ({"cart_items": [line(quantity=0)]}, "cartItems.0.quantity", "Expected 1 to 10000, got 0."),
        ({"cart_items": [line(quantity=-1)]}, "cartItems.0.quantity", "Expected 1 to 10000, got -1."),
        ({"cart_items": [line(quantity=10_001)]}, "cartItems.0.quantity", "Expected 1 to 10000, got 10001."),
        ({"cart_items": [line(quantity=2**31 - 1)]}, "cartItems.0.quantity", "Expected 1 to 10000, got 2147483647."),
        ({"cart_items": [line(price="-0.01")]}, "cartItems.0.price", "Expected 0 or more, got -0.01."),
        (
            {"cart_items": [line(price="0.00001")]},
            "cartItems.0.price",
            "Expected at most 4 decimal places, got 0.00001.",
        ),
        ({"cart_items": [line(price="1E+14")]}, "cartItems.0.price", "Expected less than 10^14, got 1E+14."),
        ({"cart_items": [line(price="NaN")]}, "cartItems.0.price", "Expected a number, got NaN."),
        ({"cart_items": [line(name="x" * 1_001)]}, "cartItems.0.name", TOO_LONG.format(most=1000, got=1001)),
        ({"cart_items": [line(category="a\0")]}, "cartItems.0.category", NUL),
        ({"cart_items": [line(product_name="")]}, "cartItems.0.product.name", "Expected 1 to 1000 characters, got 0."),
        ({"cart_items": [line(weight=Decimal(-1))]}, "cartItems.0.weight", "Expected 0 or more, got -1."),
        ({"cart_items": [line(height=Decimal("Infinity"))]}, "cartItems.0.height", "Expected a number, got Infinity."),
        ({"cart_items": [line(width=Decimal("1E+20"))]}, "cartItems.0.width", "Expected less than 10^14, got 1E+20."),
        (
            {"cart_items": [line(length=Decimal("1E-5"))]},
            "cartItems.0.length",
            "Expected at most 4 decimal places, got 0.00001.",
        ),
        ({"discounts": [Discount("", Decimal(0))]}, "discounts.0.label", "Expected 1 to 100 characters, got 0."),
        (
            {"discounts": [Discount("a", Decimal("0.001"))]},
            "discounts.0.amount",
            "Expected at most 2 decimal places, got 0.001.",
        ),
        (
            {"discounts": [Discount(label, Decimal("6E+13")) for label in "ab"]},
            "discounts",
            "Expected less than 10^14, got 120000000000000.",
        ),
    ],
)
def test_invalid_value_is_refused_with_its_path(content: dict[str, Any], path: str, problem: str) -> None:
    assert refused(updated, **content) == (InvalidInput(path=tuple(path.split(".")), problem=problem),)


@pytest.mark.parametrize(
    "content",
    [
        {"profile_id": "🛒" * 325},
        {"profile_id": "é" * 300 + "x" * 700},
        {"profile_id": "   "},
        {"coupon": "é" * 100, "referral": " " * 100},
        {"identifiers": ["a", "A", " ", "🛒" * 255, "e\u0301"]},
        {"cart_items": [line("A", 10)] * 1_000},
        {"cart_items": [line("🛒" * 325, 10_000, "0")], "discounts": None},
        {"cart_items": [line(price="99999999999999.9999")]},
        {"cart_items": [line(price="1E+5"), line(price="0.0000000")]},
        {"cart_items": [line(quantity=2_000, price="0.005")]},
        {"cart_items": [line(name="", category="", product_name="x", weight=Decimal(0))]},
        {"discounts": []},
        {"cart_items": [line()], "discounts": [Discount("a", Decimal("10.00")), Discount("A", Decimal(0))]},
    ],
)
def test_value_at_its_limit_is_accepted(content: dict[str, Any]) -> None:
    assert updated(**content).net_total >= 0


def test_message_for_a_million_digits_is_short() -> None:
    (refusal,) = refused(updated, cart_items=[line(price="9" * 1_000_000)])
    assert refusal.path == ("cartItems", "0", "price")
    assert len(refusal.message) <= 100


@pytest.mark.parametrize(
    ("reason", "problem"), [("x" * 1_001, TOO_LONG.format(most=1000, got=1001)), ("\0", NUL), ("\ud83d", SURROGATE)]
)
def test_invalid_reason_is_refused(reason: str, problem: str) -> None:
    assert refused(sessions.cancel, EMPTY, reason, NOW) == (InvalidInput(path=("reason",), problem=problem),)
