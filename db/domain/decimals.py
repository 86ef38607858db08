"""The canonical text of a decimal."""

from decimal import Decimal


def format_decimal(amount: Decimal, minor_digits: int) -> str:
    """Format an amount with at least ``minor_digits`` decimal places, no more than needed, and never an exponent."""
    if not amount:  # whatever its exponent: 0E+999999999 has as many zeros
        return f"{amount:.{minor_digits}f}"
    whole, _, fraction = f"{amount:f}".partition(".")
    fraction = fraction.rstrip("0").ljust(minor_digits, "0")
    return f"{whole}.{fraction}" if fraction else whole


def normalize(amount: Decimal) -> Decimal:
    """Return the same amount without trailing zeros: 29.3 for 29.30, 30 for 30.00."""
    return amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount.normalize()
