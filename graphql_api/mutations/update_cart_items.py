"""updateCartItems."""

from decimal import Decimal
from typing import Annotated

import strawberry

from db.domain.commands import LineChange, UpdateCartItems
from db.domain.errors import CartLineNotFound, SessionNotEditable, SessionNotFound, VersionConflict
from db.operations import carts
from graphql_api.execution.context import Info
from graphql_api.mutations.declaration import ATTRIBUTE_ERRORS, REPEATABLE_ERRORS, mutation
from graphql_api.mutations.inputs import (
    CartLineInput,
    ProductInput,
    VersionedInput,
    cart_application,
    optional,
    or_unset,
)
from graphql_api.mutations.payload import PAYLOAD, CartPayload
from graphql_api.mutations.runner import execute_command, of_viewer
from graphql_api.scalars import JSONObject


@strawberry.input(description="New values for one line. A field that is left out stays as it is; null clears it.")
class CartItemChangeInput:
    line: CartLineInput = strawberry.field(description="The line to change.")
    quantity: int | None = optional(
        "The number of units; 0 removes the line. Null is refused with InvalidInput. At most 10000 in the whole cart."
    )
    price: Decimal | None = optional(
        "The price of one unit; 0 or more, with at most 4 decimal places. Null is refused with InvalidInput."
    )
    name: str | None = optional("The name that the shopper sees, at most 1000 characters.")
    category: str | None = optional("The category of the item, at most 1000 characters.")
    product: ProductInput | None = optional("The product that the item is a variant of.")
    weight: Decimal | None = optional("The weight of one unit in grams.")
    height: Decimal | None = optional("The height of one unit in millimetres.")
    width: Decimal | None = optional("The width of one unit in millimetres.")
    length: Decimal | None = optional("The length of one unit in millimetres.")
    attributes: JSONObject | None = optional(
        "Values to set, by name, for attributes that are defined for CART_ITEM. Attributes that are not named stay; a"
        " value of null removes one, and null for the whole object removes all."
    )

    def change(self) -> LineChange:
        """Convert to the domain's change."""
        product = or_unset(self.product)
        return LineChange(
            line=self.line.name(),
            quantity=or_unset(self.quantity),
            price=or_unset(self.price),
            name=or_unset(self.name),
            category=or_unset(self.category),
            product_name=product.name if isinstance(product, ProductInput) else product,
            weight=or_unset(self.weight),
            height=or_unset(self.height),
            width=or_unset(self.width),
            length=or_unset(self.length),
            attributes=or_unset(self.attributes),
        )


@strawberry.input(description="Changes of lines in the cart of an open session.")
class UpdateCartItemsInput(VersionedInput):
    items: list[CartItemChangeInput] = strawberry.field(description="The changes, 1 to 1000, each of another line.")


@mutation(
    description="Change lines in the cart of an OPEN session, or remove them by a quantity of 0. All other lines stay"
    " as they are. Changes of different lines by several callers are all made; of one line the last quantity stands."
    " Needs a WRITER or ADMIN key, or a session token with WRITE_CART.",
    errors=[
        *REPEATABLE_ERRORS,
        *ATTRIBUTE_ERRORS,
        SessionNotFound,
        VersionConflict,
        SessionNotEditable,
        CartLineNotFound,
    ],
    metadata=PAYLOAD,
)
async def update_cart_items(
    info: Info,
    input: Annotated[UpdateCartItemsInput, strawberry.argument(description="The session and what to change.")],
) -> CartPayload:
    application_id = cart_application(info, input.application_id)
    command = input.command(UpdateCartItems, application_id, items=[item.change() for item in input.items])
    return await execute_command(info, CartPayload, of_viewer(info, carts.update_cart_items), command)
