"""Discounts: amounts by label, sorted by label, each label once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from db.domain import money, text
from db.domain.errors import InvalidInput, Refusal, quote
from db.domain.money import ZERO

MAX_LABEL = 100


@dataclass(frozen=True, slots=True)
class Discount:
    """One discount. The amount is a whole number of minor units, 0 or more."""

    label: str
    amount: Decimal


def problems(discounts: Sequence[Discount], minor_digits: int) -> Iterator[Refusal]:
    """Yield a refusal for each rule that the list breaks."""
    seen: set[str] = set()
    for index, discount in enumerate(discounts):
        path = ("discounts", str(index))
        yield from text.problems(discount.label, (*path, "label"), min_length=1, max_length=MAX_LABEL)
        yield from money.problems(discount.amount, (*path, "amount"), minor_digits=minor_digits)
        if discount.label in seen:
            yield InvalidInput(path=(*path, "label"), problem=f"The label {quote(discount.label)} is listed twice.")
        seen.add(discount.label)


def by_label(discounts: Sequence[Discount]) -> Mapping[str, Decimal]:
    """Map labels to amounts, in the order of the labels' code points: the form in which discounts are stored."""
    return {discount.label: discount.amount for discount in sorted(discounts, key=lambda each: each.label)}


def total(discounts: Mapping[str, Decimal]) -> Decimal:
    """Sum the discounts."""
    return sum(discounts.values(), ZERO)
