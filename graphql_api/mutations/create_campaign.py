"""createCampaign."""

from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry

from db.domain.errors import AlreadyExists, UnknownAttribute
from db.domain.promotions.campaign import DEFAULT_RANK, Stacking
from db.domain.promotions.campaign_state import CampaignState
from db.domain.promotions.code import CampaignRequirement
from db.domain.promotions.commands import CreateCampaign
from db.operations import campaigns
from graphql_api.execution.context import Info
from graphql_api.mutations.campaign_inputs import CampaignLimitInput, PromotionRuleInput, content_of
from graphql_api.mutations.declaration import REPEATABLE_ERRORS, mutation
from graphql_api.mutations.inputs import APPLICATION_ID, IDEMPOTENCY_KEY, writable_application
from graphql_api.mutations.payload import PAYLOAD, RepeatablePayload
from graphql_api.mutations.runner import execute_command
from graphql_api.types.campaign import Campaign
from graphql_api.types.written import WRITTEN_ROW

NAME = "A name for people, 1 to 100 characters; unique in the application."
NOTES = "A description for people, at most 10000 characters."
STARTS = "The time from which on the campaign applies."
ENDS = "The time from which on it no longer applies; after starts."
RANK = "The place in the order in which campaigns apply: lower ranks come first, and of equal ranks the older campaign."
STACKING = "Whether campaigns that come later still apply after this one gave a discount."
BEST_OF = (
    "The name of a group, 1 to 100 characters. Of the campaigns in a group, only the one that gives the greatest"
    " discount applies."
)
RULES = "The rules, in the order in which they apply; at most 100."
LIMITS = "The limits, at most 20."
CONTENT_ERRORS = (*REPEATABLE_ERRORS, AlreadyExists, UnknownAttribute)


@strawberry.enum(description="The state in which a campaign is created.")
class NewCampaignState(Enum):
    DRAFT = strawberry.enum_value("draft", description="The campaign is being written. It gives no discounts.")
    ACTIVE = strawberry.enum_value("active", description="The campaign gives discounts from now on.")


@strawberry.input(description="The new campaign.")
class CreateCampaignInput:
    application_id: int | None = strawberry.field(description=APPLICATION_ID, default=None)
    name: str = strawberry.field(description=NAME)
    notes: str | None = strawberry.field(description=NOTES, default=None)
    starts: datetime | None = strawberry.field(description=STARTS, default=None)
    ends: datetime | None = strawberry.field(description=ENDS, default=None)
    rank: int = strawberry.field(description=RANK, default=DEFAULT_RANK)
    stacking: Stacking = strawberry.field(description=STACKING, default=Stacking.STACK)
    best_of: str | None = strawberry.field(description=BEST_OF, default=None)
    requires: CampaignRequirement = strawberry.field(
        description="The code that a session needs for this campaign. It cannot change.",
        default=CampaignRequirement.NOTHING,
    )
    rules: list[PromotionRuleInput] = strawberry.field(description=RULES)
    limits: list[CampaignLimitInput] = strawberry.field(description=LIMITS, default_factory=list)
    state: NewCampaignState = strawberry.field(description="The state.", default=NewCampaignState.DRAFT)
    idempotency_key: str | None = strawberry.field(description=IDEMPOTENCY_KEY, default=None)


@strawberry.type(description="The answer of createCampaign and updateCampaign.")
class CampaignPayload(RepeatablePayload):
    @strawberry.field(
        description="The campaign after the mutation; null if the mutation was refused.", metadata=WRITTEN_ROW
    )
    async def campaign(self, info: Info) -> Campaign | None:
        """Read by its key."""
        return await self.read(info)


@mutation(
    description="Create a campaign. Refused with AlreadyExists if another one has its name. Needs a WRITER or ADMIN"
    " key.",
    errors=CONTENT_ERRORS,
    metadata=PAYLOAD,
)
async def create_campaign(
    info: Info, input: Annotated[CreateCampaignInput, strawberry.argument(description="The campaign.")]
) -> CampaignPayload:
    command = CreateCampaign(
        application_id=writable_application(info, input.application_id),
        content=content_of(input),
        state=CampaignState[input.state.name],
        idempotency_key=input.idempotency_key,
    )
    return await execute_command(info, CampaignPayload, campaigns.create_campaign, command)
