"""upsertSession."""

from typing import Annotated

import strawberry

from db.domain.commands import UpsertSession
from db.domain.errors import CartLineNotFound, SessionNotEditable
from db.operations import sessions
from graphql_api.execution.context import Info
from graphql_api.mutations.declaration import CONTENT_ERRORS, mutation
from graphql_api.mutations.inputs import ContentInput, SessionInput, writable_application
from graphql_api.mutations.payload import PAYLOAD, SessionPayload, outcome_flag
from graphql_api.mutations.runner import execute_command


@strawberry.input(
    description="Content for a session that may not exist yet. If it exists, the fields mean the same as for"
    " updateSession; if not, the same as for createSession."
)
class UpsertSessionInput(ContentInput, SessionInput):
    pass


@strawberry.type(description="The answer of upsertSession.")
class UpsertSessionPayload(SessionPayload):
    @strawberry.field(
        description="True if the session did not exist and was created; false if it was updated, or the mutation was"
        " refused. A repeat with the same idempotency key has the same value as the first call.",
        metadata=outcome_flag("created"),
    )
    def created(self) -> bool:
        """Whether the operation created the session."""
        return self.outcome is not None and self.outcome.created


@mutation(
    description="Create the session if it does not exist, or else update it. A new session is OPEN. Refused with"
    " SessionNotEditable if the session exists and is not OPEN. Needs a WRITER or ADMIN key.",
    errors=[*CONTENT_ERRORS, SessionNotEditable, CartLineNotFound],
    metadata=PAYLOAD,
)
async def upsert_session(
    info: Info, input: Annotated[UpsertSessionInput, strawberry.argument(description="The session and its content.")]
) -> UpsertSessionPayload:
    application_id = writable_application(info, input.application_id)
    command = input.command(UpsertSession, application_id, content=input.content())
    return await execute_command(info, UpsertSessionPayload, sessions.upsert_session, command)
