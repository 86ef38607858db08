"""Coupons and referrals."""

from datetime import datetime
from typing import ClassVar

import strawberry
from sqlalchemy import ColumnElement

from graphql_api.execution.context import Info
from graphql_api.execution.run import read_field
from graphql_api.sql.fields import Page, column, one, reads, value
from graphql_api.sql.scope import Scope
from graphql_api.sql.source import Columns, Source
from graphql_api.types.campaign import Campaign
from graphql_api.types.node import After, Before, Connection, First, Last, Node, of_application
from graphql_api.types.redemption import HISTORY_ORDER, Redemption, its_campaign
from graphql_api.types.sources import COUPONS, REFERRALS

STARTS = "The time from which on the code can be used; null if it has no start."
ENDS = "The time from which on it can no longer be used; null if it has no end."
LIMIT = "The highest number of sessions that can use it; null for no limit."
USED = "The number of closed sessions that used it and were not cancelled."


def of_code(scope: Scope, redemption: Columns) -> list[ColumnElement[bool]]:
    """Return the conditions on redemptions of the code in scope."""
    return [of_application(redemption, scope.row), redemption["code_id"] == scope.row["id"]]


REDEMPTION_HISTORY = reads(Page(of_code, lambda scope: HISTORY_ORDER))


@strawberry.type(description="A code that a shopper enters to get the discounts of a campaign.")
class Coupon(Node):
    source: ClassVar[Source] = COUPONS

    code: str = column("The code as it was created. Sessions can have it in upper or lower case.")
    campaign: Campaign = one("The campaign that the coupon is for.", its_campaign)
    recipient_profile_id: str | None = value(
        "The integration ID of the only customer who can use it; null if all can.",
        lambda scope: scope.row["recipient_id"],
    )
    starts: datetime | None = column(STARTS)
    ends: datetime | None = column(ENDS)
    usage_limit: int | None = column(LIMIT)
    used: int = column(USED)
    batch: str | None = column("The batch in which it was made or imported; null if it was created by itself.")
    created: datetime = column("When the coupon was created.")

    @strawberry.field(
        description="A page of the discounts that the coupon gave to closed sessions, the newest first.",
        metadata=REDEMPTION_HISTORY,
    )
    async def redemption_history(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Redemption]:
        """Read with the coupon."""
        return await read_field(info)


@strawberry.type(description="A code with which a customer, the advocate, invites others to a campaign.")
class Referral(Node):
    source: ClassVar[Source] = REFERRALS

    code: str = column("The code as it was created. Sessions can have it in upper or lower case.")
    campaign: Campaign = one("The campaign that the referral is for.", its_campaign)
    advocate_profile_id: str = value(
        "The integration ID of the customer who invites, and who cannot use the referral.",
        lambda scope: scope.row["advocate_id"],
    )
    friend_profile_id: str | None = value(
        "The integration ID of the only customer who can use it; null if all but the advocate can.",
        lambda scope: scope.row["friend_id"],
    )
    starts: datetime | None = column(STARTS)
    ends: datetime | None = column(ENDS)
    usage_limit: int | None = column(LIMIT)
    used: int = column(USED)
    created: datetime = column("When the referral was created.")

    @strawberry.field(
        description="A page of the discounts that the referral gave to closed sessions, the newest first.",
        metadata=REDEMPTION_HISTORY,
    )
    async def redemption_history(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Redemption]:
        """Read with the referral."""
        return await read_field(info)
