"""Discounts: labels and amounts, in label order, each label once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from db.domain import money, text
from db.domain.errors import InvalidInput, Refusal, quoted
from db.domain.money import ZERO

MAX_LABEL = 100


@dataclass(frozen=True, slots=True)
class Discount:
    """One discount: a label and a whole number of minor units, 0 or more."""

    label: str
    amount: Decimal


def problems(discounts: Sequence[Discount], minor_digits: int) -> Iterator[Refusal]:
    """Every rule the list breaks, each with its path."""
    seen: set[str] = set()
    for index, discount in enumerate(discounts):
        path = ("discounts", str(index))
        yield from text.problems(discount.label, (*path, "label"), least=1, most=MAX_LABEL)
        yield from money.problems(discount.amount, (*path, "amount"), minor_digits=minor_digits)
        if discount.label in seen:
            yield InvalidInput(path=(*path, "label"), problem=f"The label {quoted(discount.label)} stands twice.")
        seen.add(discount.label)


def in_label_order(discounts: Sequence[Discount]) -> Mapping[str, Decimal]:
    """The list as stored: label -> amount, in the order of the labels' code points."""
    return {discount.label: discount.amount for discount in sorted(discounts, key=lambda each: each.label)}


def total(discounts: Mapping[str, Decimal]) -> Decimal:
    """Sum of the discounts."""
    return sum(discounts.values(), ZERO)
