"""addCartItems."""

from typing import Annotated

import strawberry

from db.domain.commands import AddCartItems
from db.domain.errors import SessionNotEditable, SessionNotFound, VersionConflict
from db.operations import carts
from graphql_api.execution.context import Info
from graphql_api.mutations.declaration import ATTRIBUTE_ERRORS, REPEATABLE_ERRORS, mutation
from graphql_api.mutations.inputs import CartItemInput, VersionedInput, cart_application
from graphql_api.mutations.payload import PAYLOAD, CartPayload
from graphql_api.mutations.runner import execute_command, of_viewer


@strawberry.input(description="Lines to put into the cart of an open session.")
class AddCartItemsInput(VersionedInput):
    items: list[CartItemInput] = strawberry.field(
        description="The lines, 1 to 1000. One that is equal to a line of the cart in all but its quantity adds to the"
        " quantity there; any other is appended."
    )


@mutation(
    description="Put lines into the cart of an OPEN session. All other lines stay as they are, also those that somebody"
    " else adds at the same time, so this needs no expectedVersion. Needs a WRITER or ADMIN key, or a session token"
    " with WRITE_CART.",
    errors=[*REPEATABLE_ERRORS, *ATTRIBUTE_ERRORS, SessionNotFound, VersionConflict, SessionNotEditable],
    metadata=PAYLOAD,
)
async def add_cart_items(
    info: Info, input: Annotated[AddCartItemsInput, strawberry.argument(description="The session and its new lines.")]
) -> CartPayload:
    application_id = cart_application(info, input.application_id)
    command = input.command(AddCartItems, application_id, items=[item.line() for item in input.items])
    return await execute_command(info, CartPayload, of_viewer(info, carts.add_cart_items), command)
