"""updateCoupon."""

from typing import Annotated

import strawberry

from db.domain.promotions.commands import UpdateCoupon
from db.operations import coupons
from graphql_api.execution.context import Info
from graphql_api.mutations.code_inputs import UpdateCodeInput
from graphql_api.mutations.create_coupon import CouponPayload
from graphql_api.mutations.declaration import REPEATABLE_ERRORS, mutation
from graphql_api.mutations.inputs import optional, or_unset
from graphql_api.mutations.payload import PAYLOAD
from graphql_api.mutations.runner import execute_command
from graphql_api.types.code import Coupon


@strawberry.input(description="Changes to a coupon. A field that is left out stays as it is.")
class UpdateCouponInput(UpdateCodeInput):
    recipient_profile_id: str | None = optional(
        "The integration ID of the only customer who can use it. Null: everybody can."
    )


@mutation(
    description="Change a coupon; its code cannot change. Needs a WRITER or ADMIN key.",
    errors=REPEATABLE_ERRORS,
    metadata=PAYLOAD,
)
async def update_coupon(
    info: Info, input: Annotated[UpdateCouponInput, strawberry.argument(description="The coupon and its changes.")]
) -> CouponPayload:
    command = input.command(info, UpdateCoupon, Coupon, recipient_id=or_unset(input.recipient_profile_id))
    return await execute_command(info, CouponPayload, coupons.update_coupon, command)
