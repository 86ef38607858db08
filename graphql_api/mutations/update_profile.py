"""updateProfile."""

from typing import Annotated

import strawberry
from sqlalchemy import ColumnElement, Text

from db import operations
from db.domain.commands import UpdateProfile
from db.operations import ProfileOutcome
from graphql_api.execution.read import answer
from graphql_api.mutations.content import APPLICATION_ID, IDEMPOTENCY_KEY
from graphql_api.mutations.payload import WHOLE, carried_out, fact, refusals, writable
from graphql_api.scalars import JSONObject
from graphql_api.sql.fields import One, reads
from graphql_api.sql.global_ids import Columns
from graphql_api.sql.scope import Scope
from graphql_api.types.customer_profile import CustomerProfile
from graphql_api.types.info import Info
from graphql_api.types.user_error import UserError
from graphql_api.types.written import of_source


@strawberry.input(description="Attributes of a customer.")
class UpdateProfileInput:
    """See Mutation.updateProfile."""

    integration_id: str = strawberry.field(
        description="The customer's integration ID; 1 to 1000 characters and at most 1300 bytes of UTF-8."
    )
    application_id: int | None = strawberry.field(description=APPLICATION_ID, default=None)
    attributes: JSONObject = strawberry.field(description="Attributes to set, by name; a null value removes one.")
    idempotency_key: str | None = strawberry.field(description=IDEMPOTENCY_KEY, default=None)


def written_profile(scope: Scope, profile: Columns) -> list[ColumnElement[bool]]:
    """The profile that was written."""
    wanted = scope.bind(lambda request: request.source.integration_id, Text())
    return [of_source(scope, profile), profile["integration_id"] == wanted]


@strawberry.type(description="What updateProfile answers.")
class UpdateProfilePayload:
    """See Mutation.updateProfile."""

    outcome: strawberry.Private[ProfileOutcome | None] = None
    errors: list[UserError] = refusals()

    @strawberry.field(
        description="The profile as it is now; null where the mutation was refused.",
        metadata=reads(One(written_profile)),
    )
    async def profile(self, info: Info) -> CustomerProfile | None:
        """Read by its key."""
        return await answer(info, self.outcome) if self.outcome else None

    @strawberry.field(
        description="Whether this answers a repeat of a change that had been made before.", metadata=fact("replayed")
    )
    def replayed(self) -> bool:
        """Known by the idempotency key."""
        return self.outcome is not None and self.outcome.replayed


@strawberry.mutation(description="Sets attributes of a profile. A profile that is not known is made.", metadata=WHOLE)
async def update_profile(
    info: Info, input: Annotated[UpdateProfileInput, strawberry.argument(description="The profile and its attributes.")]
) -> UpdateProfilePayload:
    """Input to command."""
    command = UpdateProfile(
        application_id=writable(info, input.application_id),
        integration_id=input.integration_id,
        attributes=input.attributes,
        idempotency_key=input.idempotency_key,
    )
    return await carried_out(info, UpdateProfilePayload, operations.update_profile, command)
