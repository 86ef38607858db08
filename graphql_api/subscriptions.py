"""The root fields of subscriptions. Each event is read by one statement, like the result of a query."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial
from typing import Annotated, Any

import strawberry

from db.domain.events import EventType
from db.events.feed import FeedStopped, PositionAhead, ReplayFailed, SubscriberTooSlow
from db.events.history import ApplicationHistory, Event, History, SessionHistory
from db.repository.core import EVENT
from graphql_api.errors import BadUserInput, GoingAway, LimitExceeded, SubscriptionInterrupted
from graphql_api.execution.context import Info
from graphql_api.sql import cursors
from graphql_api.sql.fields import Edge as EdgeOf
from graphql_api.sql.fields import One, reads
from graphql_api.sql.global_ids import quoted
from graphql_api.types.node import ApplicationId, Edge, IntegrationId
from graphql_api.types.session_event import FEED, SessionEvent
from graphql_api.types.written import written_event

AfterVersion = Annotated[
    int | None,
    strawberry.argument(
        description="Begin with the event after this version of the session; 0 begins with the first event of its"
        " history. Null or left out: begin with the next event that happens."
    ),
]
AfterEvent = Annotated[
    str | None,
    strawberry.argument(
        description="Begin with the event after this cursor, which an edge or an error of this field had. Null or left"
        " out: begin with the next event that happens."
    ),
]
EventTypes = Annotated[
    list[EventType] | None,
    strawberry.argument(description="Only events of these types. Null or left out: events of all types."),
]
Prefix = Annotated[
    str | None,
    strawberry.argument(
        description="Only events of sessions whose integrationId begins with this text, upper and lower case"
        " distinguished. Null or left out: of all sessions."
    ),
]


@strawberry.type(
    description="Events of sessions as they happen: each once, in order, and after it has been committed. A"
    " subscription that ends with an error can be resumed: the error's extensions hold the argument to"
    " continue with."
)
class Subscription:
    @strawberry.subscription(
        description="The events of one session. With afterVersion it begins with those that a client missed."
        " The session need not exist yet. An error that ends the subscription has afterVersion in its"
        " extensions.",
        metadata=reads(One(written_event)),
    )
    async def customer_session_changed(
        self,
        info: Info,
        integration_id: IntegrationId,
        application_id: ApplicationId = None,
        after_version: AfterVersion = None,
    ) -> AsyncGenerator[SessionEvent, None]:
        """Subscribe by version."""
        viewer = info.context.viewer
        history = SessionHistory(viewer.resolve_application(application_id), integration_id, viewer.session_id)
        if after_version is not None and after_version < 0:
            raise BadUserInput(f"afterVersion has to be 0 or more, got {after_version}.")
        try:
            events = await info.context.feed.subscribe(history, after_version)
        except PositionAhead as last:
            raise BadUserInput(f"The session has no version {after_version} yet; its version is {last}.") from None
        return resumable(events, history, lambda version: {"afterVersion": version})

    @strawberry.subscription(
        description="The events of all sessions of the application, in the order in which they were committed; with"
        " types or integrationIdPrefix only those that match both. With after it begins with those that a client"
        " missed. An error that ends the subscription has after in its extensions.",
        metadata=reads(EdgeOf(written_event, FEED)),
    )
    async def session_events(
        self,
        info: Info,
        application_id: ApplicationId = None,
        after: AfterEvent = None,
        types: EventTypes = None,
        integration_id_prefix: Prefix = None,
    ) -> AsyncGenerator[Edge[SessionEvent], None]:
        """Subscribe by the ID of an event, which the cursor encodes."""
        application = info.context.viewer.resolve_application(application_id)
        position = None if after is None else cursors.decode(after, FEED, [EVENT.c.id], application)[0]
        history = ApplicationHistory(application, types, integration_id_prefix or "")
        try:
            events = await info.context.feed.subscribe(history, position)
        except PositionAhead:
            raise BadUserInput(f"{quoted(str(after))} is a cursor of an event that has not happened.") from None
        return resumable(events, history, lambda event_id: {"after": cursors.encode(FEED, application, event_id)})


async def resumable(
    events: AsyncGenerator[Event, None], history: History, arguments: Callable[[int], dict[str, Any]]
) -> AsyncGenerator[Any, None]:
    """Yield each event with a function that returns the arguments to resume before it.

    The error that ends the events has those arguments in its extensions.
    """
    try:
        async with aclosing(events):
            async for event in events:
                yield event, partial(arguments, history.position(event) - 1)
    except SubscriberTooSlow as ended:
        raise LimitExceeded(
            "The client reads events more slowly than they happen.", **arguments(ended.position)
        ) from None
    except FeedStopped as ended:
        raise GoingAway("The server shuts down.", **arguments(ended.position)) from None
    except ReplayFailed as ended:
        raise SubscriptionInterrupted(ended.error, arguments(ended.position)) from ended
