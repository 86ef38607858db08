"""updateSession."""

from collections.abc import Callable
from functools import partial
from typing import Annotated

import strawberry

from db import operations
from db.domain.commands import UpdateSession
from db.operations import Outcome
from graphql_api.mutations.content import (
    APPLICATION_ID,
    EXPECTED_VERSION,
    IDEMPOTENCY_KEY,
    INTEGRATION_ID,
    ContentInput,
)
from graphql_api.mutations.payload import WHOLE, SessionPayload, carried_out
from graphql_api.types.info import Info


@strawberry.input(
    description="New content for an open session. A field that is left out keeps its value, null clears it; lists"
    " replace the whole list; attributes merge by name, and a null value removes one."
)
class UpdateSessionInput(ContentInput):
    """See Mutation.updateSession."""

    integration_id: str = strawberry.field(description=INTEGRATION_ID)
    application_id: int | None = strawberry.field(description=APPLICATION_ID, default=None)
    expected_version: int | None = strawberry.field(description=EXPECTED_VERSION, default=None)
    idempotency_key: str | None = strawberry.field(description=IDEMPOTENCY_KEY, default=None)


@strawberry.type(description="What updateSession answers.")
class UpdateSessionPayload(SessionPayload):
    """See Mutation.updateSession."""


@strawberry.mutation(
    description="Changes the content of an open session. A change of nothing leaves no event. A session token with"
    " WRITE_CART can set cartItems, coupon and referral of its session, and nothing else.",
    metadata=WHOLE,
)
async def update_session(
    info: Info, input: Annotated[UpdateSessionInput, strawberry.argument(description="The session and what to change.")]
) -> UpdateSessionPayload:
    """Input to command."""
    viewer = info.context.viewer
    viewer.may_update(input.given())
    command = UpdateSession(
        application_id=viewer.application(input.application_id),
        integration_id=input.integration_id,
        content=input.content(),
        expected_version=input.expected_version,
        idempotency_key=input.idempotency_key,
    )
    operation: Callable[..., Outcome] = operations.update_session
    if viewer.grant is not None:
        operation = partial(operations.update_own_session, session_id=viewer.grant.session_id)
    return await carried_out(info, UpdateSessionPayload, operation, command)
