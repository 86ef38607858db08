"""generateCoupons."""

from typing import Annotated

import strawberry

from db.domain.promotions.code_pattern import DEFAULT_CHARACTERS
from db.domain.promotions.commands import DEFAULT_PATTERN, GenerateCoupons
from db.operations import coupons
from graphql_api.execution.context import Info
from graphql_api.mutations.code_inputs import BATCH, USAGE_LIMIT, NewCodeInput
from graphql_api.mutations.declaration import REPEATABLE_ERRORS, mutation
from graphql_api.mutations.payload import RepeatablePayload
from graphql_api.mutations.runner import execute


@strawberry.input(
    description="The coupons to generate, at most 10000 at once. The command `cartograph coupons generate` makes"
    " millions."
)
class GenerateCouponsInput(NewCodeInput):
    count: int = strawberry.field(description="The number of coupons, 1 to 10000.")
    pattern: str = strawberry.field(
        description="The pattern of the codes, 1 to 100 printable ASCII characters; each # is replaced by a random"
        " one of the characters. The pattern has to have at least 1000 possible codes for each coupon.",
        default=DEFAULT_PATTERN,
    )
    characters: str = strawberry.field(
        description="The characters that a # stands for: 2 to 100 different ones. The two cases of a letter are the"
        " same character.",
        default=DEFAULT_CHARACTERS,
    )
    batch: str = strawberry.field(description=BATCH)
    usage_limit: int | None = strawberry.field(description=USAGE_LIMIT, default=1)


@strawberry.type(description="The answer of generateCoupons.")
class GenerateCouponsPayload(RepeatablePayload):
    @strawberry.field(description="The name of the batch; null if the mutation was refused.")
    def batch(self) -> str | None:
        """The batch in the outcome."""
        return None if self.outcome is None else str(self.outcome.batch)

    @strawberry.field(description="The codes, in order; null if the mutation was refused.")
    def codes(self) -> list[str] | None:
        """The codes in the outcome."""
        return None if self.outcome is None else list(self.outcome.codes)


@mutation(
    description="Create coupons with random codes for a campaign that requires COUPON. Needs a WRITER or ADMIN key.",
    errors=REPEATABLE_ERRORS,
)
async def generate_coupons(
    info: Info, input: Annotated[GenerateCouponsInput, strawberry.argument(description="The coupons.")]
) -> GenerateCouponsPayload:
    command = input.command(
        info,
        GenerateCoupons,
        count=input.count,
        pattern=input.pattern,
        characters=input.characters,
        batch=input.batch,
        usage_limit=input.usage_limit,
    )
    context = info.context
    return await execute(info, GenerateCouponsPayload, coupons.generate_coupons, context.actor, command, context.now())
