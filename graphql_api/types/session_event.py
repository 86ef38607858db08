"""The history of a session."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, ClassVar

import strawberry

from db.domain.events import EventType
from db.domain.lifecycle import SessionState
from db.tables import SessionEventRow
from graphql_api.scalars import JSONObject
from graphql_api.sql.fields import column, money, one, value
from graphql_api.sql.global_ids import Source
from graphql_api.types.node import Node, of_application, of_session
from graphql_api.types.session_return import SessionReturn

if TYPE_CHECKING:
    from graphql_api.types.customer_session import CustomerSession

TOTAL = "The session's total after the event."


@strawberry.interface(description="One accepted change of a session. Events are never changed or removed.")
class SessionEvent(Node):
    """What all events have."""

    source: ClassVar[Source] = Source(SessionEventRow, "event")

    version: int = column("1, 2, 3 … within the session: the session's version after the event.")
    occurred: datetime = column("When it happened.")
    actor: str = column("The name of the key that acted, or whose session token did: that is said behind the name.")
    session: Annotated["CustomerSession", strawberry.lazy("graphql_api.types.customer_session")] = one(
        "The session, as it is now.",
        lambda scope, session: [
            of_application(session, scope.row),
            session["id"] == scope.row["session_id"],
        ],
    )
    changes: JSONObject = column(
        "The new values of what changed, in the entity's own JSON shape, amounts as numbers. Put over each other from"
        " the first event to the last, they are the session."
    )


@strawberry.type(description="The session was created.")
class SessionCreated(SessionEvent):
    """The first event of every session."""

    source: ClassVar[Source] = Source(SessionEventRow, "event", EventType.CREATED)

    state: SessionState = column("The state it was created in.")
    total: Decimal = money(TOTAL)


@strawberry.type(description="The content of an open session was changed.")
class SessionUpdated(SessionEvent):
    """An update."""

    source: ClassVar[Source] = Source(SessionEventRow, "event", EventType.UPDATED)

    changed_fields: list[str] = column("The names of the input's fields that changed, sorted.")
    total: Decimal = money(TOTAL)


@strawberry.type(description="The purchase was made.")
class SessionClosed(SessionEvent):
    """A close."""

    source: ClassVar[Source] = Source(SessionEventRow, "event", EventType.CLOSED)

    total: Decimal = money(TOTAL)
    discount_total: Decimal = money("The sum of the discounts. The lines' shares of it are fixed from here on.")


@strawberry.type(description="Items came back.")
class ItemsReturned(SessionEvent):
    """A return."""

    source: ClassVar[Source] = Source(SessionEventRow, "event", EventType.ITEMS_RETURNED)

    return_: SessionReturn = one(
        "What came back.", lambda scope, made: of_session(made, scope.row, version="version"), name="return"
    )


@strawberry.type(description="The purchase was called off.")
class SessionCancelled(SessionEvent):
    """A cancellation."""

    source: ClassVar[Source] = Source(SessionEventRow, "event", EventType.CANCELLED)

    from_: SessionState = value("The state it was in before.", lambda scope: scope.row["from_state"], name="from")
    reason: str | None = column("Why, as the caller said.")
