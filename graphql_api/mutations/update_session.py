"""updateSession."""

from typing import Annotated

import strawberry

from db.domain.commands import UpdateSession
from db.domain.errors import CartLineNotFound, SessionNotEditable, SessionNotFound, VersionConflict
from db.operations import sessions
from graphql_api.execution.context import Info
from graphql_api.mutations.declaration import CONTENT_ERRORS, mutation
from graphql_api.mutations.inputs import ContentInput, VersionedInput
from graphql_api.mutations.payload import PAYLOAD, SessionPayload
from graphql_api.mutations.runner import execute_command, of_viewer


@strawberry.input(
    description="New content for an open session. A field that is left out stays as it is; null clears it. A list"
    " replaces the whole list. Attributes are merged by name."
)
class UpdateSessionInput(ContentInput, VersionedInput):
    pass


@strawberry.type(description="The answer of updateSession.")
class UpdateSessionPayload(SessionPayload):
    pass


@mutation(
    description="Change the content of an OPEN session. Refused with SessionNotEditable in any other state. An update"
    " that changes nothing is accepted: it appends no event and leaves the version as it is. Needs a WRITER or ADMIN"
    " key, or a session token with WRITE_CART, which can set only cartItems, coupon and referral of its session.",
    errors=[*CONTENT_ERRORS, SessionNotFound, VersionConflict, SessionNotEditable, CartLineNotFound],
    metadata=PAYLOAD,
)
async def update_session(
    info: Info, input: Annotated[UpdateSessionInput, strawberry.argument(description="The session and what to change.")]
) -> UpdateSessionPayload:
    viewer = info.context.viewer
    viewer.require_update(input.given())
    application_id = viewer.resolve_application(input.application_id)
    command = input.command(UpdateSession, application_id, content=input.content())
    operation = of_viewer(info, sessions.update_session)
    return await execute_command(info, UpdateSessionPayload, operation, command)
