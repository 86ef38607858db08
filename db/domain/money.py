"""Exact amounts: their limits, their printed form, rounding, and allocation by largest remainder.

Amounts are Decimals of at most 4 decimal places and below 10^14. Arithmetic that divides is done in whole numbers, so
no result depends on the decimal context. No float comes near.
"""

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum

from db.domain.errors import InvalidInput, Refusal, cut

PLACES = 4
LIMIT = Decimal(10) ** 14
ZERO = Decimal(0)


class RoundingMode(StrEnum):
    """How a fraction of a minor unit is rounded; the names are those of java.math and of Python's decimal."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    DOWN = "down"


def problems(amount: Decimal, path: tuple[str, ...], *, minor_digits: int = PLACES) -> Sequence[Refusal]:
    """What is wrong with an amount: negative, 10^14 or more, or finer than ``minor_digits`` decimal places."""
    if not amount.is_finite():
        expected = "a number"
    elif amount.is_signed():  # -0 too: it would be printed with its sign
        expected = "0 or more"
    elif amount >= LIMIT:
        expected = "less than 10^14"
    elif round(amount, minor_digits) != amount:
        expected = f"at most {minor_digits} decimal places"
    else:
        return ()
    return [InvalidInput(path=path, problem=f"Expected {expected}, got {cut(str(amount))}.")]


def in_units(amount: Decimal, digits: int) -> int:
    """The amount as a whole number of 10^-digits; the amount must be one."""
    units = amount.scaleb(digits)
    whole = int(units)
    assert whole == units, f"{amount} is finer than {digits} digits"
    return whole


def of_units(units: int, digits: int) -> Decimal:
    """The amount of so many 10^-digits."""
    return Decimal(units).scaleb(-digits)


def divide(numerator: int, denominator: int, mode: RoundingMode) -> int:
    """numerator / denominator as a whole number; both 0 or more, the denominator more than 0."""
    quotient, remainder = divmod(numerator, denominator)
    match mode:
        case RoundingMode.DOWN:
            return quotient
        case RoundingMode.HALF_UP:
            return quotient + (2 * remainder >= denominator)
        case RoundingMode.HALF_EVEN:
            return quotient + (2 * remainder > denominator or (2 * remainder == denominator and quotient % 2 == 1))


def allocate(amount: Decimal, weights: Sequence[Decimal], minor_digits: int) -> list[Decimal]:
    """Spread ``amount`` over ``weights`` in proportion, in whole minor units, by largest remainder.

    Ties go to the lower position. The shares sum to ``amount``; where all weights are 0, so must ``amount`` be.
    """
    units = in_units(amount, minor_digits)
    if units == 0:
        return [ZERO] * len(weights)
    parts = [in_units(weight, PLACES) for weight in weights]
    whole = sum(parts)
    assert whole, "nothing to spread the amount over"
    shares = [units * part // whole for part in parts]
    by_remainder = sorted(range(len(parts)), key=lambda i: -(units * parts[i] % whole))
    for position in by_remainder[: units - sum(shares)]:
        shares[position] += 1
    return [of_units(share, minor_digits) for share in shares]
