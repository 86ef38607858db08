"""Updates of a session."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from db.domain import session as sessions
from db.domain.attribute_definition import AttributeDefinition, AttributeEntity, AttributeType
from db.domain.attributes import AttributeRules
from db.domain.cart import CartLine
from db.domain.commands import Discount, SessionContent
from db.domain.content import Rules
from db.domain.errors import (
    DiscountExceedsTotal,
    InvalidAttributeValue,
    Refusal,
    Refused,
    UnknownAttribute,
)
from db.domain.money import RoundingMode
from db.domain.session import CustomerSession

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
DEFINITIONS = (
    AttributeDefinition(entity=AttributeEntity.CUSTOMER_SESSION, name="channel", type=AttributeType.STRING),
    AttributeDefinition(
        entity=AttributeEntity.CUSTOMER_SESSION, name="shop", type=AttributeType.STRING, editable=False
    ),
    AttributeDefinition(entity=AttributeEntity.CART_ITEM, name="sizes", type=AttributeType.NUMBER_LIST),
    AttributeDefinition(entity=AttributeEntity.CART_ITEM, name="batch", type=AttributeType.STRING, editable=False),
)
RULES = Rules(
    minor_digits=2,
    rounding=RoundingMode.HALF_UP,
    attributes=AttributeRules(definitions={(each.entity, each.name): each for each in DEFINITIONS}),
)
EMPTY = CustomerSession(application_id=1, integration_id="s1", created=NOW, updated=NOW, minor_digits=2)


def line(sku: str = "A", quantity: int = 1, price: str = "10", **rest: Any) -> CartLine:
    """Return a line as it is sent."""
    return CartLine(sku=sku, quantity=quantity, price=Decimal(price), **rest)


def updated(session: CustomerSession = EMPTY, **content: Any) -> CustomerSession:
    """Return the session with new content."""
    return sessions.update(session, SessionContent(**content), RULES, "new-")


def refused(session: CustomerSession = EMPTY, **content: Any) -> tuple[Refusal, ...]:
    """Return the refusals of an update."""
    with pytest.raises(Refused) as caught:
        updated(session, **content)
    return caught.value.refusals


FULL = updated(
    profile_id="p1",
    coupon="SPRING",
    referral="friend",
    cart_items=[line("A", 3, "10"), line("B", 1, "70")],
    identifiers=["i1", "i2"],
    attributes={"channel": "web"},
    discounts=[Discount("spring", Decimal("9.99"))],
)


def test_every_field_can_be_set() -> None:
    assert (FULL.profile_id, FULL.coupon, FULL.referral) == ("p1", "SPRING", "friend")
    assert [item.sku for item in FULL.cart] == ["A", "B"]
    assert FULL.identifiers == ("i1", "i2")
    assert FULL.attributes == {"channel": "web"}
    assert FULL.discounts == {"spring": Decimal("9.99")}
    assert [FULL.total, FULL.discount_total, FULL.net_total] == [100, Decimal("9.99"), Decimal("90.01")]
    assert [item.discount_share for item in FULL.cart] == [Decimal("3.00"), Decimal("6.99")]


def test_omitted_field_keeps_its_value() -> None:
    assert updated(FULL) == FULL
    assert updated(FULL, coupon="SUMMER") == replace(FULL, coupon="SUMMER")


def test_null_clears_a_field() -> None:
    fields = ("profile_id", "coupon", "referral", "cart_items", "identifiers", "attributes", "discounts")
    assert updated(FULL, **dict.fromkeys(fields)) == EMPTY


def test_empty_code_is_none() -> None:
    assert updated(FULL, profile_id="", coupon="", referral="") == updated(
        FULL, profile_id=None, coupon=None, referral=None
    )


def test_attributes_merge_and_lists_replace() -> None:
    after = updated(FULL, attributes={"shop": "x"}, identifiers=["i3"], cart_items=[line("C", 1, "99")])
    assert after.attributes == {"shop": "x", "channel": "web"}
    assert after.identifiers == ("i3",)
    assert [item.sku for item in after.cart] == ["C"]


def test_discounts_are_shared_again_when_the_cart_changes() -> None:
    after = updated(FULL, cart_items=[line("A", 1, "10"), line("A", 1, "10"), line("A", 1, "10")])
    assert [item.discount_share for item in after.cart] == [Decimal("3.33")] * 3


def test_every_broken_rule_is_reported() -> None:
    refusals = refused(
        FULL,
        profile_id="\0",
        coupon="x" * 101,
        referral="x" * 101,
        identifiers=[""],
        attributes={"nope": 1},
        cart_items=[line("", 0, "-1", weight=Decimal(-1), attributes={"sizes": [1, "2"]})],
        discounts=[Discount("", Decimal(-1))],
    )
    assert [".".join(refusal.path) for refusal in refusals] == [
        "profileId",
        "coupon",
        "referral",
        "identifiers.0",
        "attributes.nope",
        "cartItems.0.sku",
        "cartItems.0.quantity",
        "cartItems.0.price",
        "cartItems.0.weight",
        "cartItems.0.attributes.sizes.1",
        "discounts.0.label",
        "discounts.0.amount",
    ]


def test_unknown_attribute_is_refused_for_the_session_and_for_a_line() -> None:
    assert refused(attributes={"nope": 1}, cart_items=[line(), line(attributes={"channel": "x"})]) == (
        UnknownAttribute(path=("attributes", "nope"), name="nope", entity=AttributeEntity.CUSTOMER_SESSION),
        UnknownAttribute(
            path=("cartItems", "1", "attributes", "channel"), name="channel", entity=AttributeEntity.CART_ITEM
        ),
    )


def test_attribute_of_the_wrong_type_is_refused_with_the_path_of_the_element() -> None:
    (refusal,) = refused(cart_items=[line(attributes={"sizes": [1, True]})])
    assert refusal == InvalidAttributeValue(
        path=("cartItems", "0", "attributes", "sizes", "1"),
        name="sizes",
        entity=AttributeEntity.CART_ITEM,
        type=AttributeType.NUMBER_LIST,
        allowed_values=None,
        problem="expected a number, got a boolean.",
    )


@pytest.mark.parametrize("attributes", [None, {"shop": None}, {"shop": "y"}])
def test_attribute_that_is_not_editable_cannot_change(attributes: dict[str, Any] | None) -> None:
    (refusal,) = refused(updated(attributes={"shop": "x"}), attributes=attributes)
    assert (type(refusal), refusal.path) == (InvalidAttributeValue, ("attributes", "shop"))


def test_line_with_the_same_position_and_sku_keeps_attributes_that_are_not_editable() -> None:
    session = updated(cart_items=[line("A", attributes={"batch": "b1"})])
    (refusal,) = refused(session, cart_items=[line("A", attributes={"batch": "b2"})])
    assert refusal.path == ("cartItems", "0", "attributes", "batch")
    (refusal,) = refused(session, cart_items=[line("A")])
    assert refusal.path == ("cartItems", "0", "attributes", "batch")
    assert updated(session, cart_items=[line("A", 5, "1", attributes={"batch": "b1"})]).total == 5


def test_another_sku_at_the_same_position_is_another_line() -> None:
    session = updated(cart_items=[line("A", attributes={"batch": "b1"})])
    assert updated(session, cart_items=[line("B")]).cart[0].attributes == {}


def test_attributes_of_a_line_are_replaced() -> None:
    session = updated(cart_items=[line("A", attributes={"sizes": [1]})])
    assert updated(session, cart_items=[line("A")]).cart[0].attributes == {}


def test_shares_and_returns_of_a_given_line_are_ignored() -> None:
    (item,) = updated(cart_items=[line("A", 1, "10", discount_share=Decimal(7))]).cart
    assert item.discount_share == 0


@pytest.mark.parametrize(
    "content",
    [
        {"discounts": [Discount("a", Decimal("100.01"))]},
        {"cart_items": [], "discounts": [Discount("a", Decimal("0.01"))]},
    ],
)
def test_discounts_that_are_set_above_the_total_are_refused(content: dict[str, Any]) -> None:
    (refusal,) = refused(FULL, **content)
    assert isinstance(refusal, DiscountExceedsTotal)
    assert refusal.path == ("discounts",)
    assert refusal.discount_total > refusal.total


def test_refusal_of_discounts_has_both_sums() -> None:
    assert refused(FULL, cart_items=[line(price="9.98")], discounts=[Discount("spring", Decimal("9.99"))]) == (
        DiscountExceedsTotal(
            path=("discounts",), discount_total=Decimal("9.99"), total=Decimal("9.98"), minor_digits=2
        ),
    )


@pytest.mark.parametrize(
    ("price", "left"),
    [
        ("6.00", {"a": "2", "b": "3", "c": "0", "d": "1"}),
        ("5.50", {"a": "2", "b": "3", "c": "0", "d": "0.50"}),
        ("5.00", {"a": "2", "b": "3", "c": "0"}),
        ("4.9999", {"a": "2", "b": "2.99", "c": "0"}),
        ("2.00", {"a": "2", "c": "0"}),
        ("0.01", {"a": "0.01", "c": "0"}),
        ("0.0099", {"c": "0"}),
        ("0", {"c": "0"}),
    ],
)
def test_discounts_are_cut_to_a_smaller_cart_from_the_last_label_on(price: str, left: dict[str, str]) -> None:
    given = [Discount(label, Decimal(amount)) for label, amount in zip("dbca", ("1", "3", "0", "2"), strict=True)]
    session = updated(cart_items=[line()], discounts=given)

    after = updated(session, cart_items=[line(price=price)])

    assert after.discounts == {label: Decimal(amount) for label, amount in left.items()}
    assert list(after.discounts) == sorted(left)
    assert sum(item.discount_share for item in after.cart) == after.discount_total
