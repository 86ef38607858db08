"""Customers."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import strawberry
from sqlalchemy import ColumnElement, case, func, or_, select

from db.domain.lifecycle import SessionState
from graphql_api.execution.context import Info
from graphql_api.execution.read import read_field
from graphql_api.scalars import JSONObject
from graphql_api.sql.decimal_text import ExactSum
from graphql_api.sql.fields import column, json_text, reads, swept, value
from graphql_api.sql.json_scalars import JsonPlainString
from graphql_api.sql.scope import Scope
from graphql_api.sql.source import Columns, Source
from graphql_api.types.amounts import minor_digits
from graphql_api.types.node import After, Before, Connection, First, Last, Node, of_application
from graphql_api.types.session_list import SESSION_LIST, SessionFilter, SessionOrder
from graphql_api.types.sources import PROFILES, SESSIONS

if TYPE_CHECKING:
    from graphql_api.types.customer_session import CustomerSession


def over_sessions(scope: Scope, *, sold: bool) -> tuple[Columns, Any]:
    """Return a SELECT of the sessions of the profile in scope, to be aggregated: those with a sale only, or all."""
    table = scope.alias(SESSIONS)
    found = select().select_from(table).where(*of_profile(scope, table.c)).correlate_except(table)
    if sold:
        closed, returned = SessionState.CLOSED, SessionState.PARTIALLY_RETURNED
        found = found.where(or_(table.c.state == closed, table.c.state == returned))
    return table.c, found


def of_profile(scope: Scope, session: Columns) -> list[ColumnElement[bool]]:
    """Return the conditions on sessions of the profile in scope."""
    return [of_application(session, scope.row), session["profile_id"] == scope.row["integration_id"]]


def closed_sessions(scope: Scope) -> ColumnElement[int]:
    """Return how many sessions made a sale."""
    _, found = over_sessions(scope, sold=True)
    return found.add_columns(func.count()).scalar_subquery()


def total_sales(scope: Scope) -> ColumnElement[str]:
    """Return the sum of their totals."""
    session, found = over_sessions(scope, sold=True)
    return JsonPlainString(found.add_columns(ExactSum(session["total"], minor_digits(scope))).scalar_subquery())


def last_activity(scope: Scope) -> ColumnElement[datetime]:
    """Return the latest change of the profile or of one of its sessions."""
    session, found = over_sessions(scope, sold=False)
    latest, own = func.max(session["updated"], type_=session["updated"].type), scope.row["updated"]
    return found.add_columns(case((latest > own, latest), else_=own)).scalar_subquery()


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
    closed_sessions: int = swept(
        value("The number of the customer's sessions that are CLOSED or PARTIALLY_RETURNED.", closed_sessions)
    )
    total_sales: Decimal = swept(
        json_text(
            "The sum of total over the sessions that are CLOSED or PARTIALLY_RETURNED, before discounts and returns.",
            total_sales,
        )
    )
    last_activity: datetime = swept(
        value("When the profile or one of the customer's sessions last changed.", last_activity)
    )

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
