"""removeCartItems."""

from typing import Annotated

import strawberry

from db.domain.commands import RemoveCartItems
from db.domain.errors import CartLineNotFound, SessionNotEditable, SessionNotFound, VersionConflict
from db.operations import carts
from graphql_api.execution.context import Info
from graphql_api.mutations.declaration import REPEATABLE_ERRORS, mutation
from graphql_api.mutations.inputs import CartLineInput, VersionedInput, cart_application
from graphql_api.mutations.payload import PAYLOAD, CartPayload
from graphql_api.mutations.runner import execute_command, of_viewer


@strawberry.input(description="Lines to remove from the cart of an open session.")
class RemoveCartItemsInput(VersionedInput):
    lines: list[CartLineInput] = strawberry.field(description="The lines, 1 to 1000, each named once.")


@mutation(
    description="Remove lines from the cart of an OPEN session. Discounts of the caller that sum to more than is left"
    " are cut. Refused with CartLineNotFound if one of the lines is gone already. Needs a WRITER or ADMIN key, or a"
    " session token with WRITE_CART.",
    errors=[*REPEATABLE_ERRORS, SessionNotFound, VersionConflict, SessionNotEditable, CartLineNotFound],
    metadata=PAYLOAD,
)
async def remove_cart_items(
    info: Info,
    input: Annotated[RemoveCartItemsInput, strawberry.argument(description="The session and the lines to remove.")],
) -> CartPayload:
    application_id = cart_application(info, input.application_id)
    command = input.command(RemoveCartItems, application_id, lines=[line.name() for line in input.lines])
    return await execute_command(info, CartPayload, of_viewer(info, carts.remove_cart_items), command)
