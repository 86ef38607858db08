"""Previews: sessions that are evaluated and not stored."""

from decimal import Decimal

import strawberry

from graphql_api.sql.fields import column, from_json
from graphql_api.types.amounts import money
from graphql_api.types.discount import Discount
from graphql_api.types.evaluation import SessionEvaluation


@strawberry.type(description="One line of the cart of a preview.")
class PreviewedCartItem:
    position: int = column("The index of the line in the cart, from 0.")
    sku: str = column("The stock keeping unit.")
    quantity: int = column("The number of units.")
    price: Decimal = money("The price of one unit.")
    total: Decimal = money("The price times the quantity, before discounts.")
    discount_share: Decimal = money("The part of the discounts that falls to this line.")


@strawberry.type(description="A session as it would be with the input. It is computed and not stored.")
class SessionPreview:
    total: Decimal = money("The sum of price times quantity over the cart, before discounts.")
    discount_total: Decimal = money("The sum of the discounts, at most total.")
    net_total: Decimal = money("The amount to pay: total - discountTotal.")
    discounts: list[Discount] = from_json(
        "All discounts, the caller's and those of campaigns, ordered by label.", lambda scope: scope.row["discounts"]
    )
    cart_items: list[PreviewedCartItem] = from_json(
        "All lines of the cart, in order.", lambda scope: scope.row["cart_items"]
    )
    evaluation: SessionEvaluation = from_json(
        "The outcome of the session's promotions, with that of every rule.", lambda scope: scope.row["evaluation"]
    )
