"""updateReferral."""

from typing import Annotated

import strawberry

from db.domain.promotions.commands import UpdateReferral
from db.operations import referrals
from graphql_api.execution.context import Info
from graphql_api.mutations.code_inputs import UpdateCodeInput
from graphql_api.mutations.create_referral import ReferralPayload
from graphql_api.mutations.declaration import REPEATABLE_ERRORS, mutation
from graphql_api.mutations.inputs import optional, or_unset
from graphql_api.mutations.payload import PAYLOAD
from graphql_api.mutations.runner import execute_command
from graphql_api.types.code import Referral


@strawberry.input(description="Changes to a referral. A field that is left out stays as it is.")
class UpdateReferralInput(UpdateCodeInput):
    friend_profile_id: str | None = optional(
        "The integration ID of the only customer who can use it. Null: all but the advocate can."
    )


@mutation(
    description="Change a referral; its code and its advocate cannot change. Needs a WRITER or ADMIN key.",
    errors=REPEATABLE_ERRORS,
    metadata=PAYLOAD,
)
async def update_referral(
    info: Info, input: Annotated[UpdateReferralInput, strawberry.argument(description="The referral and its changes.")]
) -> ReferralPayload:
    command = input.command(info, UpdateReferral, Referral, friend_id=or_unset(input.friend_profile_id))
    return await execute_command(info, ReferralPayload, referrals.update_referral, command)
