"""Redemptions."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, ClassVar

import strawberry
from sqlalchemy import ColumnElement, select

from graphql_api.sql.fields import Order, column, one, value
from graphql_api.sql.json_documents import as_number
from graphql_api.sql.scope import Scope
from graphql_api.sql.source import Columns, Source
from graphql_api.types.amounts import money
from graphql_api.types.node import Node, of_application
from graphql_api.types.sources import COUPONS, REDEMPTIONS

if TYPE_CHECKING:
    from graphql_api.types.campaign import Campaign
    from graphql_api.types.customer_session import CustomerSession

HISTORY_ORDER = Order("redemption", ("created", "session_id"), descending=True)


def its_campaign(scope: Scope, campaign: Columns) -> list[ColumnElement[bool]]:
    """Return the conditions on the campaign of the row in scope."""
    return [of_application(campaign, scope.row), campaign["id"] == as_number(scope.row["campaign_id"])]


def used_code(scope: Scope) -> ColumnElement[str]:
    """Return the code that was used, a coupon or a referral."""
    code = scope.alias(COUPONS)
    found = select(code.c.code).where(of_application(code.c, scope.row), code.c.id == scope.row["code_id"])
    return found.correlate_except(code).scalar_subquery()


@strawberry.type(description="The discount that a campaign gave to one closed session.")
class Redemption(Node):
    source: ClassVar[Source] = REDEMPTIONS

    session: Annotated["CustomerSession", strawberry.lazy("graphql_api.types.customer_session")] | None = one(
        "The session; null once it has been removed because of its age.",
        lambda scope, session: [of_application(session, scope.row), session["id"] == scope.row["session_id"]],
    )
    campaign: Annotated["Campaign", strawberry.lazy("graphql_api.types.campaign")] | None = one(
        "The campaign; null for a session token.", its_campaign
    )
    revision: int = column("The revision of the campaign that was applied.")
    used_code: str | None = value(
        "The coupon or referral that was used, as it was created; null if the campaign requires none, and for a session"
        " token.",
        used_code,
    )
    amount: Decimal = money("The discount that the campaign gave.")
    returned_amount: Decimal = money("The part of it that fell on units that have been returned since.")
    created: datetime = column("When the session was closed.")
    reversed: datetime | None = column("When the session was cancelled; null if it was not.")
