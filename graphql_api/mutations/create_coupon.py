"""createCoupon."""

from typing import Annotated

import strawberry

from db.domain.promotions.commands import CreateCoupon
from db.operations import coupons
from graphql_api.execution.context import Info
from graphql_api.mutations.code_inputs import CODE, CREATE_ERRORS, USAGE_LIMIT, NewCodeInput
from graphql_api.mutations.declaration import mutation
from graphql_api.mutations.payload import PAYLOAD, RepeatablePayload
from graphql_api.mutations.runner import execute_command
from graphql_api.types.code import Coupon
from graphql_api.types.written import WRITTEN_ROW


@strawberry.input(description="The new coupon.")
class CreateCouponInput(NewCodeInput):
    code: str = strawberry.field(description=f"The code: {CODE}")
    recipient_profile_id: str | None = strawberry.field(
        description="The integration ID of the only customer who can use it. Null or left out: everybody can.",
        default=None,
    )
    usage_limit: int | None = strawberry.field(description=USAGE_LIMIT, default=None)


@strawberry.type(description="The answer of createCoupon and updateCoupon.")
class CouponPayload(RepeatablePayload):
    @strawberry.field(
        description="The coupon after the mutation; null if the mutation was refused.", metadata=WRITTEN_ROW
    )
    async def coupon(self, info: Info) -> Coupon | None:
        """Read by its key."""
        return await self.read(info)


@mutation(
    description="Create a coupon for a campaign that requires COUPON. Refused with AlreadyExists if the application has"
    " a coupon with this code. Needs a WRITER or ADMIN key.",
    errors=CREATE_ERRORS,
    metadata=PAYLOAD,
)
async def create_coupon(
    info: Info, input: Annotated[CreateCouponInput, strawberry.argument(description="The coupon.")]
) -> CouponPayload:
    command = input.command(
        info,
        CreateCoupon,
        code=input.code,
        recipient_id=input.recipient_profile_id,
        usage_limit=input.usage_limit,
    )
    return await execute_command(info, CouponPayload, coupons.create_coupon, command)
