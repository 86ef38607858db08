"""Exact amounts: limits, rounding, and allocation by largest remainder.

Amounts are Decimals of at most 4 decimal places and below 10^14. Divisions are done on integers, so no result depends
on the decimal context.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum

from db.domain.errors import InvalidInput, Refusal, Refused, truncate

PLACES = 4
LIMIT = Decimal(10) ** 14
ZERO = Decimal(0)


class RoundingMode(StrEnum):
    """Rounding of a fraction of a minor unit; the names are those of java.math and of Python's decimal."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    DOWN = "down"


def problems(amount: Decimal, path: tuple[str, ...], *, minor_digits: int = PLACES) -> Sequence[Refusal]:
    """Return the refusal of an amount that is negative, 10^14 or more, or has more decimal places than allowed."""
    if not amount.is_finite():
        expected = "a number"
    elif amount.is_signed():  # -0 too: it would be formatted with its sign
        expected = "0 or more"
    elif amount >= LIMIT:
        expected = "less than 10^14"
    elif round(amount, minor_digits) != amount:
        expected = f"at most {minor_digits} decimal places"
    else:
        return ()
    return [InvalidInput(path=path, problem=f"Expected {expected}, got {truncate(str(amount))}.")]


def to_units(amount: Decimal, digits: int) -> int:
    """Return the amount in units of 10^-digits. Raises ValueError if it is not a whole number of them."""
    if not amount:  # as most discount shares and returned totals are
        return 0
    units = amount.scaleb(digits)
    whole = int(units)
    if whole != units:
        raise ValueError(f"{amount} has more than {digits} decimal places")
    return whole


def from_units(units: int, digits: int) -> Decimal:
    """Return the amount of ``units`` units of 10^-digits."""
    return Decimal(units).scaleb(-digits)


def cut(amounts: Mapping[str, Decimal], limit: Decimal, minor_digits: int) -> Mapping[str, Decimal]:
    """Return amounts of whole minor units that sum to at most ``limit``; the last ones are reduced first.

    An amount that is cut to 0 is left out.
    """
    left = from_units(int(limit.scaleb(minor_digits)), minor_digits)
    excess = sum(amounts.values(), ZERO) - left
    result: dict[str, Decimal] = {}
    for name, amount in [*amounts.items()][::-1]:
        if excess <= 0 or not amount:
            result[name] = amount
        elif amount > excess:
            result[name] = amount - excess
        excess -= amount
    return dict([*result.items()][::-1])


def divide(numerator: int, denominator: int, mode: RoundingMode) -> int:
    """Divide two integers and round the quotient. The numerator is 0 or more, the denominator 1 or more."""
    quotient, remainder = divmod(numerator, denominator)
    match mode:
        case RoundingMode.DOWN:
            return quotient
        case RoundingMode.HALF_UP:
            return quotient + (2 * remainder >= denominator)
        case RoundingMode.HALF_EVEN:
            return quotient + (2 * remainder > denominator or (2 * remainder == denominator and quotient % 2 == 1))


def allocate(amount: Decimal, weights: Sequence[Decimal], minor_digits: int) -> list[Decimal]:
    """Split ``amount`` in proportion to ``weights``, in whole minor units, by the largest-remainder method.

    Ties go to the lower position. The shares sum to ``amount``, which must be 0 if all weights are 0.
    """
    units = to_units(amount, minor_digits)
    if units == 0:
        return [ZERO] * len(weights)
    shares = allocate_units(units, [to_units(weight, PLACES) for weight in weights])
    return [from_units(share, minor_digits) for share in shares]


def allocate_units(units: int, weights: Sequence[int]) -> list[int]:
    """Split a number of units in proportion to ``weights`` by the largest-remainder method.

    Ties go to the lower position. The shares sum to ``units``, which must be 0 if all weights are 0.
    """
    if units == 0:
        return [0] * len(weights)
    whole = sum(weights)
    assert whole, "all weights are 0"
    shares = [units * weight // whole for weight in weights]
    if left := units - sum(shares):
        remainders = [units * weight % whole for weight in weights]
        by_remainder = sorted(range(len(weights)), key=remainders.__getitem__, reverse=True)  # stable
        for position in by_remainder[:left]:
            shares[position] += 1
    return shares


def check_amount(expected: Decimal | None, field_name: str) -> None:
    """Raises Refused with InvalidInput if no session can have the amount that the caller expects."""
    if expected is not None and (found := problems(expected, (field_name,))):
        raise Refused(*found)
