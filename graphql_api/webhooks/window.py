"""The window of a webhook: the events after its place, and the order in which they are sent.

Events of one session are sent one after another, those of different sessions at the same time. The place is before the
first event that has not been acknowledged.
"""

from collections import deque
from collections.abc import Iterable
from heapq import heappop, heappush

from db.events.history import Event
from db.events.webhooks import Progress, Retry

MAX_EVENTS = 1_000  # in a window: behind a session that fails, so many events of others are sent


class Pending:
    """An event that waits, is being sent, or has been acknowledged."""

    __slots__ = ("acknowledged", "due", "event", "failures", "since")

    def __init__(self, event: Event) -> None:
        self.event = event
        self.acknowledged = False
        self.failures = 0
        self.since = 0.0  # the first failure, in seconds since 1970
        self.due = 0.0  # the next attempt

    def retry(self) -> Retry:
        """Return the failures as they are stored."""
        return Retry(self.event.id, self.failures, self.since, self.due)


class Window:
    """The events after a place. Begins with those that were acknowledged or have failed before."""

    def __init__(self, progress: Progress) -> None:
        self.after_id = progress.after_id
        self.seen_id = progress.after_id  # the last event of the history that was added or passed
        self._events: dict[int, Pending] = {}  # in the order of their IDs
        self._sessions: dict[int, deque[Pending]] = {}  # events that are not acknowledged
        self._fresh: deque[Pending] = deque()  # can be sent, and have not failed
        self._failed: list[tuple[float, int, Pending]] = []  # a heap
        self._acknowledged = set(progress.acknowledged)  # not added yet
        self._retries = {retry.event_id: retry for retry in progress.retries}  # not added yet

    @property
    def is_full(self) -> bool:
        """Whether no event can be added."""
        return len(self._events) >= MAX_EVENTS

    def skip(self, event: Event) -> None:
        """Pass an event that is not sent."""
        self.seen_id = event.id
        self._advance()

    def add(self, event: Event) -> None:
        """Add the next event of the history."""
        self.seen_id = event.id
        pending = self._events[event.id] = Pending(event)
        if event.id in self._acknowledged:
            self._acknowledged.discard(event.id)
            pending.acknowledged = True
            self._advance()
            return
        if retry := self._retries.pop(event.id, None):
            pending.failures, pending.since, pending.due = retry.failures, retry.since, retry.due
        queue = self._sessions.setdefault(event.session_id, deque())
        queue.append(pending)
        if len(queue) == 1:
            self._schedule(pending)

    def next(self, now: float, only_failed: bool) -> Pending | None:
        """Return an event to send, which is the first of its session; None if there is none now."""
        if self._failed and self._failed[0][0] <= now:
            return heappop(self._failed)[2]
        return self._fresh.popleft() if self._fresh and not only_failed else None

    def next_due(self) -> float | None:
        """Return when the next failed event is due, or None."""
        return self._failed[0][0] if self._failed else None

    def acknowledge(self, pending: Pending) -> None:
        """Note that an event was acknowledged: the next one of its session can be sent."""
        pending.acknowledged = True
        queue = self._sessions[pending.event.session_id]
        queue.popleft()
        if queue:
            self._schedule(queue[0])
        else:
            del self._sessions[pending.event.session_id]
        self._advance()

    def fail(self, pending: Pending, due: float) -> None:
        """Send an event again at a time."""
        pending.due = due
        heappush(self._failed, (due, pending.event.id, pending))

    def acknowledged(self) -> list[int]:
        """Return the events after the place that have been acknowledged."""
        return sorted([*self._acknowledged, *(each.event.id for each in self._events.values() if each.acknowledged)])

    def retries(self) -> list[Retry]:
        """Return the events that have failed."""
        heads = (queue[0] for queue in self._sessions.values())
        return [*self._retries.values(), *(pending.retry() for pending in heads if pending.failures)]

    def _schedule(self, pending: Pending) -> None:
        if pending.failures:
            heappush(self._failed, (pending.due, pending.event.id, pending))
        else:
            self._fresh.append(pending)

    def _advance(self) -> None:
        """Move the place past acknowledged events."""
        for event_id in self._leading():
            del self._events[event_id]
            self.after_id = event_id
        if not self._events:
            self.after_id = max(self.after_id, self.seen_id)
        self._acknowledged = {each for each in self._acknowledged if each > self.after_id}

    def _leading(self) -> Iterable[int]:
        """Return the IDs of the events before the first that is not acknowledged."""
        found = []
        for pending in self._events.values():
            if not pending.acknowledged:
                break
            found.append(pending.event.id)
        return found
