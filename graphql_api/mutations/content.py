"""The input that createSession, updateSession and upsertSession share: the content of a session."""

from dataclasses import fields
from decimal import Decimal

import strawberry

from db.domain.cart import CartLine
from db.domain.commands import Discount, SessionContent
from graphql_api.mutations.arguments import optional, or_unset
from graphql_api.scalars import JSONObject


@strawberry.input(description="The product that a cart line is a variant of.")
class ProductInput:
    name: str = strawberry.field(description="The name of the product, 1 to 1000 characters.")


@strawberry.input(description="One line of a cart.")
class CartItemInput:
    sku: str = strawberry.field(
        description="The stock keeping unit, 1 to 1000 characters and at most 1300 bytes of UTF-8. Several lines may"
        " have the same one."
    )
    quantity: int = strawberry.field(description="The number of units, 1 or more; at most 10000 in the whole cart.")
    price: Decimal = strawberry.field(
        description="The price of one unit in the application's currency; 0 or more, with at most 4 decimal places."
    )
    name: str | None = strawberry.field(
        description="The name that the shopper sees, at most 1000 characters.", default=None
    )
    category: str | None = strawberry.field(
        description="The category of the item, at most 1000 characters.", default=None
    )
    product: ProductInput | None = strawberry.field(
        description="The product that the item is a variant of.", default=None
    )
    weight: Decimal | None = strawberry.field(description="The weight of one unit in grams.", default=None)
    height: Decimal | None = strawberry.field(description="The height of one unit in millimetres.", default=None)
    width: Decimal | None = strawberry.field(description="The width of one unit in millimetres.", default=None)
    length: Decimal | None = strawberry.field(description="The length of one unit in millimetres.", default=None)
    attributes: JSONObject | None = strawberry.field(
        description="Values by name, for attributes that are defined for CART_ITEM.", default=None
    )

    def line(self) -> CartLine:
        """Convert to the domain's line."""
        return CartLine(
            sku=self.sku,
            quantity=self.quantity,
            price=self.price,
            name=self.name,
            category=self.category,
            product_name=self.product.name if self.product else None,
            weight=self.weight,
            height=self.height,
            width=self.width,
            length=self.length,
            attributes=self.attributes or {},
        )


@strawberry.input(description="A discount on the whole session.")
class DiscountInput:
    label: str = strawberry.field(description="The name of the discount, 1 to 100 characters; unique in the session.")
    amount: Decimal = strawberry.field(
        description="The amount, 0 or more, in whole minor units of the currency: two decimal places for EUR, none for"
        " JPY."
    )


@strawberry.input
class ContentInput:
    """The fields of a session's content, all of which can be left out. A list replaces the whole list."""

    profile_id: str | None = optional(
        "The integration ID of the customer, at most 1000 characters. A profile is created if there is none. Empty or"
        " null makes the session anonymous."
    )
    coupon: str | None = optional("A coupon code as the shopper entered it, at most 100 characters. Null clears it.")
    referral: str | None = optional(
        "A referral code as the shopper entered it, at most 100 characters. Null clears it."
    )
    cart_items: list[CartItemInput] | None = optional(
        "All lines of the cart, in order; at most 1000. They replace the lines that the session has."
    )
    identifiers: list[str] | None = optional(
        "All texts that the session can be found by, in order; at most 5, each 1 to 255 characters, without"
        " duplicates. They replace those that the session has."
    )
    attributes: JSONObject | None = optional(
        "Values to set, by name, for attributes that are defined for CUSTOMER_SESSION. Attributes that are not named"
        " stay; a value of null removes one, and null for the whole object removes all."
    )
    discounts: list[DiscountInput] | None = optional(
        "All discounts. They replace those that the session has. Their sum is at most the total of the cart, or the"
        " mutation is refused with DiscountExceedsTotal."
    )

    def given(self) -> list[str]:
        """Return the GraphQL names of the content fields that are not left out."""
        names = {"profile_id": "profileId", "cart_items": "cartItems"}
        return [
            names.get(field.name, field.name)
            for field in fields(ContentInput)
            if getattr(self, field.name) is not strawberry.UNSET
        ]

    def content(self) -> SessionContent:
        """Convert to the domain's content."""
        lines, discounts = or_unset(self.cart_items), or_unset(self.discounts)
        return SessionContent(
            profile_id=or_unset(self.profile_id),
            coupon=or_unset(self.coupon),
            referral=or_unset(self.referral),
            cart_items=[item.line() for item in lines] if isinstance(lines, list) else lines,
            identifiers=or_unset(self.identifiers),
            attributes=or_unset(self.attributes),
            discounts=[Discount(each.label, each.amount) for each in discounts]
            if isinstance(discounts, list)
            else discounts,
        )
