"""Changes of single lines, and merges."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from db.domain.attribute_definition import AttributeDefinition, AttributeEntity, AttributeType
from db.domain.attributes import AttributeRules
from db.domain.cart import CartLine, LineName
from db.domain.cart_changes import add_items, merge, remove_items, update_items
from db.domain.commands import LineChange
from db.domain.errors import (
    CartLineNotFound,
    InvalidAttributeValue,
    InvalidInput,
    Refusal,
    Refused,
    SessionNotEditable,
)
from db.domain.lifecycle import SessionState
from db.domain.session import CustomerSession

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
DEFINITIONS = [
    AttributeDefinition(
        entity=AttributeEntity.CART_ITEM, name=name, type=AttributeType.STRING, editable=name != "engraving"
    )
    for name in ("colour", "engraving")
]
RULES = AttributeRules(definitions={(each.entity, each.name): each for each in DEFINITIONS})
EMPTY = CustomerSession(application_id=1, integration_id="s1", created=NOW, updated=NOW, minor_digits=2)
FIRST, SECOND = (LineName(position=position) for position in (0, 1))


def line(sku: str = "A", quantity: int = 1, price: str = "10", **rest: Any) -> CartLine:
    """Return a line as it is sent."""
    return CartLine(sku=sku, quantity=quantity, price=Decimal(price), **rest)


def holding(*lines: CartLine, **facts: Any) -> CustomerSession:
    """Return a session with these lines, whose ids are old-0, old-1 and so on."""
    return replace(add_items(EMPTY, lines, RULES, "old-"), **facts)


def lines_of(session: CustomerSession) -> Sequence[tuple[str | None, str, int]]:
    """Return the id, the SKU and the quantity of each line."""
    return [(each.id, each.sku, each.quantity) for each in session.cart]


def changed(session: CustomerSession, **values: Any) -> CartLine:
    """Return the first line after a change of it."""
    return update_items(session, [LineChange(line=FIRST, **values)], RULES).cart[0]


def refused(change: Callable[[], object]) -> tuple[Refusal, ...]:
    """Return the reasons for which a change is refused."""
    with pytest.raises(Refused) as caught:
        change()
    return caught.value.refusals


def test_added_line_is_appended_or_adds_to_the_first_line_with_the_same_item() -> None:
    session = holding(line("A"), line("B", name="Pear"))

    after = add_items(session, [line("B"), line("A", 2), line("B", 3), line("B", 4, name="Pear")], RULES, "new-")

    assert lines_of(after) == [("old-0", "A", 3), ("old-1", "B", 5), ("new-2", "B", 4)]


def test_added_lines_with_other_attributes_are_other_lines() -> None:
    red, blue = line(attributes={"colour": "red"}), line(attributes={"colour": "blue"})

    after = add_items(holding(red, line()), [blue, red, line()], RULES, "new-")

    assert lines_of(after) == [("old-0", "A", 2), ("old-1", "A", 2), ("new-2", "A", 1)]


def test_additions_of_different_lines_give_the_same_lines_in_any_order() -> None:
    items = [line("A", 2), line("B"), line("A")]
    forwards, backwards = (holding(*given) for given in (items, items[::-1]))

    assert {each.sku: each.quantity for each in forwards.cart} == {each.sku: each.quantity for each in backwards.cart}


def test_change_sets_only_what_is_given() -> None:
    full = line(name="Tea", category="drinks", product_name="Green", weight=Decimal(5), attributes={"colour": "red"})

    after = changed(holding(full), quantity=7)

    assert after == full._replace(id="old-0", quantity=7)


def test_null_clears_a_value() -> None:
    full = line(name="Tea", category="drinks", product_name="Green", weight=Decimal(5), attributes={"colour": "red"})

    cleared = dict.fromkeys(("name", "category", "product_name", "weight", "attributes"))
    after = changed(holding(full), **cleared)

    assert after == line(id="old-0")


def test_attributes_are_merged_by_name() -> None:
    session = holding(line(attributes={"colour": "red", "engraving": "Ada"}))

    assert changed(session, attributes={"colour": "blue"}).attributes == {"colour": "blue", "engraving": "Ada"}
    assert changed(session, attributes={"colour": None}).attributes == {"engraving": "Ada"}
    (refusal,) = refused(lambda: changed(session, attributes=None))
    assert isinstance(refusal, InvalidAttributeValue)
    assert refusal.path == ("items", "0", "attributes", "engraving")


def test_quantity_0_removes_the_line_and_positions_stay_without_gaps() -> None:
    session = holding(line("A"), line("B"), line("C"))
    changes = [LineChange(line=SECOND, quantity=0), LineChange(line=LineName(sku="C"), quantity=2)]

    assert lines_of(update_items(session, changes, RULES)) == [("old-0", "A", 1), ("old-2", "C", 2)]


@pytest.mark.parametrize("name", ["quantity", "price"])
def test_quantity_and_price_cannot_be_cleared(name: str) -> None:
    (refusal,) = refused(lambda: changed(holding(line()), **{name: None}))
    assert isinstance(refusal, InvalidInput)
    assert refusal.path == ("items", "0", name)


def test_lines_are_named_by_the_cart_as_it_is_before_the_command() -> None:
    session = holding(line("A"), line("B"), line("C"))

    assert lines_of(remove_items(session, [FIRST, SECOND])) == [("old-2", "C", 1)]
    assert lines_of(remove_items(session, [LineName(id="old-2"), LineName(sku="A")])) == [("old-1", "B", 1)]


def test_line_named_twice_is_refused_however_it_is_named() -> None:
    session = holding(line("A"), line("B"))
    again = (FIRST, LineName(id="old-0"), LineName(sku="A"))
    for name in again:
        problem = "Line 0 is named twice; name each line once."
        assert refused(lambda name=name: remove_items(session, [FIRST, name])) == (  # type: ignore[misc]
            InvalidInput(path=("lines", "1"), problem=problem),
        )


def test_all_refusals_of_a_change_are_returned() -> None:
    session = holding(line("A"), line("A", name="Other"))
    changes = [
        LineChange(line=LineName(id="other")),
        LineChange(line=LineName(sku="A"), quantity=-1),
        LineChange(line=FIRST, quantity=10_001, price=Decimal(-1)),
    ]

    found = refused(lambda: update_items(session, changes, RULES))

    assert [(type(each), each.path) for each in found] == [
        (CartLineNotFound, ("items", "0", "line", "id")),
        (CartLineNotFound, ("items", "1", "line", "sku")),
        (InvalidInput, ("items", "2", "quantity")),
        (InvalidInput, ("items", "2", "price")),
    ]
    assert found[1].message == 'The cart has the sku "A" on 2 lines; name the line by its id.'


def test_limits_of_the_cart_hold_for_additions() -> None:
    lines = [line(str(number)) for number in range(1_000)]
    full = holding(*lines)

    assert len(add_items(full, lines, RULES, "new-").cart) == 1_000
    for session, item, problem in (
        (full, line("one more"), "Expected at most 1000 lines in all, got 1001."),
        (holding(line(quantity=9_999)), line(quantity=2), "Expected at most 10000 units in all, got 10001."),
        (holding(line(price="9" * 14)), line("B", price="9" * 14), "Expected less than 10^14, got 199999999999998."),
    ):
        refusals = refused(lambda session=session, item=item: add_items(session, [item], RULES, "new-"))  # type: ignore[misc]
        assert refusals == (InvalidInput(path=("items",), problem=problem),)


def test_removal_cuts_the_discounts() -> None:
    session = holding(line("A"), line("B"), discounts={"a": Decimal(8), "b": Decimal(7)})

    after = remove_items(session, [SECOND])

    assert after.discounts == {"a": Decimal(8), "b": Decimal(2)}
    assert after.cart[0].discount_share == 10
    assert remove_items(after, [FIRST]).discounts == {}


def test_closed_session_is_refused() -> None:
    closed = replace(holding(line()), state=SessionState.CLOSED)
    for change in (
        lambda: add_items(closed, [line()], RULES, ""),
        lambda: update_items(closed, [], RULES),
        lambda: remove_items(closed, []),
    ):
        assert refused(change) == (SessionNotEditable(state=SessionState.CLOSED),)


def test_merge_moves_the_lines_and_cancels_the_source() -> None:
    source = holding(line("A", 2), line("B"), coupon="GUEST", referral="friend", discounts={"guest": Decimal(5)})
    target = replace(
        add_items(EMPTY, [line("C"), line("A")], RULES, "there-"),
        coupon="ADA",
        discounts={"loyal": Decimal(1)},
        attributes={"channel": "web"},
        identifiers=("till",),
    )

    cancelled, merged = merge(source, target, "new-", NOW)

    assert lines_of(merged) == [("there-0", "C", 1), ("there-1", "A", 3), ("new-2", "B", 1)]
    assert (merged.coupon, merged.referral, merged.discounts) == ("ADA", "friend", {"loyal": Decimal(1)})
    assert (merged.attributes, merged.identifiers) == (target.attributes, target.identifiers)
    assert sum(each.discount_share for each in merged.cart) == 1
    assert cancelled == replace(source, state=SessionState.CANCELLED, cancelled=NOW)


def test_sessions_that_are_not_open_cannot_be_merged() -> None:
    closed, cancelled = (replace(EMPTY, state=state) for state in (SessionState.CLOSED, SessionState.CANCELLED))

    assert refused(lambda: merge(closed, cancelled, "", NOW)) == (
        SessionNotEditable(path=("fromIntegrationId",), state=SessionState.CLOSED),
        SessionNotEditable(path=("intoIntegrationId",), state=SessionState.CANCELLED),
    )
