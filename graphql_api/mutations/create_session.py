"""createSession."""

from decimal import Decimal
from typing import Annotated

import strawberry

from db.domain.commands import CreateSession
from db.domain.errors import SessionAlreadyExists
from db.domain.lifecycle import SessionState
from db.domain.promotions.refusals import CouponNotAccepted
from db.operations import sessions
from graphql_api.execution.context import Info
from graphql_api.mutations.declaration import CONTENT_ERRORS, mutation
from graphql_api.mutations.inputs import REQUIRE_COUPON, ContentInput, SessionInput, writable_application
from graphql_api.mutations.payload import PAYLOAD, SessionPayload
from graphql_api.mutations.runner import execute_command
from graphql_api.types.enums import NewSessionState


@strawberry.input(description="The session to create. Content that is left out is empty.")
class CreateSessionInput(ContentInput, SessionInput):
    integration_id: str = strawberry.field(
        description="The ID that your system gives the session, 1 to 1000 characters and at most 1300 bytes of UTF-8;"
        " unique in the application."
    )
    state: NewSessionState = strawberry.field(description="The state of the new session.", default=NewSessionState.OPEN)
    expected_net_total: Decimal | None = strawberry.field(
        description="The net total that a session which is created CLOSED should have: what the shopper pays, after"
        " discounts. If it would have another one, the mutation is refused with InvalidInput. Null or left out, or if"
        " the session is created OPEN: not checked.",
        default=None,
    )
    require_coupon: bool | None = strawberry.field(
        description=f"{REQUIRE_COUPON} Not checked if the session is created OPEN.", default=None
    )


@strawberry.type(description="The answer of createSession.")
class CreateSessionPayload(SessionPayload):
    pass


@mutation(
    description="Create a session. Refused with SessionAlreadyExists if the application has one with the same"
    " integration ID. Needs a WRITER or ADMIN key.",
    errors=[*CONTENT_ERRORS, SessionAlreadyExists, CouponNotAccepted],
    metadata=PAYLOAD,
)
async def create_session(
    info: Info, input: Annotated[CreateSessionInput, strawberry.argument(description="The new session.")]
) -> CreateSessionPayload:
    application_id = writable_application(info, input.application_id)
    command = input.command(
        CreateSession,
        application_id,
        state=SessionState[input.state.name],
        content=input.content(),
        expected_net_total=input.expected_net_total,
        require_coupon=bool(input.require_coupon),
    )
    return await execute_command(info, CreateSessionPayload, sessions.create_session, command)
