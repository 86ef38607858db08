"""How many statements a change takes: they are most of what it costs, and a cart of any size takes as many."""

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from decimal import Decimal
from typing import Any

import pytest
from shop import Shop, line, units
from sqlalchemy import Engine, event

from db.domain.discounts import Discount


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What has been sent to the database so far."""
    sent: list[str] = []

    def listen(*args: object) -> None:
        statement = str(args[2])
        if not statement.startswith("BEGIN"):
            sent.append(statement)

    monkeypatch.setattr("db.statements.watching", ContextVar("all", default=lambda text, dialect: sent.append(text)))
    event.listen(Engine, "before_cursor_execute", listen)
    yield sent
    event.remove(Engine, "before_cursor_execute", listen)


def counted(statements: list[str], change: Callable[[], object]) -> int:
    """How many statements a change sends."""
    statements.clear()
    change()
    return len(statements)


def test_a_change_takes_few_statements(shop: Shop, statements: list[str]) -> None:
    content: dict[str, Any] = {
        "profile_id": "ada",
        "identifiers": ["till 4"],
        "discounts": [Discount("spring", Decimal(1))],
        "cart_items": [line(), line("pear")],
    }
    changes = {
        "create an empty session": lambda: shop.create("empty"),
        "create a full one": lambda: shop.create("s1", **content),
        "change nothing": lambda: shop.update("s1", **content),
        "change a code": lambda: shop.update("s1", coupon="SPRING"),
        "change the profile": lambda: shop.update("s1", profile_id="grace"),
        "close": lambda: shop.close("s1"),
        "return a unit": lambda: shop.take_back(units(0)),
        "cancel after a return": lambda: shop.cancel("s1"),
        "create with a key": lambda: shop.create("keyed", key="1"),
        "repeat": lambda: shop.create("keyed", key="1"),
    }

    assert {name: counted(statements, change) for name, change in changes.items()} == {
        "create an empty session": 3,
        "create a full one": 8,
        "change nothing": 5,
        "change a code": 7,
        "change the profile": 9,
        "close": 6,
        "return a unit": 10,
        "cancel after a return": 8,
        "create with a key": 5,
        "repeat": 2,
    }


@pytest.mark.parametrize("lines", [2, 1_000])
def test_a_cart_of_any_size_takes_as_many(shop: Shop, statements: list[str], lines: int) -> None:
    cart = [line(f"sku {number}") for number in range(lines)]

    assert counted(statements, lambda: shop.create(cart_items=cart)) == 4
    assert counted(statements, lambda: shop.update(cart_items=cart[1:])) == 9
    assert counted(statements, shop.close) == 6
