"""The caller's discounts, with their shares by line."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from db.domain.cart import CartLine
from db.domain.money import PLACES, allocate_units, to_units
from db.domain.promotions.allocated_discount import AllocatedDiscount, DiscountSource, pair_shares
from db.domain.promotions.allocation import split_manual


def allocate_manual(
    discounts: Mapping[str, Decimal], cart: Sequence[CartLine], minor_digits: int
) -> list[AllocatedDiscount]:
    """Allocate discounts that sum to at most the cart's total. Their shares by line sum to the shares of their sum."""
    amounts = {label: to_units(amount, minor_digits) for label, amount in discounts.items()}
    shares = allocate_units(sum(amounts.values()), [to_units(line.total, PLACES) for line in cart])
    return make_manual(amounts, shares, minor_digits)


def make_manual(amounts: Mapping[str, int], shares: Sequence[int], minor_digits: int) -> list[AllocatedDiscount]:
    """Return discounts of these amounts, whose shares sum to ``shares``. All are in minor units."""
    return [
        AllocatedDiscount(
            units=amounts[label],
            shares=pair_shares(range(len(shares)), parts),
            minor_digits=minor_digits,
            label=label,
            source=DiscountSource.MANUAL,
        )
        for label, parts in split_manual(amounts, shares).items()
    ]
