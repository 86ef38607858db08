"""The history of a session."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, ClassVar

import strawberry
from sqlalchemy import ColumnElement, Text, case, cast, literal_column

from db.domain.events import EventType
from db.domain.lifecycle import SessionState
from graphql_api.scalars import JSONObject
from graphql_api.sql.fields import Order, column, one, value
from graphql_api.sql.functions import SqlFunction
from graphql_api.sql.json_documents import JsonField
from graphql_api.sql.request import has_session_token
from graphql_api.sql.scope import Scope
from graphql_api.sql.source import Source
from graphql_api.types.amounts import money
from graphql_api.types.node import Node, of_application, of_session
from graphql_api.types.session_return import SessionReturn
from graphql_api.types.sources import EVENTS

if TYPE_CHECKING:
    from graphql_api.types.customer_session import CustomerSession

FEED = Order("feed", ("id",))  # all events of an application
TOTAL = "The session's total after the event, before discounts and returns."


class WithoutPromotions(SqlFunction):
    """A JSON object without the key promotions."""

    sqlite = "json_remove({0}, '$.promotions')"
    postgresql = "(({0})::jsonb - 'promotions')"


def visible_changes(scope: Scope) -> ColumnElement[str]:
    """Return the changes of an event; for a session token without the campaigns that gave discounts."""
    changes = scope.row["changes"]
    if not scope.plan_key(has_session_token):
        return changes
    has_promotions = JsonField(changes, literal_column("'promotions'", Text)).is_not(None)
    return case((has_promotions, cast(WithoutPromotions(changes), Text)), else_=cast(changes, Text))


@strawberry.interface(
    description="One accepted change of a session, as its history stores it. An event never changes and is never"
    " removed."
)
class SessionEvent(Node):
    source: ClassVar[Source] = EVENTS

    version: int = column(
        "The session's version after the event. The events of a session are numbered 1, 2, 3 and so on."
    )
    occurred: datetime = column("When the event happened. Events of one session are in the order of their times.")
    actor: str = column(
        "Name of the key that acted. Where a session token acted, the name of the key that created the token,"
        ' followed by " (session token)".'
    )
    session: Annotated["CustomerSession", strawberry.lazy("graphql_api.types.customer_session")] = one(
        "The session as it is now, not as it was after the event.",
        lambda scope, session: [
            of_application(session, scope.row),
            session["id"] == scope.row["session_id"],
        ],
    )
    changes: JSONObject = value(
        "The new values of the fields that changed. Merged in the order of their versions, the changes of all"
        " events give the session. Keys and values are those of an exported session, in which amounts are"
        " JSON numbers and states are in lower case. A session token does not get the key promotions,"
        " which names campaigns.",
        visible_changes,
    )


@strawberry.type(description="The event of a session's creation, always its first.")
class SessionCreated(SessionEvent):
    source: ClassVar[Source] = replace(EVENTS, type=EventType.CREATED)

    state: SessionState = column("The state in which the session was created.")
    total: Decimal = money(TOTAL)


@strawberry.type(description="The event of a change of an open session's content.")
class SessionUpdated(SessionEvent):
    source: ClassVar[Source] = replace(EVENTS, type=EventType.UPDATED)

    changed_fields: list[str] = column("The names of the input fields whose values changed, in alphabetical order.")
    total: Decimal = money(TOTAL)
    merged_from: str | None = value(
        "The integration ID of the session whose lines were merged into this one; null if the event is of another"
        " change.",
        lambda scope: scope.row["merged_with"],
    )


@strawberry.type(description="The event of a session's purchase: the session was closed.")
class SessionClosed(SessionEvent):
    source: ClassVar[Source] = replace(EVENTS, type=EventType.CLOSED)

    total: Decimal = money(TOTAL)
    discount_total: Decimal = money(
        "The sum of the discounts. It is fixed from this event on, and so is each line's discountShare."
    )


@strawberry.type(description="The event of a return of items.")
class ItemsReturned(SessionEvent):
    source: ClassVar[Source] = replace(EVENTS, type=EventType.ITEMS_RETURNED)

    return_: SessionReturn = one(
        "The return, with its items and the refund.",
        lambda scope, made: of_session(made, scope.row, version="version"),
        name="return",
    )


@strawberry.type(description="The event of a session's cancellation, always its last.")
class SessionCancelled(SessionEvent):
    source: ClassVar[Source] = replace(EVENTS, type=EventType.CANCELLED)

    from_: SessionState = value("The state of the session before.", lambda scope: scope.row["from_state"], name="from")
    reason: str | None = column("The reason that the caller gave; null if none.")
    merged_into: str | None = value(
        "The integration ID of the session that the lines were merged into; null if the session was not merged.",
        lambda scope: scope.row["merged_with"],
    )
