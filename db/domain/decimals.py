"""Decimals as text: how many places they need, and the canonical form."""

from decimal import Decimal


def decimal_places(amount: Decimal) -> int:
    """How many decimal places the value needs: 1.50 needs one."""
    _, digits, exponent = amount.as_tuple()
    assert isinstance(exponent, int)  # a finite amount
    if exponent >= 0:
        return 0
    zeros = 0
    for digit in reversed(digits):
        if digit or zeros >= -exponent:
            break
        zeros += 1
    return max(0, -exponent - zeros) if any(digits) else 0


def printed(amount: Decimal, minor_digits: int) -> str:
    """The canonical form: at least the currency's minor digits, no more than needed, never an exponent."""
    return f"{amount:.{max(minor_digits, decimal_places(amount))}f}"
