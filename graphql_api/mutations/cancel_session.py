"""cancelSession."""

from typing import Annotated

import strawberry

from db import operations
from db.domain.commands import CancelSession
from graphql_api.mutations.content import APPLICATION_ID, EXPECTED_VERSION, IDEMPOTENCY_KEY, INTEGRATION_ID
from graphql_api.mutations.payload import WHOLE, SessionPayload, carried_out, writable
from graphql_api.types.info import Info


@strawberry.input(description="A purchase that is off.")
class CancelSessionInput:
    """See Mutation.cancelSession."""

    integration_id: str = strawberry.field(description=INTEGRATION_ID)
    application_id: int | None = strawberry.field(description=APPLICATION_ID, default=None)
    reason: str | None = strawberry.field(description="Why; kept in the history; up to 1000 characters.", default=None)
    expected_version: int | None = strawberry.field(description=EXPECTED_VERSION, default=None)
    idempotency_key: str | None = strawberry.field(description=IDEMPOTENCY_KEY, default=None)


@strawberry.type(description="What cancelSession answers.")
class CancelSessionPayload(SessionPayload):
    """See Mutation.cancelSession."""


@strawberry.mutation(description="Cancels a session in any state but CANCELLED. Nothing leads back.", metadata=WHOLE)
async def cancel_session(
    info: Info, input: Annotated[CancelSessionInput, strawberry.argument(description="The session to cancel.")]
) -> CancelSessionPayload:
    """Input to command."""
    command = CancelSession(
        application_id=writable(info, input.application_id),
        integration_id=input.integration_id,
        reason=input.reason,
        expected_version=input.expected_version,
        idempotency_key=input.idempotency_key,
    )
    return await carried_out(info, CancelSessionPayload, operations.cancel_session, command)
