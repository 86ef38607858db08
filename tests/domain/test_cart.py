"""The cart: its total, and the lines that a return refers to."""

from collections.abc import Sequence
from decimal import Decimal

import pytest

from db.domain.cart import CartLine, LineName, ReturnedItem, ReturnRequest, return_items, total
from db.domain.errors import CartLineNotFound, InvalidInput, Refusal, Refused, ReturnExceedsRemaining
from db.domain.money import RoundingMode

HALF_UP = RoundingMode.HALF_UP


def line(sku: str, quantity: int, price: str, share: str = "0") -> CartLine:
    """Return a line of a closed cart."""
    return CartLine(sku=sku, quantity=quantity, price=Decimal(price), discount_share=Decimal(share))


def at(position: int, quantity: int | None = None) -> ReturnRequest:
    """Request units of the line at a position."""
    return ReturnRequest(LineName(position=position), quantity)


def of(sku: str, quantity: int | None = None) -> ReturnRequest:
    """Request units of the line with a SKU."""
    return ReturnRequest(LineName(sku=sku), quantity)


def net(cart: Sequence[CartLine]) -> Decimal:
    """Return the cart's total less discounts and returns."""
    return sum((each.total - each.discount_share - each.returned_total for each in cart), Decimal(0))


def refusal_of(cart: Sequence[CartLine], *requests: ReturnRequest) -> Refusal:
    """Return the refusal of a return."""
    with pytest.raises(Refused) as refused:
        return_items(cart, requests, net(cart), HALF_UP, 2)
    (refusal,) = refused.value.refusals
    return refusal


def test_total_is_the_sum_of_price_times_quantity() -> None:
    assert total([line("A", 3, "9.99"), line("B", 1, "0.005"), line("C", 2, "1E+5")]) == Decimal("200029.975")
    assert total([]) == 0


def test_largest_cart_is_summed_exactly() -> None:
    cart = [line("A", 10, "9999999999.9999")] * 1_000
    assert total(cart) == Decimal("99999999999999.0000")


def test_return_without_a_quantity_returns_all_remaining_units() -> None:
    cart, _ = return_items([line("A", 5, "1")], [at(0, 2)], Decimal(5), HALF_UP, 2)
    _, items = return_items(cart, [at(0)], net(cart), HALF_UP, 2)
    assert items == (ReturnedItem(0, 3, Decimal(3)),)


def test_two_requests_for_one_line_are_one_returned_item() -> None:
    cart = [line("A", 3, "10", "0.01"), line("B", 1, "7")]
    after, items = return_items(cart, [of("B"), at(0, 1), of("A", 2)], net(cart), HALF_UP, 2)
    assert items == (ReturnedItem(0, 3, Decimal("29.99")), ReturnedItem(1, 1, Decimal(7)))
    assert net(after) == 0


def test_two_requests_for_one_line_cannot_exceed_its_units() -> None:
    assert refusal_of([line("A", 3, "10")], at(0, 2), of("A", 2)) == ReturnExceedsRemaining(
        path=("items", "1", "quantity"), position=0, requested=2, remaining=1
    )


@pytest.mark.parametrize("quantity", [4, 10**18])
def test_return_of_more_units_than_remain_is_refused(quantity: int) -> None:
    assert refusal_of([line("A", 3, "10")], at(0, quantity)) == ReturnExceedsRemaining(
        path=("items", "0", "quantity"), position=0, requested=quantity, remaining=3
    )


def test_completely_returned_line_cannot_be_returned_again() -> None:
    assert refusal_of([line("A", 3, "10")], at(0), at(0)) == ReturnExceedsRemaining(
        path=("items", "1", "quantity"), position=0, requested=1, remaining=0
    )


@pytest.mark.parametrize("quantity", [0, -1])
def test_quantity_below_1_is_refused(quantity: int) -> None:
    assert refusal_of([line("A", 3, "10")], at(0, quantity)) == InvalidInput(
        path=("items", "0", "quantity"), problem=f"Expected 1 or more, got {quantity}."
    )


def test_return_without_items_is_refused() -> None:
    assert refusal_of([line("A", 3, "10")]) == InvalidInput(path=("items",), problem="Expected at least one item.")


@pytest.mark.parametrize("position", [-1, 1, 10**18])
def test_position_outside_the_cart_is_refused(position: int) -> None:
    assert refusal_of([line("A", 3, "10")], at(position)) == CartLineNotFound(
        path=("items", "0", "line", "position"), problem=f"The cart has 1 lines; there is no line {position}."
    )


def test_sku_that_is_not_in_the_cart_is_refused() -> None:
    assert refusal_of([line("A", 3, "10")], at(0, 1), of("a")) == CartLineNotFound(
        path=("items", "1", "line", "sku"), problem='The cart has the sku "a" on 0 lines.'
    )


def test_sku_on_several_lines_is_refused() -> None:
    assert refusal_of([line("A", 3, "10"), line("A", 1, "9")], of("A")) == CartLineNotFound(
        path=("items", "0", "line", "sku"),
        problem='The cart has the sku "A" on 2 lines; name the line by its id.',
    )
