"""createSession."""

from typing import Annotated

import strawberry

from db import operations
from db.domain.commands import CreateSession
from db.domain.lifecycle import SessionState
from graphql_api.mutations.content import APPLICATION_ID, IDEMPOTENCY_KEY, INTEGRATION_ID, ContentInput
from graphql_api.mutations.payload import WHOLE, SessionPayload, carried_out, writable
from graphql_api.types.enums import NewSessionState
from graphql_api.types.info import Info


@strawberry.input(description="A new session.")
class CreateSessionInput(ContentInput):
    """See Mutation.createSession."""

    integration_id: str = strawberry.field(description=INTEGRATION_ID)
    application_id: int | None = strawberry.field(description=APPLICATION_ID, default=None)
    state: NewSessionState = strawberry.field(description="The state to create it in.", default=NewSessionState.OPEN)
    idempotency_key: str | None = strawberry.field(description=IDEMPOTENCY_KEY, default=None)


@strawberry.type(description="What createSession answers.")
class CreateSessionPayload(SessionPayload):
    """See Mutation.createSession."""


@strawberry.mutation(description="Creates a session. Refused where its integration ID is taken.", metadata=WHOLE)
async def create_session(
    info: Info, input: Annotated[CreateSessionInput, strawberry.argument(description="The new session.")]
) -> CreateSessionPayload:
    """Input to command."""
    command = CreateSession(
        application_id=writable(info, input.application_id),
        integration_id=input.integration_id,
        state=SessionState[input.state.name],
        content=input.content(),
        idempotency_key=input.idempotency_key,
    )
    return await carried_out(info, CreateSessionPayload, operations.create_session, command)
