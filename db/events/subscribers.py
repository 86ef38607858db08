"""The subscribers of one process: their queues, and the topics that events are published to."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Sequence

from db.events.history import Event


class Subscriber:
    """The queue of a subscriber. When it overflows, it is emptied and the subscriber has to replay."""

    def __init__(self, max_queued: int) -> None:
        self.queue: deque[Event] = deque()
        self.needs_replay = True
        self._max_queued = max_queued
        self._caught_up = False  # since the last overflow
        self._behind_since: float | None = None
        self._woken = asyncio.Event()

    def go_live(self) -> None:
        """Queue the events that are published from here on."""
        self.queue.clear()
        self.needs_replay = False

    def publish(self, event: Event) -> None:
        """Queue an event, or note that the queue overflowed."""
        if self.needs_replay:
            return
        if len(self.queue) < self._max_queued:
            self.queue.append(event)
        else:
            self.queue.clear()
            self.needs_replay = True
            if self._caught_up:
                self._caught_up, self._behind_since = False, asyncio.get_running_loop().time()
        self.wake()

    def lag(self) -> float:
        """Return the seconds since the queue overflowed, 0 once the subscriber has caught up."""
        return 0 if self._behind_since is None else asyncio.get_running_loop().time() - self._behind_since

    def wake(self) -> None:
        """Let ``wait`` return."""
        self._woken.set()

    async def wait(self) -> None:
        """Wait for an event or the end of the feed. A subscriber that waits has caught up."""
        self._caught_up, self._behind_since = True, None
        await self._woken.wait()
        self._woken.clear()


class Topic:
    """The subscribers of one application or of its sessions, and the ID of the event that was published last."""

    def __init__(self, application_id: int, last_id: int) -> None:
        self.application_id = application_id
        self.last_id = last_id
        self._subscribers: defaultdict[str | None, set[Subscriber]] = defaultdict(set)  # None: of all sessions

    def __len__(self) -> int:
        """Return how many subscribers there are."""
        return sum(map(len, self._subscribers.values()))

    def add(self, integration_id: str | None, subscriber: Subscriber) -> None:
        """Add a subscriber of one session, or of all."""
        self._subscribers[integration_id].add(subscriber)

    def remove(self, integration_id: str | None, subscriber: Subscriber) -> None:
        """Remove a subscriber."""
        self._subscribers[integration_id].discard(subscriber)
        if not self._subscribers[integration_id]:
            del self._subscribers[integration_id]

    def publish(self, events: Sequence[Event]) -> None:
        """Publish the next events of the application."""
        for event in events:
            for integration_id in (None, event.integration_id):
                for subscriber in self._subscribers.get(integration_id, ()):
                    subscriber.publish(event)
            self.last_id = event.id

    def wake(self) -> None:
        """Wake all subscribers."""
        for subscribers in self._subscribers.values():
            for subscriber in subscribers:
                subscriber.wake()
