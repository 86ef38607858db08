"""updateCampaign."""

from datetime import datetime
from typing import Annotated

import strawberry

from db.domain.errors import RevisionConflict
from db.domain.promotions.campaign import Stacking
from db.domain.promotions.campaign_state import CampaignState
from db.domain.promotions.commands import UpdateCampaign
from db.operations import campaigns
from graphql_api.execution.context import Info
from graphql_api.mutations.campaign_inputs import CampaignLimitInput, PromotionRuleInput, content_of
from graphql_api.mutations.create_campaign import (
    BEST_OF,
    CONTENT_ERRORS,
    ENDS,
    LIMITS,
    NAME,
    NOTES,
    RANK,
    RULES,
    STACKING,
    STARTS,
    CampaignPayload,
)
from graphql_api.mutations.declaration import mutation
from graphql_api.mutations.inputs import IDEMPOTENCY_KEY, key_from_id, optional, writable_application
from graphql_api.mutations.payload import PAYLOAD
from graphql_api.mutations.runner import execute_command
from graphql_api.types.campaign import Campaign


@strawberry.input(
    description="Changes to a campaign. A field that is left out stays as it is; null does the same, unless the field"
    " says that null clears it."
)
class UpdateCampaignInput:
    id: strawberry.ID = strawberry.field(description="The global ID of the campaign.")
    name: str | None = optional(NAME)
    notes: str | None = optional(f"{NOTES} Null clears it.")
    starts: datetime | None = optional(f"{STARTS} Null clears it.")
    ends: datetime | None = optional(f"{ENDS} Null clears it.")
    rank: int | None = optional(RANK)
    stacking: Stacking | None = optional(STACKING)
    best_of: str | None = optional(f"{BEST_OF} Null takes the campaign out of its group.")
    rules: list[PromotionRuleInput] | None = optional(f"{RULES} They replace all rules.")
    limits: list[CampaignLimitInput] | None = optional(
        f"{LIMITS} They replace all limits. A limit with the same measure, per and period keeps what it has counted."
    )
    state: CampaignState | None = strawberry.field(
        description="The new state. DRAFT can become ACTIVE, ACTIVE can become PAUSED, and PAUSED can become ACTIVE."
        " Each of them can become ARCHIVED.",
        default=None,
    )
    expected_revision: int | None = strawberry.field(
        description="The revision that the campaign should have. If it has another one, the mutation is refused with"
        " RevisionConflict. Null or left out: not checked.",
        default=None,
    )
    idempotency_key: str | None = strawberry.field(description=IDEMPOTENCY_KEY, default=None)


@mutation(
    description="Change a campaign. New content makes a new revision, by which sessions are evaluated from then on;"
    " closed sessions keep what they were given. A change of state makes no revision. An ARCHIVED campaign cannot be"
    " changed. Needs a WRITER or ADMIN key.",
    errors=[*CONTENT_ERRORS, RevisionConflict],
    metadata=PAYLOAD,
)
async def update_campaign(
    info: Info, input: Annotated[UpdateCampaignInput, strawberry.argument(description="The campaign and its changes.")]
) -> CampaignPayload:
    application_id, campaign_id = key_from_id(Campaign, input.id)
    command = UpdateCampaign(
        application_id=writable_application(info, int(application_id)),
        campaign_id=int(campaign_id),
        changes=content_of(input),
        state=input.state,
        expected_revision=input.expected_revision,
        idempotency_key=input.idempotency_key,
    )
    return await execute_command(info, CampaignPayload, campaigns.update_campaign, command)
