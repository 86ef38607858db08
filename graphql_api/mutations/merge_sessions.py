"""mergeSessions."""

from typing import Annotated

import strawberry

from db.domain.commands import MergeSessions
from db.domain.errors import SessionNotEditable, SessionNotFound, VersionConflict
from db.operations import carts
from graphql_api.execution.context import Info
from graphql_api.mutations.declaration import REPEATABLE_ERRORS, mutation
from graphql_api.mutations.inputs import APPLICATION_ID, IDEMPOTENCY_KEY, writable_application
from graphql_api.mutations.payload import PAYLOAD, CartPayload
from graphql_api.mutations.runner import execute_command


@strawberry.input(description="Two open sessions of one application: the cart of the first goes into the second.")
class MergeSessionsInput:
    from_integration_id: str = strawberry.field(
        description="The integration ID of the session whose lines are moved, such as a shopper's before the log-in. It"
        " is cancelled, and keeps its lines."
    )
    into_integration_id: str = strawberry.field(
        description="The integration ID of the session that gets the lines, such as the one that the customer has."
    )
    application_id: int | None = strawberry.field(description=APPLICATION_ID, default=None)
    expected_version: int | None = strawberry.field(
        description="The version that the session of intoIntegrationId should have. If it has another one, the mutation"
        " is refused with VersionConflict. Null or left out: not checked.",
        default=None,
    )
    idempotency_key: str | None = strawberry.field(description=IDEMPOTENCY_KEY, default=None)


@mutation(
    description="Put the lines of one OPEN session into another, in one transaction, and cancel the first. A line that"
    " is equal in all but its quantity adds to the quantity there; any other gets a new id. The session that receives"
    " the lines keeps its customer, identifiers, attributes and discounts, and its coupon and referral; it takes those"
    " of the other where it has none. Needs a WRITER or ADMIN key.",
    errors=[*REPEATABLE_ERRORS, SessionNotFound, VersionConflict, SessionNotEditable],
    metadata=PAYLOAD,
)
async def merge_sessions(
    info: Info, input: Annotated[MergeSessionsInput, strawberry.argument(description="The two sessions.")]
) -> CartPayload:
    command = MergeSessions(
        application_id=writable_application(info, input.application_id),
        from_integration_id=input.from_integration_id,
        into_integration_id=input.into_integration_id,
        expected_version=input.expected_version,
        idempotency_key=input.idempotency_key,
    )
    return await execute_command(info, CartPayload, carts.merge_sessions, command)
