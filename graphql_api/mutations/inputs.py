"""Inputs that several mutations share, with their conversions and checks."""

from dataclasses import fields
from decimal import Decimal
from typing import Any, TypeVar

import strawberry

from db.domain.cart import CartLine, LineName
from db.domain.commands import UNSET, Discount, SessionCommand, SessionContent, Unset
from graphql_api.execution.context import Context, Info
from graphql_api.scalars import JSONObject
from graphql_api.sql.global_ids import parse
from graphql_api.sql.source import Source

T = TypeVar("T")
C = TypeVar("C", bound=SessionCommand)

INTEGRATION_ID = "The integration ID of the session, 1 to 1000 characters; unique in the application."
APPLICATION_ID = (
    "The number of the application. A READER or WRITER key has one application, and leaves this out; an ADMIN key has"
    " to give it."
)
EXPECTED_VERSION = (
    "The version that the session should have. If it has another one, the mutation is refused with VersionConflict."
    " Null or left out: not checked."
)
REQUIRE_COUPON = (
    "True to refuse the mutation with CouponNotAccepted unless the session has a coupon that is accepted. False, null"
    " or left out: not checked."
)
IDEMPOTENCY_KEY = (
    "A text of 1 to 255 characters that the client chooses, so that it can send the mutation"
    " again safely, for example after a timeout. If a mutation with the same text and the same input was"
    " carried out in the last 24 hours, nothing changes: the payload has what it changed as it is"
    " now, and replayed is true. The same text with another input is refused with IdempotencyKeyReused."
    " Each API key has its own idempotency keys."
)


def optional(description: str) -> Any:
    """Return an input field that can be left out, which is not the same as null."""
    return strawberry.field(description=description, default=strawberry.UNSET)


@strawberry.input
class SessionInput:
    """The fields by which a mutation finds its session, and by which it can be repeated."""

    integration_id: str = strawberry.field(description=INTEGRATION_ID)
    application_id: int | None = strawberry.field(description=APPLICATION_ID, default=None)
    idempotency_key: str | None = strawberry.field(description=IDEMPOTENCY_KEY, default=None)

    def command(self, command: type[C], application_id: int, **fields: Any) -> C:
        """Return a command on the session of the input."""
        return command(
            application_id=application_id,
            integration_id=self.integration_id,
            idempotency_key=self.idempotency_key,
            **fields,
        )


@strawberry.input
class VersionedInput(SessionInput):
    """The fields of a mutation that is refused if the session has changed."""

    expected_version: int | None = strawberry.field(description=EXPECTED_VERSION, default=None)

    def command(self, command: type[C], application_id: int, **fields: Any) -> C:
        """Return a command on the expected version."""
        return super().command(command, application_id, expected_version=self.expected_version, **fields)


def or_unset(value: T) -> T | Unset:
    """Return a value, or the domain's UNSET for one that was left out."""
    return UNSET if value is strawberry.UNSET else value


def unset_if_null(value: T | None) -> T | Unset:
    """Return a value that cannot be cleared: null means the same as leaving it out."""
    return UNSET if value is None else value


def writable_application(info: Info, application_id: int | None) -> int:
    """Return the application that the caller may change. Raises Forbidden and BadUserInput."""
    context: Context = info.context
    context.viewer.require_write()
    return context.viewer.resolve_application(application_id)


def cart_application(info: Info, application_id: int | None) -> int:
    """Return the application in which the caller may change carts. Raises Forbidden and BadUserInput.

    A session token may change the cart of its own session.
    """
    context: Context = info.context
    context.viewer.require_update(["cartItems"])
    return context.viewer.resolve_application(application_id)


def key_from_id(type_: type[Any], global_id: str) -> list[int | str]:
    """Return the key of an object of one type, from its global ID. Raises BadUserInput on any other ID."""
    source: Source = type_.source
    return parse(global_id, {str(source.prefix): source})[1]


@strawberry.input(description="The product that a cart line is a variant of.")
class ProductInput:
    name: str = strawberry.field(description="The name of the product, 1 to 1000 characters.")


@strawberry.input(description="One line of a cart.")
class CartItemInput:
    id: strawberry.ID | None = strawberry.field(
        description="The id of an existing line of the cart, which this line replaces; the line keeps its id. Null or"
        " left out: the line keeps the id of the existing line that is equal in all but its quantity, or gets a new"
        " one. Only for a change of an existing session by updateSession or upsertSession: new lines have no id yet."
        " Refused with CartLineNotFound if the cart has no line with this id.",
        default=None,
    )
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
            id=self.id,
        )


@strawberry.input(
    description="Names a line of the cart: by its id, by its position when the mutation is carried out, or by its"
    " SKU. A SKU names a line only if the cart has it once. Refused with CartLineNotFound if there is no such line."
    " Prefer the id: the position of a line changes when a line before it is removed.",
    one_of=True,
)
class CartLineInput:
    id: strawberry.ID | None = optional("The id of the line.")
    position: int | None = optional("The index of the line in the cart, from 0.")
    sku: str | None = optional("The SKU of the line.")

    def name(self) -> LineName:
        """Convert to the domain's name of a line."""
        given = {name: getattr(self, name) for name in ("id", "position", "sku")}
        return LineName(**{name: value for name, value in given.items() if value is not strawberry.UNSET})


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
