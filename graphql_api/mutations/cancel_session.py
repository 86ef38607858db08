"""cancelSession."""

from typing import Annotated

import strawberry

from db.domain.commands import CancelSession
from db.domain.errors import InvalidTransition, SessionNotFound, VersionConflict
from db.operations import sessions
from graphql_api.execution.context import Info
from graphql_api.mutations.declaration import REPEATABLE_ERRORS, mutation
from graphql_api.mutations.inputs import VersionedInput, writable_application
from graphql_api.mutations.payload import PAYLOAD, SessionPayload
from graphql_api.mutations.runner import execute_command


@strawberry.input(description="The session to cancel, and why.")
class CancelSessionInput(VersionedInput):
    reason: str | None = strawberry.field(
        description="Why the session is cancelled, at most 1000 characters. It is stored in the session's history.",
        default=None,
    )


@strawberry.type(description="The answer of cancelSession.")
class CancelSessionPayload(SessionPayload):
    pass


@mutation(
    description="Cancel a session in any state but CANCELLED, where it is refused with InvalidTransition. A cancelled"
    " session cannot change again. Needs a WRITER or ADMIN key.",
    errors=[*REPEATABLE_ERRORS, SessionNotFound, VersionConflict, InvalidTransition],
    metadata=PAYLOAD,
)
async def cancel_session(
    info: Info, input: Annotated[CancelSessionInput, strawberry.argument(description="The session to cancel.")]
) -> CancelSessionPayload:
    application_id = writable_application(info, input.application_id)
    command = input.command(CancelSession, application_id, reason=input.reason)
    return await execute_command(info, CancelSessionPayload, sessions.cancel_session, command)
