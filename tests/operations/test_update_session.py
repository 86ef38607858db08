"""updateSession."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from shop import Shop, line, refusals, without_ids

from db.domain.attribute_definition import AttributeEntity, AttributeType
from db.domain.commands import Discount
from db.domain.errors import InvalidInput, SessionNotEditable, SessionNotFound, VersionConflict
from db.operations.outcome import Outcome

SESSION, LINE = AttributeEntity.CUSTOMER_SESSION, AttributeEntity.CART_ITEM


def test_omitted_field_keeps_its_value_and_null_clears_it(shop: Shop) -> None:
    shop.create(coupon="SPRING", referral="grace", identifiers=["till 4"], cart_items=[line()])

    shop.update(coupon=None, identifiers=None)

    session = shop.session()
    assert (session.coupon, session.referral, session.identifiers) == (None, "grace", ())
    assert without_ids(session.cart) == (line(),)


def test_lists_are_replaced_whether_they_grow_shrink_or_change_order(shop: Shop) -> None:
    shop.create()
    carts = [
        [line("a"), line("b"), line("c")],
        [line("c"), line("a", 2)],
        [line("c"), line("a", 2), line("d"), line("a", 2)],
        [],
    ]
    lists = [["one", "two", "three"], ["three", "one"], ["one", "three", "two", "four"], []]

    for cart, identifiers in zip(carts, lists, strict=True):
        shop.update(cart_items=cart, identifiers=identifiers)

        session = shop.session()
        assert without_ids(session.cart) == tuple(cart)
        assert session.identifiers == tuple(identifiers)


def test_discounts_are_shared_again_when_only_the_cart_changes(shop: Shop) -> None:
    shop.create(cart_items=[line("a", 1, "10"), line("b", 1, "10")], discounts=[Discount("ten", Decimal(10))])

    shop.update(cart_items=[line("a", 1, "10"), line("b", 1, "30")])

    assert [each.discount_share for each in shop.session().cart] == [Decimal("2.5"), Decimal("7.5")]


def test_attributes_merge_by_name_and_null_removes_one(shop: Shop) -> None:
    for name in ("colour", "mood", "note"):
        shop.define(SESSION, name)
    shop.create(attributes={"colour": "red", "mood": "good"})

    shop.update(attributes={"mood": None, "note": "call"})

    assert shop.session().attributes == {"note": "call", "colour": "red"}


def test_attributes_of_lines_are_stored_and_removed_with_their_line(shop: Shop) -> None:
    shop.define(LINE, "sizes", AttributeType.NUMBER_LIST)
    shop.create(cart_items=[line(attributes={"sizes": [1, 2.5]}), line("pear")])
    assert [each.attributes for each in shop.session().cart] == [{"sizes": [1, 2.5]}, {}]

    shop.update(cart_items=[line()])

    assert [each.attributes for each in shop.session().cart] == [{}]


def test_an_update_that_changes_nothing_is_accepted_and_writes_nothing(shop: Shop) -> None:
    content: dict[str, Any] = {
        "profile_id": "ada",
        "coupon": "SPRING",
        "cart_items": [line(price="1.5")],
        "identifiers": ["till 4"],
        "discounts": [Discount("spring", Decimal("0.50"))],
    }
    created = shop.create(**content)
    before = shop.all_rows()

    again = shop.update(
        **{**content, "cart_items": [line(price="1.50")], "discounts": [Discount("spring", Decimal("0.5"))]}
    )

    assert again == Outcome(shop.application_id, created.session_id, 1)
    assert shop.update() == again
    assert shop.all_rows() == before


def test_updated_does_not_go_back_with_the_clock(shop: Shop) -> None:
    shop.create()
    before = shop.session()
    shop.now -= timedelta(days=1)

    shop.update(coupon="SPRING")
    shop.close()

    session = shop.session()
    assert session.version == 3
    assert session.updated == session.closed == before.updated


def test_another_expected_version_is_refused(shop: Shop) -> None:
    created = shop.create()
    shop.update(version=1, coupon="SPRING")
    before = shop.all_rows()

    (refusal,) = refusals(shop.update, version=1, coupon="SUMMER")

    assert refusal == VersionConflict(
        expected_version=1, actual_version=2, application_id=shop.application_id, session_id=created.session_id
    )
    assert shop.all_rows() == before


def test_version_is_checked_before_state_and_state_before_content(shop: Shop) -> None:
    assert refusals(shop.update, version=7, coupon="x" * 101) == (SessionNotFound(integration_id="s1"),)
    created = shop.create()
    shop.close()

    assert refusals(shop.update, version=7, coupon="x" * 101) == (
        VersionConflict(
            expected_version=7, actual_version=2, application_id=shop.application_id, session_id=created.session_id
        ),
    )
    assert refusals(shop.update, version=2, coupon="x" * 101) == (SessionNotEditable(state=shop.session().state),)


def test_every_broken_rule_of_an_update_is_reported_and_nothing_is_written(shop: Shop) -> None:
    shop.create(cart_items=[line()])
    before = shop.all_rows()

    found = refusals(shop.update, coupon="x" * 101, cart_items=[line(quantity=0), line("")], profile_id="unheard of")

    assert [(type(each), each.path) for each in found] == [
        (InvalidInput, ("coupon",)),
        (InvalidInput, ("cartItems", "0", "quantity")),
        (InvalidInput, ("cartItems", "1", "sku")),
    ]
    assert shop.all_rows() == before


def test_discounts_are_cut_with_the_cart_and_the_event_says_so(shop: Shop) -> None:
    shop.create(cart_items=[line(price="5")], discounts=[Discount("b", Decimal(2)), Discount("a", Decimal(3))])

    shop.update(cart_items=[line(price="4.995")])
    shop.update(cart_items=[line(price="2")])

    session = shop.session()
    assert session.discounts == {"a": Decimal(2)}
    assert [each.discount_share for each in session.cart] == [2]
    assert [event["changes"]["discounts"] for event in shop.history()] == [
        {"a": 3, "b": 2},
        {"a": 3, "b": 1.99},
        {"a": 2},
    ]
    assert shop.history()[-1]["changed_fields"] == ["cartItems", "discounts"]


def test_largest_cart_is_stored_exactly(shop: Shop) -> None:
    cart = [line(f"sku {index}", 10, "999999999.9999") for index in range(1_000)]

    shop.create(cart_items=cart)

    assert without_ids(shop.session().cart) == tuple(cart)
    assert shop.history()[0]["total"] == Decimal("9999999999999.0000")
