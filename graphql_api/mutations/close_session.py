"""closeSession."""

from decimal import Decimal
from typing import Annotated

import strawberry

from db.domain.commands import CloseSession
from db.domain.errors import InvalidTransition, NetTotalChanged, SessionNotFound, TotalChanged, VersionConflict
from db.domain.promotions.refusals import CouponNotAccepted, LimitReached
from db.operations import sessions
from graphql_api.execution.context import Info
from graphql_api.mutations.declaration import REPEATABLE_ERRORS, mutation
from graphql_api.mutations.inputs import REQUIRE_COUPON, VersionedInput, writable_application
from graphql_api.mutations.payload import PAYLOAD, SessionPayload
from graphql_api.mutations.runner import execute_command


@strawberry.input(description="The session to close, and the conditions for it.")
class CloseSessionInput(VersionedInput):
    expected_total: Decimal | None = strawberry.field(
        description="The total of the cart that the shopper saw, before discounts. If the session has another one, the"
        " mutation is refused with TotalChanged. Null or left out: not checked.",
        default=None,
    )
    expected_net_total: Decimal | None = strawberry.field(
        description="The net total that the shopper saw: what they pay, after discounts. If the session has another"
        " one, the mutation is refused with NetTotalChanged, so that nobody is charged an amount that they did not see."
        " Null or left out: not checked.",
        default=None,
    )
    require_coupon: bool | None = strawberry.field(description=REQUIRE_COUPON, default=None)


@strawberry.type(description="The answer of closeSession.")
class CloseSessionPayload(SessionPayload):
    pass


@mutation(
    description="Close an OPEN session: the purchase has been made. From then on the cart, the discounts and each"
    " line's share of them are fixed, and the discounts of campaigns count against their limits. Refused with"
    " InvalidTransition in any other state. Needs a WRITER or ADMIN key.",
    errors=[
        *REPEATABLE_ERRORS,
        SessionNotFound,
        VersionConflict,
        InvalidTransition,
        TotalChanged,
        NetTotalChanged,
        LimitReached,
        CouponNotAccepted,
    ],
    metadata=PAYLOAD,
)
async def close_session(
    info: Info, input: Annotated[CloseSessionInput, strawberry.argument(description="The session to close.")]
) -> CloseSessionPayload:
    application_id = writable_application(info, input.application_id)
    command = input.command(
        CloseSession,
        application_id,
        expected_total=input.expected_total,
        expected_net_total=input.expected_net_total,
        require_coupon=bool(input.require_coupon),
    )
    return await execute_command(info, CloseSessionPayload, sessions.close_session, command)
