"""Allocation of discounts to lines, in whole minor units and by largest remainder."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from operator import gt

from db.domain import money
from db.domain.cart import CartLine, discount_part
from db.domain.money import RoundingMode, allocate_units


def spread(units: int, weights: Sequence[int], capacities: Sequence[int]) -> list[int]:
    """Split ``units`` in proportion to ``weights``. No position gets more than its capacity.

    The units that a full position cannot take are split over the others, until none is left. The capacities of the
    positions with a weight above 0 sum to ``units`` or more.
    """
    if not all(capacities):
        weights = [weight if capacity else 0 for weight, capacity in zip(weights, capacities, strict=True)]
    shares = allocate_units(units, weights)
    if not any(map(gt, shares, capacities)):
        return shares
    shares = list(map(min, shares, capacities))
    while left := units - sum(shares):
        open_weights = [
            weight if share < capacity else 0
            for weight, share, capacity in zip(weights, shares, capacities, strict=True)
        ]
        parts = allocate_units(left, open_weights)
        shares = [min(share + part, capacity) for share, part, capacity in zip(shares, parts, capacities, strict=True)]
    return shares


def cut_manual(manual: Mapping[str, Decimal], units: int, minor_digits: int) -> dict[str, int]:
    """Return the caller's discounts in minor units, in the order of their labels, cut to ``units`` from the last on."""
    amounts = {}
    for label in sorted(manual):
        amounts[label] = min(money.to_units(manual[label], minor_digits), units)
        units -= amounts[label]
    return amounts


def split_manual(amounts: Mapping[str, int], shares: Sequence[int]) -> dict[str, list[int]]:
    """Split the lines' shares of all the caller's discounts by label.

    Each label takes its amount from what the labels before it have left of the shares, by largest remainder.
    """
    left, by_label = list(shares), {}
    for label, amount in amounts.items():
        by_label[label] = allocate_units(amount, left)
        left = [share - part for share, part in zip(left, by_label[label], strict=True)]
    return by_label


def return_shares(
    line: CartLine, quantity: int, left: Sequence[Decimal], rounding: RoundingMode, minor_digits: int
) -> list[Decimal]:
    """Return what a return of ``quantity`` more units of ``line`` takes off each of its discounts.

    ``left`` are the line's shares of its discounts, in the order of their labels, less what earlier returns took.
    """
    return money.allocate(discount_part(line, quantity, rounding, minor_digits), left, minor_digits)
