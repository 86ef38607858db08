"""Returns."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar

import strawberry
from sqlalchemy import ColumnElement, select

from graphql_api.sql.fields import column, many, value
from graphql_api.sql.scope import Scope
from graphql_api.sql.source import Source
from graphql_api.types.amounts import money
from graphql_api.types.node import Node, of_session
from graphql_api.types.sources import CART_ITEMS, RETURNED_ITEMS, RETURNS


def sku(scope: Scope) -> ColumnElement[str]:
    """Return the SKU of the line that was returned."""
    line = scope.alias(CART_ITEMS)
    found = select(line.c.sku).where(*of_session(line.c, scope.row, position="position"))
    return found.correlate_except(line).scalar_subquery()


@strawberry.type(description="Units of one cart line that were returned together.")
class ReturnedItem:
    source: ClassVar[Source] = RETURNED_ITEMS

    position: int = column("The index of the line in the cart, from 0.")
    sku: str = value("The SKU of the line.", sku)
    quantity: int = column("The number of units that were returned.")
    amount: Decimal = money("The refund for these units: their price less their part of the line's discountShare.")


@strawberry.type(description="Items of a session that were returned together.")
class SessionReturn(Node):
    source: ClassVar[Source] = RETURNS

    created: datetime = column("When the items were returned.")
    items: list[ReturnedItem] = many(
        "The items that were returned, in the order of the cart; one for each cart line.",
        lambda scope, item: of_session(item, scope.row, version="version"),
        order_by=["position"],
        at_most=1_000,
    )
    amount: Decimal = money("The refund for all items: the sum of their amounts.")
