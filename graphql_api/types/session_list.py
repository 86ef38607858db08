"""Lists of sessions: their filter and their orders."""

from enum import Enum
from typing import Annotated

import strawberry

from db.domain.lifecycle import SessionState
from graphql_api.sql.filter_conditions import AnyOf, AnyOfRelated, Equals, Prefix
from graphql_api.sql.lists import ListDeclaration, filter_field
from graphql_api.types.list_inputs import DateTimeRange, DecimalRange, OrderDirection, amount_range, time_range
from graphql_api.types.sources import CART_ITEMS, IDENTIFIERS, SESSIONS


@strawberry.enum(description="A field by which a list of sessions can be ordered.")
class SessionOrderField(Enum):
    CREATED = strawberry.enum_value("created", description="The time of creation.")
    UPDATED = strawberry.enum_value("updated", description="The time of the latest event.")
    TOTAL = strawberry.enum_value("total", description="The total of the cart, before discounts and returns.")
    INTEGRATION_ID = strawberry.enum_value(
        "integration_id", description="The integration ID, in the order of Unicode code points."
    )


@strawberry.input(
    description="The order of a list of sessions. Sessions with the same value are in the order in which"
    " they were stored, or in the reverse order if the direction is DESC."
)
class CustomerSessionOrder:
    field: SessionOrderField = strawberry.field(description="The field to order by.", default=SessionOrderField.CREATED)
    direction: OrderDirection = strawberry.field(description="The direction of the order.", default=OrderDirection.DESC)


@strawberry.input(
    description="Conditions on sessions. A session has to meet all that are given; it meets a list if one"
    " of the values fits. A condition that is null or left out is not checked."
)
class CustomerSessionFilter:
    states: list[SessionState] | None = filter_field("The session is in one of these states.", AnyOf("state"))
    profile_ids: list[str] | None = filter_field(
        "The session belongs to a customer with one of these integration IDs.", AnyOf("profile_id")
    )
    coupons: list[str] | None = filter_field("The session has one of these coupon codes.", AnyOf("coupon"))
    referrals: list[str] | None = filter_field("The session has one of these referral codes.", AnyOf("referral"))
    identifiers: list[str] | None = filter_field(
        "The session has one of these identifiers.", AnyOfRelated("identifier", IDENTIFIERS, owner="session_id")
    )
    skus: list[str] | None = filter_field(
        "The cart has a line with one of these SKUs.", AnyOfRelated("sku", CART_ITEMS, owner="session_id")
    )
    integration_id_prefix: str | None = filter_field(
        "The integration ID begins with this text. Upper and lower case are different.", Prefix("integration_id")
    )
    first_session: bool | None = filter_field("firstSession has this value.", Equals("first_session"))
    created: DateTimeRange | None = filter_field("The session was created in this range.", time_range("created"))
    updated: DateTimeRange | None = filter_field(
        "The latest event of the session happened in this range.", time_range("updated")
    )
    closed: DateTimeRange | None = filter_field(
        "The session was closed in this range. One that was never closed does not fit.", time_range("closed")
    )
    total: DecimalRange | None = filter_field(
        "The total of the session, before discounts and returns, is in this range.", amount_range("total")
    )


SESSION_LIST = ListDeclaration(SESSIONS, CustomerSessionFilter, CustomerSessionOrder)

SessionFilter = Annotated[
    CustomerSessionFilter | None,
    strawberry.argument(description="Conditions that the sessions meet. Null or left out: all sessions."),
]
SessionOrder = Annotated[
    CustomerSessionOrder | None,
    strawberry.argument(description="The order of the sessions. Null or left out: the newest first."),
]
