"""endCoupons."""

from typing import Annotated

import strawberry

from db.domain.promotions.commands import EndCoupons
from db.operations import coupons
from graphql_api.execution.context import Info
from graphql_api.mutations.code_inputs import campaign_key
from graphql_api.mutations.declaration import REPEATABLE_ERRORS, mutation
from graphql_api.mutations.inputs import IDEMPOTENCY_KEY
from graphql_api.mutations.payload import RepeatablePayload
from graphql_api.mutations.runner import execute


@strawberry.input(description="The coupons to end.")
class EndCouponsInput:
    campaign_id: strawberry.ID = strawberry.field(description="The global ID of the campaign.")
    batch: str = strawberry.field(description="The name of the batch.")
    idempotency_key: str | None = strawberry.field(description=IDEMPOTENCY_KEY, default=None)


@strawberry.type(description="The answer of endCoupons.")
class EndCouponsPayload(RepeatablePayload):
    @strawberry.field(
        description="The number of coupons that ended: those that had not ended before. 0 if the mutation was refused."
    )
    def ended(self) -> int:
        """The number in the outcome."""
        return 0 if self.outcome is None else int(self.outcome.count)


@mutation(
    description="End all coupons of a batch now. Sessions that were closed with them keep their discounts. Needs a"
    " WRITER or ADMIN key.",
    errors=REPEATABLE_ERRORS,
)
async def end_coupons(
    info: Info, input: Annotated[EndCouponsInput, strawberry.argument(description="The campaign and the batch.")]
) -> EndCouponsPayload:
    application_id, campaign_id = campaign_key(info, input.campaign_id)
    command = EndCoupons(
        application_id=application_id,
        campaign_id=campaign_id,
        batch=input.batch,
        idempotency_key=input.idempotency_key,
    )
    context = info.context
    return await execute(info, EndCouponsPayload, coupons.end_coupons, context.actor, command, context.now())
