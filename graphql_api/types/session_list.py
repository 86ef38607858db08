"""Lists of sessions: what they can be filtered by, and put in order by."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any

import strawberry
from sqlalchemy import Boolean, ColumnElement, Text, func, select
from sqlalchemy.types import TypeEngine

from db import json
from db.domain.lifecycle import SessionState
from db.tables import CartItemRow, IdentifierRow
from graphql_api.reading.arguments import Getter
from graphql_api.reading.fields import Order
from graphql_api.reading.identity import Columns, Source
from graphql_api.reading.scope import Scope


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

Condition = Callable[[Scope, Columns, Getter], ColumnElement[bool]]


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


def filtered(scope: Scope, session: Columns) -> list[ColumnElement[bool]]:
    """What the filter demands of a session."""
    given = scope.argument("filter")
    return [
        condition(scope, session, field)
        for name, condition in CONDITIONS.items()
        if scope.look(is_set(field := within(given, name)))
    ]


def within(given: Getter, name: str) -> Getter:
    """A field of an input object."""
    return lambda request: (given(request) or {}).get(name)


def is_set(field: Getter) -> Getter:
    """Whether a field has a value."""
    return lambda request: field(request) is not None


def one_of(column: str) -> Condition:
    """A column with any of the listed values. One value is compared as such: an index then keeps the order, too."""

    def condition(scope: Scope, session: Columns, field: Getter) -> ColumnElement[bool]:
        return any_of(scope, session[column], field)

    return condition


def any_of(scope: Scope, column: ColumnElement[Any], field: Getter) -> ColumnElement[bool]:
    """Whether a column has any of the listed values."""
    if scope.look(lambda request: len(field(request)) == 1):
        return column == scope.bind(lambda request: field(request)[0], column.type)
    values = scope.bind(lambda request: json.dumps(field(request)), Text())
    return column.in_(select(func.json_each(values).table_valued("value").c.value))


def held_in(row: type[IdentifierRow] | type[CartItemRow], column: str) -> Condition:
    """A session with a row of another table that has any of the listed values."""

    def condition(scope: Scope, session: Columns, field: Getter) -> ColumnElement[bool]:
        table = scope.trace.alias(Source(row))
        found = select(table.c.session_id).where(
            table.c.application_id == session["application_id"], any_of(scope, table.c[column], field)
        )
        return session["id"].in_(found.correlate_except(table))

    return condition


def between(column: str, least: str, most: str, *, inclusive: bool) -> Condition:
    """A column in a span, either end of which may be left open."""

    def condition(scope: Scope, session: Columns, field: Getter) -> ColumnElement[bool]:
        low, high, here = within(field, least), within(field, most), session[column]
        type_: TypeEngine[Any] = here.type
        found: ColumnElement[bool] = here.is_not(None)
        if scope.look(is_set(low)):
            found &= here >= scope.bind(low, type_)
        if scope.look(is_set(high)):
            found &= here <= scope.bind(high, type_) if inclusive else here < scope.bind(high, type_)
        return found

    return condition


def prefixed(scope: Scope, session: Columns, field: Getter) -> ColumnElement[bool]:
    """An integration ID that begins with a text: from that text up to the first that does not."""
    column = session["integration_id"]
    found = column >= scope.bind(field, column.type)
    if scope.look(lambda request: successor(field(request)) is None):
        return found
    return found & (column < scope.bind(lambda request: successor(field(request)), column.type))


def successor(prefix: str) -> str | None:
    """The smallest text, by code point, that is greater than all that begin with a prefix; None where there is none."""
    stem = prefix.rstrip("\U0010ffff")
    if not stem:
        return None
    following = ord(stem[-1]) + 1
    return stem[:-1] + chr(0xE000 if following == 0xD800 else following)  # no text has a surrogate in it


CONDITIONS: Mapping[str, Condition] = {
    "states": one_of("state"),
    "profileIds": one_of("profile_id"),
    "coupons": one_of("coupon"),
    "referrals": one_of("referral"),
    "identifiers": held_in(IdentifierRow, "identifier"),
    "skus": held_in(CartItemRow, "sku"),
    "integrationIdPrefix": prefixed,
    "firstSession": lambda scope, session, field: session["first_session"] == scope.bind(field, Boolean()),
    "created": between("created", "from", "to", inclusive=False),
    "updated": between("updated", "from", "to", inclusive=False),
    "closed": between("closed", "from", "to", inclusive=False),
    "total": between("total", "min", "max", inclusive=True),
}
