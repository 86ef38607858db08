"""The size of a session, and its limit."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop import line, units

from db.domain.cart import CartLine
from db.domain.errors import InvalidInput, Refused
from db.domain.lifecycle import SessionState
from db.domain.money import RoundingMode
from db.domain.promotions.allocated_discount import AllocatedDiscount, DiscountSource
from db.domain.session import CustomerSession, check_size, return_items
from db.domain.size import ROW_BYTES, json_size, texts_size

NOW = datetime(2026, 3, 1, tzinfo=UTC)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    TEXTS | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e6, 1e6).map(lambda value: round(value, 20)),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(TEXTS, values, max_size=3),
    max_leaves=5,
)


def session(*lines: CartLine, **content: object) -> CustomerSession:
    return CustomerSession(
        application_id=1,
        integration_id="s1",
        created=NOW,
        updated=NOW,
        minor_digits=2,
        cart=lines,
        **content,  # type: ignore[arg-type]  # values of its fields
    )


@given(VALUES)
def test_size_is_at_least_the_bytes_of_json_on_either_database(value: object) -> None:
    assert json_size(value) >= len(json.dumps(value, ensure_ascii=False).encode())


@given(st.floats(0, 1).map(lambda value: round(value, 20)))
def test_size_of_a_number_is_at_least_that_of_all_its_decimal_places(number: float) -> None:
    assert json_size(number) >= len(f"{Decimal(repr(number)):f}")


@given(st.lists(TEXTS))
def test_size_of_texts_is_that_of_their_json_without_quotes(texts: list[str]) -> None:
    quoted = (json.dumps(each, ensure_ascii=False) for each in texts)
    assert texts_size(texts) == sum(len(each.encode()) - 2 for each in quoted)


def test_every_text_and_attribute_of_a_session_adds_to_its_size() -> None:
    empty = session()
    full = session(
        line("apple", name="é", category="é", product_name="é", attributes={"color": "red"}),
        profile_id="ada",
        coupon="spring",
        referral="friend",
        identifiers=("till",),
        attributes={"channel": "web"},
        discounts={"a": Decimal(1), "b\n": Decimal(2)},
    )
    texts = len("apple") + len("ééé".encode()) + len("ada" + "spring" + "friend" + "till") + len("ab\\n")
    attributes = json_size({"color": "red"}) + json_size({"channel": "web"})
    assert full.content_size - empty.content_size == 4 * ROW_BYTES + texts + attributes


def test_returns_add_to_the_size_but_not_to_that_of_the_content() -> None:
    before = session(line(quantity=2), state=SessionState.CLOSED)

    after = return_items(before, [units(0, 1)], RoundingMode.HALF_UP, NOW)

    assert after.size == before.size + 2 * ROW_BYTES + len("apple")
    assert after.content_size == before.content_size


def test_discounts_of_campaigns_add_to_the_size_but_not_to_that_of_the_content() -> None:
    discount = AllocatedDiscount(
        units=1, shares=(), minor_digits=2, label="spring", source=DiscountSource.CAMPAIGN, campaign_name="Spring sale"
    )
    before = session()

    after = replace(before, promotions=(discount,))

    assert after.size == before.size + ROW_BYTES + len("spring" + "Spring sale")
    assert after.content_size == before.content_size


def test_session_of_the_maximum_size_is_accepted() -> None:
    largest = session(line("x" * 900))
    check_size(None, largest, largest.size)


@pytest.mark.parametrize(
    ("larger", "field"),
    [
        ({"cart": (line("x" * 900),)}, "cartItems"),
        ({"attributes": {"note": "x" * 900}}, "attributes"),
        ({"discounts": {"x" * 100: Decimal(0), "y" * 100: Decimal(0)}}, "discounts"),
    ],
)
def test_refusal_of_a_session_that_is_too_large_names_what_grew(larger: dict[str, object], field: str) -> None:
    before = session()
    after = replace(before, **larger)  # type: ignore[arg-type]  # values of its fields

    with pytest.raises(Refused) as refused:
        check_size(before, after, after.size - 1)

    problem = f"The session would hold {after.size} bytes; the limit is {after.size - 1}."
    assert refused.value.refusals == (InvalidInput(path=(field,), problem=problem),)


def test_session_above_a_lowered_limit_can_shrink() -> None:
    check_size(session(line("x" * 900)), session(line("x" * 800)), 500)
