"""updateSession."""

from collections.abc import Callable
from typing import Annotated, Any

import strawberry

from db.domain.commands import UNSET, UpdateSession
from db.domain.errors import CartLineNotFound, SessionNotEditable, SessionNotFound, VersionConflict
from db.operations import sessions
from db.operations.outcome import Outcome
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
    if viewer.token_permissions is None:
        return await execute_command(info, UpdateSessionPayload, operation, command)
    return await update_by_token(info, operation, command)


async def update_by_token(
    info: Info, operation: Callable[..., Outcome], command: UpdateSession
) -> UpdateSessionPayload:
    """Update the session of a token, whose failed codes are limited. Raises RateLimited."""
    guesses, token = info.context.code_guesses, info.context.viewer.key_prefix
    codes = sum(1 for code in (command.content.coupon, command.content.referral) if code is not UNSET and code)
    failed = 0

    def counted(*arguments: Any) -> Outcome:
        nonlocal failed
        outcome = operation(*arguments)
        failed = outcome.failed_codes
        return outcome

    guesses.try_codes(token, codes)
    try:
        return await execute_command(info, UpdateSessionPayload, counted, command)
    finally:
        guesses.take_back(token, codes - failed)
