"""Lists of sessions: what they can be filtered by, and put in order by."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any

import strawberry

from db.domain.lifecycle import SessionState
from graphql_api.sql.fields import Order
from graphql_api.sql.scope import Scope


@strawberry.enum(description="What a list of sessions is in the order of.")
class SessionOrderField(Enum):
    """The columns that an index keeps in order."""

    CREATED = strawberry.enum_value("created", description="When it was created.")
    UPDATED = strawberry.enum_value("updated", description="When the latest event happened.")
    TOTAL = strawberry.enum_value("total", description="The sum of the cart.")
    INTEGRATION_ID = strawberry.enum_value("integration_id", description="The integration ID, by code point.")


@strawberry.enum(description="Which way an order runs.")
class OrderDirection(Enum):
    """Both ways."""

    ASC = strawberry.enum_value("asc", description="The smallest or oldest first.")
    DESC = strawberry.enum_value("desc", description="The greatest or newest first.")


@strawberry.input(description="An order of sessions. Among equals the one that was written first is the smaller.")
class CustomerSessionOrder:
    """What orderBy takes."""

    field: SessionOrderField = strawberry.field(description="By what.", default=SessionOrderField.CREATED)
    direction: OrderDirection = strawberry.field(description="Which way.", default=OrderDirection.DESC)


@strawberry.input(description="A span of time.")
class DateTimeRange:
    """Half open."""

    from_: datetime | None = strawberry.field(name="from", description="Inclusive.", default=None)
    to: datetime | None = strawberry.field(description="Exclusive.", default=None)


@strawberry.input(description="A span of amounts.")
class DecimalRange:
    """Closed."""

    min: Decimal | None = strawberry.field(description="Inclusive.", default=None)
    max: Decimal | None = strawberry.field(description="Inclusive.", default=None)


@strawberry.input(description="Every field that is set must hold; a list holds when any of its values does.")
class CustomerSessionFilter:
    """What filter takes."""

    states: list[SessionState] | None = strawberry.field(description="In one of these states.", default=None)
    profile_ids: list[str] | None = strawberry.field(description="Of one of these customers.", default=None)
    coupons: list[str] | None = strawberry.field(description="With one of these coupon codes.", default=None)
    referrals: list[str] | None = strawberry.field(description="With one of these referral codes.", default=None)
    identifiers: list[str] | None = strawberry.field(description="With one of these identifiers.", default=None)
    skus: list[str] | None = strawberry.field(description="With one of these skus in the cart.", default=None)
    integration_id_prefix: str | None = strawberry.field(
        description="Whose integration ID begins with this.", default=None
    )
    first_session: bool | None = strawberry.field(description="That are first sessions, or are not.", default=None)
    created: DateTimeRange | None = strawberry.field(description="Created in this span.", default=None)
    updated: DateTimeRange | None = strawberry.field(description="Whose latest event was in this span.", default=None)
    closed: DateTimeRange | None = strawberry.field(description="Closed in this span.", default=None)
    total: DecimalRange | None = strawberry.field(description="Whose total is in this span.", default=None)


Filter = Annotated[
    CustomerSessionFilter | None, strawberry.argument(description="Which sessions; null or left out, all of them.")
]
OrderBy = Annotated[
    CustomerSessionOrder | None,
    strawberry.argument(description="In which order; null or left out, the newest first."),
]


def asked_order(scope: Scope) -> Order:
    """The order that orderBy asks for."""
    asked = scope.argument("orderBy")
    name = scope.look(lambda request: SessionOrderField[chosen(asked(request), "field", "CREATED")].name)
    descending = scope.look(lambda request: chosen(asked(request), "direction", "DESC") == "DESC")
    column = name.lower()
    return Order(column, (column,) if column == "integration_id" else (column, "id"), descending)


def chosen(order: Mapping[str, Any] | None, name: str, default: str) -> str:
    """The name of an enum value in an order."""
    value = (order or {}).get(name)
    return default if value is None else value.name
