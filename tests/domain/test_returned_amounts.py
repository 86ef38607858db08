"""Refunds of returned units."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import cart_lines

from db.domain.cart import CartLine, LineName, ReturnedItem, ReturnRequest, return_items, share_discount, total
from db.domain.money import RoundingMode

HALF_UP, HALF_EVEN, DOWN = RoundingMode

Case = tuple[tuple[CartLine, ...], Decimal, int]


def line(sku: str, quantity: int, price: str, share: str = "0") -> CartLine:
    """Return a line of a closed cart."""
    return CartLine(sku=sku, quantity=quantity, price=Decimal(price), discount_share=Decimal(share))


def at(position: int, quantity: int | None = None) -> ReturnRequest:
    """Request units of the line at a position."""
    return ReturnRequest(LineName(position=position), quantity)


def net(cart: Sequence[CartLine]) -> Decimal:
    """Return the cart's total less discounts and returns."""
    return sum((each.total - each.discount_share - each.returned_total for each in cart), Decimal(0))


def amounts(
    cart: Sequence[CartLine], *quantities: int, rounding: RoundingMode = HALF_UP, digits: int = 2
) -> list[Decimal]:
    """Return the refunds of successive returns from the first line."""
    given_back = []
    for quantity in quantities:
        cart, (item,) = return_items(cart, [at(0, quantity)], net(cart), rounding, digits)
        given_back.append(item.amount)
    return given_back


def test_refund_is_the_price_less_the_share_of_its_units() -> None:
    cart, items = return_items([line("A", 4, "10", "8.00")], [at(0, 3)], Decimal(32), HALF_UP, 2)
    assert items == (ReturnedItem(0, 3, Decimal("24.00")),)
    assert [cart[0].returned_quantity, cart[0].remaining_quantity, cart[0].returned_total] == [3, 1, 24]


@pytest.mark.parametrize(
    ("rounding", "expected"),
    [
        (HALF_UP, ["9.99", "10.00", "9.99", "10.00"]),
        (HALF_EVEN, ["10.00", "9.99", "9.99", "10.00"]),
        (DOWN, ["10.00", "9.99", "10.00", "9.99"]),
    ],
)
def test_parts_of_a_share_are_rounded_cumulatively(rounding: RoundingMode, expected: list[str]) -> None:
    assert amounts([line("A", 4, "10", "0.02")], 1, 1, 1, 1, rounding=rounding) == [Decimal(each) for each in expected]


def test_refund_in_yen_is_whole() -> None:
    assert amounts([line("A", 3, "500", "100")], 1, 1, 1, digits=0) == [467, 466, 467]


def test_refund_of_prices_finer_than_a_minor_unit_is_exact() -> None:
    assert amounts([line("A", 3, "0.005")], 2, 1) == [Decimal("0.010"), Decimal("0.005")]


def test_refund_is_zero_if_the_part_of_the_share_exceeds_the_price() -> None:
    assert amounts([line("A", 2, "0.005", "0.01")], 1, 1) == [0, 0]


def test_refunds_never_exceed_the_net_total() -> None:
    cart = share_discount([line("A", 1, "0.005"), line("B", 1, "0.005")], Decimal("0.01"), 2)
    _, items = return_items(cart, [at(1), at(0)], Decimal(0), HALF_UP, 2)
    assert [item.amount for item in items] == [0, 0]


@st.composite
def closed_carts(draw: st.DrawFn, *, whole: bool) -> Case:
    """Draw a cart with shares, its net total and the minor digits; ``whole`` prices are in whole minor units."""
    digits = draw(st.sampled_from([0, 2, 3, 4]))
    places = digits if whole else 4
    prices = st.one_of(st.integers(0, 60), st.integers(0, 10**6)).map(lambda units: Decimal(units).scaleb(-places))
    lines = cart_lines(sku=st.just("A"), quantity=st.integers(1, 7), price=prices)
    cart = draw(st.lists(lines, min_size=1, max_size=5))
    most = floor(total(cart).scaleb(digits))
    discount = Decimal(draw(st.one_of(st.integers(0, most), st.just(most)))).scaleb(-digits)
    return share_discount(cart, discount, digits), total(cart) - discount, digits


def in_random_order(cart: Sequence[CartLine]) -> st.SearchStrategy[list[int]]:
    """Draw the positions of all units of a cart in random order, for returns of one unit each."""
    return st.permutations([position for position, each in enumerate(cart) for _ in range(each.quantity)])


def part(share: Decimal, units: int, quantity: int, rounding: RoundingMode, digits: int) -> Fraction:
    """Return the share of the first ``units`` of ``quantity``, rounded to minor units, in exact fractions."""
    exact = Fraction(share) * 10**digits * units / quantity
    rounded = {HALF_UP: floor(exact + Fraction(1, 2)), HALF_EVEN: round(exact), DOWN: floor(exact)}[rounding]
    return Fraction(rounded, 10**digits)


@given(closed_carts(whole=True), st.sampled_from(RoundingMode), st.data())
def test_refunds_of_whole_prices_match_exact_fractions(case: Case, rounding: RoundingMode, data: st.DataObject) -> None:
    cart, left, digits = case
    for position in data.draw(in_random_order(cart)):
        cart, (item,) = return_items(cart, [at(position, 1)], left, rounding, digits)
        left -= item.amount
        each = cart[position]
        taken = part(each.discount_share, each.returned_quantity, each.quantity, rounding, digits)
        assert each.returned_total == Fraction(each.price) * each.returned_quantity - taken
    assert all(each.total - each.returned_total == each.discount_share for each in cart)
    assert left == 0


@given(closed_carts(whole=False), st.sampled_from(RoundingMode), st.data())
def test_net_total_reaches_zero_and_no_refund_is_negative(
    case: Case, rounding: RoundingMode, data: st.DataObject
) -> None:
    cart, left, digits = case
    for position in data.draw(in_random_order(cart)):
        before = cart[position].returned_total
        cart, (item,) = return_items(cart, [at(position, 1)], left, rounding, digits)
        left -= item.amount
        each = cart[position]
        assert item.amount >= 0
        assert left >= 0
        assert each.returned_total == before + item.amount
        assert each.returned_total <= max(each.total - each.discount_share, Decimal(0))
    assert left == 0
