"""The lines of a cart."""

from decimal import Decimal
from typing import ClassVar

import strawberry

from db.tables import CartItemRow
from graphql_api.scalars import JSONObject
from graphql_api.sql.fields import column, embedded, money, value
from graphql_api.sql.global_ids import Source


@strawberry.type(description="What a cart line is a variant of.")
class Product:
    """Kept in the line."""

    source: ClassVar[Source] = Source(CartItemRow)

    name: str = value("The product's name; 1 to 1000 characters.", lambda scope: scope.row["product_name"])


@strawberry.type(description="A line of a cart.")
class CartItem:
    """A line as the API shows it."""

    source: ClassVar[Source] = Source(CartItemRow)

    position: int = column("Index in the cart, from 0.")
    sku: str = column("The stock keeping unit; the same may stand on several lines.")
    name: str | None = column("What the shopper sees.")
    quantity: int = column("How many units were put in, those returned included.")
    returned_quantity: int = column("How many of them have come back.")
    remaining_quantity: int = value(
        "How many have not come back.", lambda scope: scope.row["quantity"] - scope.row["returned_quantity"]
    )
    price: Decimal = money("Of one unit.")
    total: Decimal = money("price times quantity.", lambda scope: scope.row["price"] * scope.row["quantity"])
    discount_share: Decimal = money(
        "The line's share of the session's discounts. All lines' shares sum to discountTotal, to the last minor unit."
    )
    category: str | None = column("The category the integration puts it in.")
    product: Product | None = embedded(
        "The product it is a variant of.", when=lambda scope: scope.row["product_name"].is_not(None)
    )
    weight: Decimal | None = column("Of one unit, in grams.")
    height: Decimal | None = column("Of one unit, in millimetres.")
    width: Decimal | None = column("Of one unit, in millimetres.")
    length: Decimal | None = column("Of one unit, in millimetres.")
    attributes: JSONObject = column("The line's attributes, by name.")
