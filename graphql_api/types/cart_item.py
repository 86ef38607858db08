"""Cart lines."""

from decimal import Decimal
from typing import ClassVar

import strawberry

from graphql_api.scalars import JSONObject
from graphql_api.sql.fields import column, embedded, value
from graphql_api.sql.source import Source
from graphql_api.types.amounts import money
from graphql_api.types.sources import CART_ITEMS


@strawberry.type(description="The product that a cart line is a variant of.")
class Product:
    source: ClassVar[Source] = CART_ITEMS

    name: str = value("The name of the product, 1 to 1000 characters.", lambda scope: scope.row["product_name"])


@strawberry.type(description="One line of a cart: some units of one item.")
class CartItem:
    source: ClassVar[Source] = CART_ITEMS

    id: strawberry.ID = column(
        "The id of the line. It stays the same while the line is in the cart, also if the line moves. Mutations name"
        " the line by it. It is not a global ID: node does not find lines."
    )
    position: int = column("The index of the line in the cart, from 0.")
    sku: str = column("The stock keeping unit. Several lines may have the same one.")
    name: str | None = column("The name that the shopper sees; null if none was given.")
    quantity: int = column("The number of units, including those that have been returned.")
    returned_quantity: int = column("The number of units that have been returned.")
    remaining_quantity: int = value(
        "The number of units that have not been returned: quantity - returnedQuantity.",
        lambda scope: scope.row["quantity"] - scope.row["returned_quantity"],
    )
    price: Decimal = money("The price of one unit.")
    total: Decimal = money(
        "The price times the quantity, before discounts and returns.",
        lambda scope: scope.row["price"] * scope.row["quantity"],
    )
    discount_share: Decimal = money(
        "The part of the session's discounts that falls to this line, in proportion to its total. The shares"
        " of all lines sum exactly to discountTotal. They are fixed when the session is closed."
    )
    category: str | None = column("The category of the item; null if none was given.")
    product: Product | None = embedded(
        "The product that the item is a variant of; null if none was given.",
        when=lambda scope: scope.row["product_name"].is_not(None),
    )
    weight: Decimal | None = column("The weight of one unit in grams; null if none was given.")
    height: Decimal | None = column("The height of one unit in millimetres; null if none was given.")
    width: Decimal | None = column("The width of one unit in millimetres; null if none was given.")
    length: Decimal | None = column("The length of one unit in millimetres; null if none was given.")
    attributes: JSONObject = column("The values of the line's attributes, by name.")
