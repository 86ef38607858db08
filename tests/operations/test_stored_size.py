"""The stored size of a session, and its limit in each kind of change."""

from collections.abc import Callable
from typing import Any

import pytest
from shop import Shop, line, refusals, units

from db.domain.attribute_definition import AttributeEntity
from db.domain.errors import InvalidInput
from db.operations.outcome import Actor
from db.repository.core import SESSION

LARGE = [line("x" * 900), line("y" * 900)]


def stored_size(shop: Shop) -> int:
    """Return the size in the row of s1."""
    names, row = SESSION.c.keys(), shop.all_rows()["customer_session"][0]
    size: int = row[names.index("size")]
    return size


def test_size_is_stored_with_every_change(shop: Shop) -> None:
    shop.define(AttributeEntity.CUSTOMER_SESSION, "note")
    changes: list[Callable[[], Any]] = [
        lambda: shop.create(cart_items=[line(quantity=2)]),
        lambda: shop.update(coupon="spring"),
        lambda: shop.update(cart_items=[line(quantity=2), line("pear", name="Pear")]),
        lambda: shop.update(cart_items=[line(quantity=2)], identifiers=["till"]),
        lambda: shop.upsert(attributes={"note": "é" * 100}),
        shop.close,
        lambda: shop.return_items(units(0, 1)),
        shop.cancel,
    ]
    for change in changes:
        change()
        assert stored_size(shop) == shop.session().size


@pytest.mark.parametrize("change", ["create", "update", "upsert"])
def test_session_that_would_be_too_large_is_refused(shop: Shop, change: str) -> None:
    shop.till = Actor("Till", "till00000000", max_session_bytes=1_000)
    if change == "update":
        shop.create()
    before = shop.all_rows()

    (refusal,) = refusals(getattr(shop, change), cart_items=LARGE)

    assert isinstance(refusal, InvalidInput)
    assert refusal.path == ("cartItems",)
    assert "the limit is 1000" in refusal.message
    assert shop.all_rows() == before


def test_session_above_a_lowered_limit_can_be_closed_and_returned(shop: Shop) -> None:
    shop.create(cart_items=LARGE)
    shop.till = Actor("Till", "till00000000", max_session_bytes=1_000)

    shop.close()
    shop.return_items(units(0, 1))
    shop.cancel()

    assert stored_size(shop) > 1_000
