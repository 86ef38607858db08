"""cancelSession."""

from typing import Annotated

import strawberry

from db.domain.commands import CancelSession
from db.operations import sessions
from graphql_api.execution.context import Info
from graphql_api.mutations.arguments import (
    APPLICATION_ID,
    EXPECTED_VERSION,
    IDEMPOTENCY_KEY,
    INTEGRATION_ID,
    writable_application,
)
from graphql_api.mutations.payload import PAYLOAD, SessionPayload
from graphql_api.mutations.runner import execute_and_read


@strawberry.input(description="The session to cancel, and why.")
class CancelSessionInput:
    integration_id: str = strawberry.field(description=INTEGRATION_ID)
    application_id: int | None = strawberry.field(description=APPLICATION_ID, default=None)
    reason: str | None = strawberry.field(
        description="Why the session is cancelled, at most 1000 characters. It is stored in the session's history.",
        default=None,
    )
    expected_version: int | None = strawberry.field(description=EXPECTED_VERSION, default=None)
    idempotency_key: str | None = strawberry.field(description=IDEMPOTENCY_KEY, default=None)


@strawberry.type(description="The answer of cancelSession.")
class CancelSessionPayload(SessionPayload):
    pass


@strawberry.mutation(
    description="Cancel a session in any state but CANCELLED, where it is refused with InvalidTransition. A cancelled"
    " session cannot change again. Needs a WRITER or ADMIN key.",
    metadata=PAYLOAD,
)
async def cancel_session(
    info: Info, input: Annotated[CancelSessionInput, strawberry.argument(description="The session to cancel.")]
) -> CancelSessionPayload:
    command = CancelSession(
        application_id=writable_application(info, input.application_id),
        integration_id=input.integration_id,
        reason=input.reason,
        expected_version=input.expected_version,
        idempotency_key=input.idempotency_key,
    )
    return await execute_and_read(
        info, CancelSessionPayload, sessions.cancel_session, info.context.actor, command, info.context.now()
    )
