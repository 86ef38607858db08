"""createReferral."""

from typing import Annotated

import strawberry

from db.domain.promotions.commands import CreateReferral
from db.operations import referrals
from graphql_api.execution.context import Info
from graphql_api.mutations.code_inputs import CODE, CREATE_ERRORS, USAGE_LIMIT, NewCodeInput
from graphql_api.mutations.declaration import mutation
from graphql_api.mutations.payload import PAYLOAD, RepeatablePayload
from graphql_api.mutations.runner import execute_command
from graphql_api.types.code import Referral
from graphql_api.types.written import WRITTEN_ROW


@strawberry.input(description="The new referral.")
class CreateReferralInput(NewCodeInput):
    code: str | None = strawberry.field(
        description=f"The code: {CODE} Null or left out: a random one of 8 letters and digits.", default=None
    )
    advocate_profile_id: str = strawberry.field(
        description="The integration ID of the customer who invites, and who cannot use the referral."
    )
    friend_profile_id: str | None = strawberry.field(
        description="The integration ID of the only customer who can use it. Null or left out: all but the advocate"
        " can.",
        default=None,
    )
    usage_limit: int | None = strawberry.field(description=USAGE_LIMIT, default=None)


@strawberry.type(description="The answer of createReferral and updateReferral.")
class ReferralPayload(RepeatablePayload):
    @strawberry.field(
        description="The referral after the mutation; null if the mutation was refused.", metadata=WRITTEN_ROW
    )
    async def referral(self, info: Info) -> Referral | None:
        """Read by its key."""
        return await self.read(info)


@mutation(
    description="Create a referral for a campaign that requires REFERRAL. Refused with AlreadyExists if the application"
    " has a referral with this code. Needs a WRITER or ADMIN key.",
    errors=CREATE_ERRORS,
    metadata=PAYLOAD,
)
async def create_referral(
    info: Info, input: Annotated[CreateReferralInput, strawberry.argument(description="The referral.")]
) -> ReferralPayload:
    command = input.command(
        info,
        CreateReferral,
        code=input.code,
        advocate_id=input.advocate_profile_id,
        friend_id=input.friend_profile_id,
        usage_limit=input.usage_limit,
    )
    return await execute_command(info, ReferralPayload, referrals.create_referral, command)
