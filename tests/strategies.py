"""Strategies of hypothesis that several tests share."""

from typing import Any

from hypothesis import strategies as st

from db.domain.cart import CartLine


def cart_lines(**facts: st.SearchStrategy[Any]) -> st.SearchStrategy[CartLine]:
    """Return lines with these values. ``builds(CartLine)`` would also draw the fields that are left out."""
    return st.fixed_dictionaries(facts).map(lambda values: CartLine(**values))
