"""Discounts: validation, and allocation to the lines of the cart."""

from decimal import Decimal
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import cart_lines

from db.domain.cart import CartLine, share_discount, total
from db.domain.commands import Discount
from db.domain.content import validate_discounts
from db.domain.errors import InvalidInput, Refusal

Cart = list[CartLine]


@st.composite
def discounted_carts(draw: st.DrawFn) -> tuple[Cart, Decimal, int]:
    """Draw a cart with prices of up to 4 decimals, a discount up to its total, and the currency's minor digits."""
    digits = draw(st.sampled_from([0, 2, 3, 4]))
    prices = st.one_of(st.integers(0, 30), st.integers(0, 10**7)).map(lambda units: Decimal(units).scaleb(-4))
    lines = cart_lines(sku=st.just("A"), quantity=st.integers(1, 9), price=prices)
    cart = draw(st.lists(lines, min_size=1, max_size=8))
    units = draw(st.integers(0, floor(total(cart).scaleb(digits))))
    return cart, Decimal(units).scaleb(-digits), digits


def independent_shares(cart: Cart, discount: Decimal, digits: int) -> list[Fraction]:
    """Allocate by largest remainder in exact fractions, one minor unit at a time."""
    whole, unit = Fraction(total(cart)), Fraction(1, 10**digits)
    exact = [Fraction(discount) * Fraction(line.total) / whole if whole else Fraction(0) for line in cart]
    shares = [share // unit * unit for share in exact]
    while sum(shares) < discount:
        left = [ideal - share for ideal, share in zip(exact, shares, strict=True)]
        shares[left.index(max(left))] += unit
    return shares


@given(discounted_carts())
def test_shares_sum_to_the_discount_by_largest_remainder(case: tuple[Cart, Decimal, int]) -> None:
    shares = [line.discount_share for line in share_discount(*case)]
    assert sum(shares) == case[1]
    assert shares == independent_shares(*case)


@given(discounted_carts())
def test_free_line_has_no_share(case: tuple[Cart, Decimal, int]) -> None:
    assert all(line.discount_share == 0 for line in share_discount(*case) if line.total == 0)


def test_share_can_exceed_a_line_cheaper_than_a_minor_unit() -> None:
    cart = [CartLine(sku="A", quantity=1, price=Decimal("0.005"))] * 2
    assert [line.discount_share for line in share_discount(cart, Decimal("0.01"), 2)] == [Decimal("0.01"), 0]


def found(*discounts: tuple[str, str], digits: int = 2) -> list[Refusal]:
    """Return the refusals of a list of labels and amounts."""
    refusals: list[Refusal] = []
    validate_discounts([Discount(label, Decimal(amount)) for label, amount in discounts], digits, refusals)
    return refusals


def test_valid_discounts_are_accepted() -> None:
    assert not found(("a", "0"), ("🎁" * 100, "12.34"), ("A", "5.000"), (" ", "1E+2"))
    assert not found(("a", "3"), digits=0)
    assert not found(("a", "0.0001"), digits=4)


@pytest.mark.parametrize(
    ("label", "problem"),
    [
        ("", "Expected 1 to 100 characters, got 0."),
        ("x" * 101, "Expected 1 to 100 characters, got 101."),
        ("a\0", "The character U+0000 cannot be stored."),
        ("\udc00", "The lone surrogate U+DC00 cannot be stored."),
    ],
)
def test_invalid_label_is_refused(label: str, problem: str) -> None:
    assert found(("good", "1"), (label, "1")) == [InvalidInput(path=("discounts", "1", "label"), problem=problem)]


@pytest.mark.parametrize(
    ("amount", "digits", "problem"),
    [
        ("-1", 2, "Expected 0 or more, got -1."),
        ("0.005", 2, "Expected at most 2 decimal places, got 0.005."),
        ("0.5", 0, "Expected at most 0 decimal places, got 0.5."),
        ("1E+14", 2, "Expected less than 10^14, got 1E+14."),
        ("NaN", 2, "Expected a number, got NaN."),
    ],
)
def test_invalid_amount_is_refused(amount: str, digits: int, problem: str) -> None:
    assert found(("a", amount), digits=digits) == [InvalidInput(path=("discounts", "0", "amount"), problem=problem)]


def test_refusal_of_a_repeated_label_has_its_second_index() -> None:
    assert found(("a", "1"), ("b", "1"), ("a", "1")) == [
        InvalidInput(path=("discounts", "2", "label"), problem='The label "a" is listed twice.')
    ]


def test_every_problem_is_reported() -> None:
    assert [refusal.path[1:] for refusal in found(("", "-1"), ("", "0.001"))] == [
        ("0", "label"),
        ("0", "amount"),
        ("1", "label"),
        ("1", "amount"),
        ("1", "label"),
    ]


def test_discounts_are_sorted_by_code_points_of_their_labels() -> None:
    given = [Discount(label, Decimal(number)) for number, label in enumerate(("é", "b", "🎁", "B", "a", "\uffff"))]
    assert list(validate_discounts(given, 2, [])) == ["B", "a", "b", "é", "\uffff", "🎁"]
