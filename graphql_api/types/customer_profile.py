"""Customers."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, ClassVar

import strawberry
from sqlalchemy import ColumnElement, case, select

from graphql_api.execution.context import Info
from graphql_api.execution.run import read_field
from graphql_api.scalars import JSONObject
from graphql_api.sql.decimal_text import FormatSum
from graphql_api.sql.fields import Page, column, json_text, reads, value
from graphql_api.sql.json_scalars import JsonPlainString
from graphql_api.sql.scope import Scope
from graphql_api.sql.source import Columns, Source
from graphql_api.types.amounts import minor_digits
from graphql_api.types.code_list import COUPON_ORDER
from graphql_api.types.node import After, Before, Connection, First, Last, Node, of_application
from graphql_api.types.session_list import SESSION_LIST, SessionFilter, SessionOrder
from graphql_api.types.sources import COUPONS, PROFILES, SESSIONS

if TYPE_CHECKING:
    from graphql_api.types.code import Coupon
    from graphql_api.types.customer_session import CustomerSession


def of_profile(scope: Scope, session: Columns) -> list[ColumnElement[bool]]:
    """Return the conditions on sessions of the profile in scope."""
    return [of_application(session, scope.row), session["profile_id"] == scope.row["integration_id"]]


def own_coupons(scope: Scope, coupon: Columns) -> list[ColumnElement[bool]]:
    """Return the conditions on coupons whose recipient is the profile in scope."""
    own = coupon["recipient_id"] == scope.row["integration_id"]
    return [of_application(coupon, scope.row), *COUPONS.of_kind(coupon), own]


def total_sales(scope: Scope) -> ColumnElement[str]:
    """Return the sum of the totals of the profile's sales."""
    row = scope.row
    return JsonPlainString(FormatSum(row["sales_whole"], row["sales_fraction"], minor_digits(scope)))


def last_activity(scope: Scope) -> ColumnElement[datetime]:
    """Return the latest change of the profile or of one of its sessions, the latest of which an index finds."""
    session, own = scope.alias(SESSIONS), scope.row["updated"]
    latest = (
        select(session.c.updated)
        .where(*of_profile(scope, session.c))
        .order_by(session.c.updated.desc())
        .limit(1)
        .correlate_except(session)
        .scalar_subquery()
    )
    return case((latest > own, latest), else_=own)


@strawberry.type(
    description="A customer, identified by an integration ID. A profile is created when a session names"
    " one that does not exist."
)
class CustomerProfile(Node):
    source: ClassVar[Source] = PROFILES

    integration_id: str = column(
        "The ID that your system gave the customer, 1 to 1000 characters and at most 1300 bytes of UTF-8; unique in the"
        " application."
    )
    created: datetime = column("When the profile was created.")
    attributes: JSONObject = column("The values of the profile's attributes, by name.")
    closed_sessions: int = column("The number of the customer's sessions that are CLOSED or PARTIALLY_RETURNED.")
    total_sales: Decimal = json_text(
        "The sum of total over the sessions that are CLOSED or PARTIALLY_RETURNED, before discounts and returns.",
        total_sales,
    )
    last_activity: datetime = value("When the profile or one of the customer's sessions last changed.", last_activity)

    @strawberry.field(
        description="A page of the coupons that only this customer can use, in the order of their codes.",
        metadata=reads(Page(own_coupons, lambda scope: COUPON_ORDER)),
    )
    async def coupons(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Annotated["Coupon", strawberry.lazy("graphql_api.types.code")]]:
        """Read with the profile."""
        return await read_field(info)

    @strawberry.field(
        description="A page of the customer's sessions, the newest first unless orderBy says otherwise.",
        metadata=reads(SESSION_LIST.page(of_profile)),
    )
    async def sessions(
        self,
        info: Info,
        filter: SessionFilter = None,
        order_by: SessionOrder = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Annotated["CustomerSession", strawberry.lazy("graphql_api.types.customer_session")]]:
        """Read with the profile."""
        return await read_field(info)
