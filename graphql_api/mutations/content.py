"""The input that create, update and upsert share: what a session holds."""

from dataclasses import fields
from decimal import Decimal
from typing import Any, TypeVar

import strawberry

from db.domain.cart import CartLine
from db.domain.commands import UNSET, SessionContent, Unset
from db.domain.discounts import Discount
from graphql_api.scalars import JSONObject

T = TypeVar("T")

INTEGRATION_ID = (
    "Set by the integration layer; unique in the application; 1 to 1000 characters and at most 1300 bytes of UTF-8."
)
APPLICATION_ID = "Left out with a READER or WRITER key, whose application is meant; needed with an ADMIN key."
EXPECTED_VERSION = "Refuse with VersionConflict unless the session is at this version."
IDEMPOTENCY_KEY = (
    "Up to 255 characters. A repeat with the same key and the same input within 24 hours changes nothing and answers"
    " with what the first made, as it is now; with another input it is refused."
)


def optional(description: str) -> Any:
    """An input field that may be left out."""
    return strawberry.field(description=description, default=strawberry.UNSET)


@strawberry.input(description="The product that a cart line is a variant of.")
class ProductInput:
    """See CartItemInput."""

    name: str = strawberry.field(description="1 to 1000 characters.")


@strawberry.input(description="A line of a cart.")
class CartItemInput:
    """A line as it comes in."""

    sku: str = strawberry.field(
        description="The stock keeping unit; 1 to 1000 characters and at most 1300 bytes of UTF-8."
        " Several lines may have the same one."
    )
    quantity: int = strawberry.field(description="1 or more; at most 10000 in the whole cart.")
    price: Decimal = strawberry.field(description="Of one unit; 0 or more, at most 4 decimal places.")
    name: str | None = strawberry.field(description="What the shopper sees.", default=None)
    category: str | None = strawberry.field(description="The category the line belongs to.", default=None)
    product: ProductInput | None = strawberry.field(description="The product it is a variant of.", default=None)
    weight: Decimal | None = strawberry.field(description="Of one unit, in grams.", default=None)
    height: Decimal | None = strawberry.field(description="Of one unit, in millimetres.", default=None)
    width: Decimal | None = strawberry.field(description="Of one unit, in millimetres.", default=None)
    length: Decimal | None = strawberry.field(description="Of one unit, in millimetres.", default=None)
    attributes: JSONObject | None = strawberry.field(description="Attributes defined for CART_ITEM.", default=None)

    def line(self) -> CartLine:
        """The line as the domain has it."""
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
    """A discount as it comes in."""

    label: str = strawberry.field(description="1 to 100 characters; once in a session.")
    amount: Decimal = strawberry.field(description="A whole number of minor units, 0 or more.")


@strawberry.input
class ContentInput:
    """The fields that a session's content consists of. Lists replace the whole list."""

    profile_id: str | None = optional(
        "The customer's integration ID; at most 1000 characters and 1300 bytes of UTF-8; empty or null for an anonymous"
        " session."
    )
    coupon: str | None = optional("A coupon code, as entered, up to 100 characters; empty or null clears it.")
    referral: str | None = optional("A referral code, as entered, up to 100 characters; empty or null clears it.")
    cart_items: list[CartItemInput] | None = optional("All lines of the cart, in order; at most 1000.")
    identifiers: list[str] | None = optional("All identifiers; at most 5, each 1 to 255 characters, no duplicates.")
    attributes: JSONObject | None = optional("Attributes to set, by name; a null value removes one, null removes all.")
    discounts: list[DiscountInput] | None = optional("All discounts; together no more than the cart's total.")

    def given(self) -> list[str]:
        """The names of the fields that are not left out, as the schema has them."""
        names = {"profile_id": "profileId", "cart_items": "cartItems"}
        return [
            names.get(field.name, field.name)
            for field in fields(ContentInput)
            if getattr(self, field.name) is not strawberry.UNSET
        ]

    def content(self) -> SessionContent:
        """The content as the domain has it."""
        lines, discounts = known(self.cart_items), known(self.discounts)
        return SessionContent(
            profile_id=known(self.profile_id),
            coupon=known(self.coupon),
            referral=known(self.referral),
            cart_items=[item.line() for item in lines] if isinstance(lines, list) else lines,
            identifiers=known(self.identifiers),
            attributes=known(self.attributes),
            discounts=[Discount(each.label, each.amount) for each in discounts]
            if isinstance(discounts, list)
            else discounts,
        )


def known(value: T) -> T | Unset:
    """A value, or the domain's word for one that was left out."""
    return UNSET if value is strawberry.UNSET else value


def kept(value: T | None) -> T | Unset:
    """A value that cannot be cleared: null means the same as leaving it out."""
    return UNSET if value is None else value
