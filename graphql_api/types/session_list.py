"""Lists of sessions: their filter and their orders."""

from enum import Enum
from typing import Annotated

import strawberry

from db.domain.lifecycle import SessionState
from graphql_api.sql.filter_conditions import AnyOf, AnyOfRelated, Equals, Prefix
from graphql_api.sql.lists import ListDeclaration, filter_field
from graphql_api.types.list_inputs import DateTimeRange, DecimalRange, OrderDirection, amount_range, time_range
from graphql_api.types.sources import CART_ITEMS, IDENTIFIERS, SESSIONS


@strawberry.enum(description="What a list of sessions is in the order of.")
class SessionOrderField(Enum):
    """Each is a column with an index."""

    CREATED = strawberry.enum_value("created", description="When it was created.")
    UPDATED = strawberry.enum_value("updated", description="When the latest event happened.")
    TOTAL = strawberry.enum_value("total", description="The sum of the cart.")
    INTEGRATION_ID = strawberry.enum_value("integration_id", description="The integration ID, by code point.")


@strawberry.input(description="An order of sessions. Among equals the one that was written first is the smaller.")
class CustomerSessionOrder:
    """The argument orderBy."""

    field: SessionOrderField = strawberry.field(description="By what.", default=SessionOrderField.CREATED)
    direction: OrderDirection = strawberry.field(description="Which way.", default=OrderDirection.DESC)


@strawberry.input(description="Every field that is set must hold; a list holds when any of its values does.")
class CustomerSessionFilter:
    """The argument filter."""

    states: list[SessionState] | None = filter_field("In one of these states.", AnyOf("state"))
    profile_ids: list[str] | None = filter_field("Of one of these customers.", AnyOf("profile_id"))
    coupons: list[str] | None = filter_field("With one of these coupon codes.", AnyOf("coupon"))
    referrals: list[str] | None = filter_field("With one of these referral codes.", AnyOf("referral"))
    identifiers: list[str] | None = filter_field(
        "With one of these identifiers.", AnyOfRelated("identifier", IDENTIFIERS, owner="session_id")
    )
    skus: list[str] | None = filter_field(
        "With one of these skus in the cart.", AnyOfRelated("sku", CART_ITEMS, owner="session_id")
    )
    integration_id_prefix: str | None = filter_field("Whose integration ID begins with this.", Prefix("integration_id"))
    first_session: bool | None = filter_field("That are first sessions, or are not.", Equals("first_session"))
    created: DateTimeRange | None = filter_field("Created in this span.", time_range("created"))
    updated: DateTimeRange | None = filter_field("Whose latest event was in this span.", time_range("updated"))
    closed: DateTimeRange | None = filter_field("Closed in this span.", time_range("closed"))
    total: DecimalRange | None = filter_field("Whose total is in this span.", amount_range("total"))


SESSION_LIST = ListDeclaration(SESSIONS, CustomerSessionFilter, CustomerSessionOrder)

SessionFilter = Annotated[
    CustomerSessionFilter | None, strawberry.argument(description="Which sessions; null or left out, all of them.")
]
SessionOrder = Annotated[
    CustomerSessionOrder | None,
    strawberry.argument(description="In which order; null or left out, the newest first."),
]
