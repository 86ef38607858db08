"""importCoupons."""

from typing import Annotated

import strawberry

from db.domain.promotions.commands import ImportCoupons
from db.operations import coupons
from graphql_api.execution.context import Info
from graphql_api.mutations.code_inputs import BATCH, CREATE_ERRORS, USAGE_LIMIT, NewCodeInput
from graphql_api.mutations.declaration import mutation
from graphql_api.mutations.payload import RepeatablePayload
from graphql_api.mutations.runner import execute


@strawberry.input(
    description="Coupons with codes that were made elsewhere, at most 1000 at once. The command `cartograph coupons"
    " import` takes millions."
)
class ImportCouponsInput(NewCodeInput):
    codes: list[str] = strawberry.field(
        description="The codes, 1 to 1000, each of 1 to 100 printable ASCII characters. Upper and lower case and blanks"
        " around a code do not count."
    )
    batch: str = strawberry.field(description=BATCH)
    usage_limit: int | None = strawberry.field(description=USAGE_LIMIT, default=1)


@strawberry.type(description="The answer of importCoupons.")
class ImportCouponsPayload(RepeatablePayload):
    @strawberry.field(description="The number of coupons that were created; 0 if the mutation was refused.")
    def imported(self) -> int:
        """The number in the outcome."""
        return 0 if self.outcome is None else int(self.outcome.count)


@mutation(
    description="Create coupons with given codes for a campaign that requires COUPON: all of them, or none if one is"
    " refused. Each refusal has the path of its code. Needs a WRITER or ADMIN key.",
    errors=CREATE_ERRORS,
)
async def import_coupons(
    info: Info, input: Annotated[ImportCouponsInput, strawberry.argument(description="The coupons.")]
) -> ImportCouponsPayload:
    command = input.command(info, ImportCoupons, codes=input.codes, batch=input.batch, usage_limit=input.usage_limit)
    context = info.context
    return await execute(info, ImportCouponsPayload, coupons.import_coupons, context.actor, command, context.now())
