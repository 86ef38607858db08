"""The event feed of one process: every event, of whichever process, to each subscriber once and in order.

One task reads new events, once for each application, and publishes them to the queues of the subscribers. A new
subscriber, or one whose queue overflowed, replays from the database and then goes live. The replay ends at the last
published event, after which the queue begins, so that no event is lost or delivered twice.
"""

import asyncio
import logging
import math
from collections.abc import AsyncGenerator, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress

from db.engine.database import Database
from db.events.history import ApplicationHistory, Event, History
from db.events.subscribers import Subscriber, Topic

log = logging.getLogger("cartograph")

MAX_ID = 2**63 - 1
RETRY_DELAY = 0.5  # seconds


class PositionAhead(Exception):
    """A subscription was to start after the end of its history; the argument is the last position."""


class SubscriptionEnded(Exception):
    """A subscription ended; ``position`` is the last position that was delivered, to subscribe again from."""

    def __init__(self, position: int) -> None:
        super().__init__(position)
        self.position = position


class SubscriberTooSlow(SubscriptionEnded):
    """The subscriber did not keep up with the events."""


class FeedStopped(SubscriptionEnded):
    """The process is shutting down."""


class ReplayFailed(SubscriptionEnded):
    """The next events could not be read from the database; ``error`` is why."""

    def __init__(self, position: int, error: Exception) -> None:
        super().__init__(position)
        self.error = error


class Feed:
    """The event feed. A subscriber with more than ``max_queued`` events for ``max_lag`` seconds is disconnected."""

    def __init__(self, database: Database, max_queued: int, max_lag: float) -> None:
        self._database = database
        self._max_queued = max_queued
        self._max_lag = max_lag
        self._topics: dict[int, Topic] = {}
        self._lock = asyncio.Lock()  # no topic is created between reading the settled ID and publishing up to it
        self._has_topics = asyncio.Event()
        self._stopped = False
        self._task = asyncio.create_task(self._run())

    @property
    def subscribers(self) -> int:
        """How many subscribers there are."""
        return sum(map(len, self._topics.values()))

    async def subscribe(self, history: History, after: int | None) -> AsyncGenerator[Event, None]:
        """Return the events of a history after a position, or from now on. Raises PositionAhead.

        The generator ends by raising SubscriptionEnded.
        """
        if after is None:
            after = await self._database.query(history.last_position, await self._database.tail.settled_id())
            past = await self._database.query(history.events_after, after, MAX_ID, self._max_queued)
            settled_later = {event.id for event in past}  # committed, though not settled yet
            return self._events(history, after, settled_later, self._max_lag)
        if after > (last := await self._database.query(history.last_position, MAX_ID)):
            raise PositionAhead(last)
        return self._events(history, after, (), self._max_lag)

    async def follow(self, history: History, after: int) -> AsyncGenerator[Event, None]:
        """Return the events of a history after a position, for a subscriber that may be slow. Raises PositionAhead.

        The generator ends by raising SubscriptionEnded, though never SubscriberTooSlow.
        """
        if after > (last := await self._database.query(history.last_position, MAX_ID)):
            raise PositionAhead(last)
        return self._events(history, after, (), math.inf)

    def stop(self) -> None:
        """End all subscriptions."""
        self._stopped = True
        for topic in self._topics.values():
            topic.wake()

    async def close(self) -> None:
        """Stop, and finish using the database."""
        self.stop()
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _events(
        self, history: History, after: int, past: Collection[int], max_lag: float
    ) -> AsyncGenerator[Event, None]:
        """Yield the events after a position, except those with the IDs in ``past``."""
        with replay_failures(after):
            topic = await self._topic(history.application_id)
        with self._subscription(topic, history) as subscriber:
            while not self._stopped:
                if subscriber.lag() > max_lag:
                    raise SubscriberTooSlow(after)
                events: Sequence[Event] = ()
                if subscriber.needs_replay:
                    subscriber.go_live()
                    with replay_failures(after):
                        events = await self._database.query(
                            history.events_after, after, topic.last_id, self._max_queued
                        )
                    if len(events) == self._max_queued:
                        subscriber.needs_replay = True
                elif subscriber.queue:
                    events = (subscriber.queue.popleft(),)
                else:
                    await subscriber.wait()
                for event in events:
                    if history.position(event) > after:
                        if event.id not in past and history.includes(event):
                            yield event
                        after = history.position(event)
        raise FeedStopped(after)

    async def _topic(self, application_id: int) -> Topic:
        """Return the topic of an application, created at the end of its settled events."""
        async with self._lock:
            if application_id not in self._topics:
                settled_id = await self._database.tail.settled_id()
                last_id = await self._database.query(ApplicationHistory(application_id).last_position, settled_id)
                self._topics[application_id] = Topic(application_id, last_id)
                self._has_topics.set()
            return self._topics[application_id]

    @contextmanager
    def _subscription(self, topic: Topic, history: History) -> Iterator[Subscriber]:
        """Add a subscriber to a topic, and remove it in the end."""
        subscriber = Subscriber(self._max_queued)
        topic.add(history.integration_id, subscriber)
        try:
            yield subscriber
        finally:
            topic.remove(history.integration_id, subscriber)
            if not topic:
                del self._topics[topic.application_id]
                if not self._topics:
                    self._has_topics.clear()

    async def _run(self) -> None:
        """Publish new events until cancelled."""
        up_to_date = False
        while True:
            try:
                if up_to_date:
                    await self._has_topics.wait()
                    await self._database.tail.wait_for_commit()
                up_to_date = False
                async with self._lock:
                    await self._publish_new_events()
                up_to_date = True
            except Exception:  # subscribers wait until the database answers again
                log.exception("reading new events failed; trying again")
                await asyncio.sleep(RETRY_DELAY)

    async def _publish_new_events(self) -> None:
        """Publish the events that have settled since the last call."""
        settled_id = await self._database.tail.settled_id()
        for topic in list(self._topics.values()):
            history, more = ApplicationHistory(topic.application_id), True
            while more:
                events = await self._database.query(history.events_after, topic.last_id, settled_id, self._max_queued)
                topic.publish(events)
                more = len(events) == self._max_queued


@contextmanager
def replay_failures(position: int) -> Iterator[None]:
    """Raise ReplayFailed for any exception."""
    try:
        yield
    except Exception as error:
        raise ReplayFailed(position, error) from error
