"""Webhooks."""

from datetime import datetime
from typing import Any, ClassVar

import strawberry
from sqlalchemy import ColumnElement, func, literal, or_, select

from db.domain.events import EventType
from db.domain.webhook import WebhookState
from graphql_api.sql import cursors
from graphql_api.sql.fields import Count, column, reads, value
from graphql_api.sql.functions import SqlFunction
from graphql_api.sql.json_scalars import as_text
from graphql_api.sql.scope import Scope
from graphql_api.sql.source import Source
from graphql_api.types.node import Node
from graphql_api.types.session_event import FEED
from graphql_api.types.sources import EVENTS, WEBHOOKS

MAX_LAG = 10_000  # events


class Position(SqlFunction):
    """The position of a text in another, 0 where it is not contained."""

    sqlite = "instr({0}, {1})"
    postgresql = "strpos({0}, {1})"


def lag(scope: Scope) -> ColumnElement[int]:
    """Return the number of events after the place, of the next MAX_LAG."""
    webhook, event = scope.row, scope.alias(EVENTS)
    newer = (
        select(event.c.type)
        .where(event.c.application_id == webhook["application_id"], event.c.id > webhook["after_id"])
        .order_by(event.c.id)
        .limit(MAX_LAG)
        .correlate_except(event)
        .subquery()
    )
    quoted: Any = literal('"') + func.upper(newer.c.type) + literal('"')
    wanted = or_(webhook["types"].is_(None), Position(as_text(webhook["types"]), quoted) > 0)
    return select(func.count()).select_from(newer).where(wanted).correlate_except(newer).scalar_subquery()


@strawberry.type(
    description="A durable subscription to the events of an application. Each event is sent to a URL, with the fields"
    " that a document selects. The webhook stores its place in the history of events."
)
class Webhook(Node):
    source: ClassVar[Source] = WEBHOOKS

    url: str = column("The URL to which events are sent by POST.")
    document: str = column(
        "A GraphQL document with one subscription, whose only field is sessionEvents. Its result for an event is the"
        " data of the body."
    )
    types: list[EventType] | None = column("The types of events that are sent; null if all are.")
    state: WebhookState = column("Whether events are sent.")
    after: str = value(
        "The place of the webhook in the history, as a cursor of sessionEvents: all events up to it have been"
        " acknowledged. updateWebhook can set it.",
        lambda scope: cursors.place_json(FEED, scope.row["application_id"], scope.row["after_id"]),
    )
    lag: int = strawberry.field(
        description="The number of events that are still to be sent, counted over the next 10000 events of the"
        " application after the place.",
        metadata=reads(Count(lag)),
    )
    last_attempt: datetime | None = column("When an event was last sent; null if none was.")
    last_status: int | None = column("The HTTP status of the last answer; null if the last attempt had none.")
    last_error: str | None = column("Why the last attempt failed; null if it was acknowledged.")
    failures: int = column("The number of attempts that have failed since the last one that was acknowledged.")
    next_attempt: datetime | None = column("When a failed event is sent again; null if none is waiting.")
    created: datetime = column("When the webhook was created.")
