"""upsertSession."""

from typing import Annotated

import strawberry

from db import operations
from db.domain.commands import UpsertSession
from graphql_api.mutations.content import APPLICATION_ID, IDEMPOTENCY_KEY, INTEGRATION_ID, ContentInput
from graphql_api.mutations.payload import WHOLE, SessionPayload, carried_out, fact, writable
from graphql_api.types.info import Info


@strawberry.input(
    description="The content of a session that may or may not exist; where it does, as for updateSession."
)
class UpsertSessionInput(ContentInput):
    """See Mutation.upsertSession."""

    integration_id: str = strawberry.field(description=INTEGRATION_ID)
    application_id: int | None = strawberry.field(description=APPLICATION_ID, default=None)
    idempotency_key: str | None = strawberry.field(description=IDEMPOTENCY_KEY, default=None)


@strawberry.type(description="What upsertSession answers.")
class UpsertSessionPayload(SessionPayload):
    """See Mutation.upsertSession."""

    @strawberry.field(description="Whether the session did not exist before.", metadata=fact("created"))
    def created(self) -> bool:
        """A repeat answers as the first time."""
        return self.outcome is not None and self.outcome.created


@strawberry.mutation(
    description="Creates the session where it does not exist, updates it where it does.", metadata=WHOLE
)
async def upsert_session(
    info: Info, input: Annotated[UpsertSessionInput, strawberry.argument(description="The session and its content.")]
) -> UpsertSessionPayload:
    """Input to command."""
    command = UpsertSession(
        application_id=writable(info, input.application_id),
        integration_id=input.integration_id,
        content=input.content(),
        idempotency_key=input.idempotency_key,
    )
    return await carried_out(info, UpsertSessionPayload, operations.upsert_session, command)
