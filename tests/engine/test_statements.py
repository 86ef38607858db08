"""How many statements a change takes: they are most of its cost, and their number does not grow with the cart."""

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from decimal import Decimal
from typing import Any

import pytest
from shop import Shop, line, units
from sqlalchemy import Engine, event

from db.domain.commands import Discount

# On SQLite, and on PostgreSQL, where each is a way to the server and back: there what is read is one statement, and so
# is what is written, where no short list is written anew.
FEW = {
    "create an empty session": (2, 1),
    "create a full one": (7, 1),
    "change nothing": (4, 1),
    "change a code": (6, 2),
    "change the profile": (8, 5),
    "close": (7, 2),
    "return a unit": (9, 4),
    "cancel after a return": (9, 2),
    "create with a key": (4, 3),
    "repeat": (2, 2),
}


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The statements sent to the database so far."""
    sent: list[str] = []

    def listen(*args: object) -> None:
        statement = str(args[2])
        if not statement.startswith("BEGIN"):
            sent.append(statement)

    monkeypatch.setattr(
        "db.engine.statements.statement_observer", ContextVar("all", default=lambda text, dialect: sent.append(text))
    )
    event.listen(Engine, "before_cursor_execute", listen)
    yield sent
    event.remove(Engine, "before_cursor_execute", listen)


def counted(statements: list[str], change: Callable[[], object]) -> int:
    """How many statements a change sends."""
    statements.clear()
    change()
    return len(statements)


def test_each_change_takes_a_fixed_number_of_statements(shop: Shop, statements: list[str]) -> None:
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
        "return a unit": lambda: shop.return_items(units(0)),
        "cancel after a return": lambda: shop.cancel("s1"),
        "create with a key": lambda: shop.create("keyed", key="1"),
        "repeat": lambda: shop.create("keyed", key="1"),
    }

    shop.create("the first")  # what never changes of the application is known from here on

    assert {name: counted(statements, change) for name, change in changes.items()} == {
        name: few[shop.database.dialect.name == "postgresql"] for name, few in FEW.items()
    }


@pytest.mark.parametrize("lines", [2, 1_000])
def test_a_larger_cart_takes_no_more_statements(shop: Shop, statements: list[str], lines: int) -> None:
    cart = [line(f"sku {number}") for number in range(lines)]

    at_once = shop.database.dialect.name == "postgresql"
    shop.create("the first")

    assert counted(statements, lambda: shop.create(cart_items=cart)) == (1 if at_once else 3)
    assert counted(statements, lambda: shop.update(cart_items=cart[1:])) == (3 if at_once else 8)
    assert counted(statements, shop.close) == (2 if at_once else 6)
