"""Returns."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar

import strawberry
from sqlalchemy import ColumnElement, select

from db.tables import CartItemRow, ReturnedItemRow, SessionReturnRow
from graphql_api.sql.fields import column, many, money, value
from graphql_api.sql.global_ids import Source
from graphql_api.sql.scope import Scope
from graphql_api.types.node import Node, of_session


def sku(scope: Scope) -> ColumnElement[str]:
    """The sku of the line that came back."""
    line = scope.trace.alias(Source(CartItemRow))
    found = select(line.c.sku).where(*of_session(line.c, scope.row, position="position"))
    return found.correlate_except(line).scalar_subquery()


@strawberry.type(description="Units of one cart line that came back in one return.")
class ReturnedItem:
    """A line of a return as the API shows it."""

    source: ClassVar[Source] = Source(ReturnedItemRow)

    position: int = column("The line's index in the cart, from 0.")
    sku: str = value("The line's sku.", sku)
    quantity: int = column("How many units came back.")
    amount: Decimal = money("What was given back for them: their price less their part of the line's discount share.")


@strawberry.type(description="Items of a session that came back together.")
class SessionReturn(Node):
    """A return as the API shows it."""

    source: ClassVar[Source] = Source(SessionReturnRow, "return")

    created: datetime = column("When the items came back.")
    items: list[ReturnedItem] = many(
        "What came back, in the order of the cart.",
        lambda scope, item: of_session(item, scope.row, version="version"),
        order_by=["position"],
    )
    amount: Decimal = money("What was given back: price times quantity less the discount share of those units.")
