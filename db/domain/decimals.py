"""The canonical text of a decimal."""

from decimal import Decimal


def decimal_places(amount: Decimal) -> int:
    """Return the number of decimal places that the value needs: 1 for 1.50."""
    _, digits, exponent = amount.as_tuple()
    assert isinstance(exponent, int)  # it is a str for NaN and infinity, which no amount is
    if exponent >= 0:
        return 0
    zeros = 0
    for digit in reversed(digits):
        if digit or zeros >= -exponent:
            break
        zeros += 1
    return max(0, -exponent - zeros) if any(digits) else 0


def format_decimal(amount: Decimal, minor_digits: int) -> str:
    """Format an amount with at least ``minor_digits`` decimal places, no more than needed, and never an exponent."""
    return f"{amount:.{max(minor_digits, decimal_places(amount))}f}"


def normalize(amount: Decimal) -> Decimal:
    """Return the same amount without trailing zeros: 29.3 for 29.30, 30 for 30.00."""
    return amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount.normalize()
