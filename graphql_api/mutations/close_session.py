"""closeSession."""

from decimal import Decimal
from typing import Annotated

import strawberry

from db import operations
from db.domain.commands import CloseSession
from graphql_api.mutations.content import APPLICATION_ID, EXPECTED_VERSION, IDEMPOTENCY_KEY, INTEGRATION_ID
from graphql_api.mutations.payload import WHOLE, SessionPayload, carried_out, writable
from graphql_api.types.info import Info


@strawberry.input(description="A purchase that has been made.")
class CloseSessionInput:
    """See Mutation.closeSession."""

    integration_id: str = strawberry.field(description=INTEGRATION_ID)
    application_id: int | None = strawberry.field(description=APPLICATION_ID, default=None)
    expected_total: Decimal | None = strawberry.field(
        description="Refuse with TotalChanged unless the session's total is this, so that nobody is charged for a cart"
        " they did not see.",
        default=None,
    )
    expected_version: int | None = strawberry.field(description=EXPECTED_VERSION, default=None)
    idempotency_key: str | None = strawberry.field(description=IDEMPOTENCY_KEY, default=None)


@strawberry.type(description="What closeSession answers.")
class CloseSessionPayload(SessionPayload):
    """See Mutation.closeSession."""


@strawberry.mutation(
    description="Closes an open session: the purchase is made, and the lines' discount shares are fixed.",
    metadata=WHOLE,
)
async def close_session(
    info: Info, input: Annotated[CloseSessionInput, strawberry.argument(description="The session to close.")]
) -> CloseSessionPayload:
    """Input to command."""
    command = CloseSession(
        application_id=writable(info, input.application_id),
        integration_id=input.integration_id,
        expected_total=input.expected_total,
        expected_version=input.expected_version,
        idempotency_key=input.idempotency_key,
    )
    return await carried_out(info, CloseSessionPayload, operations.close_session, command)
