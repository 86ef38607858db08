"""The feed: each event to all who follow it, once and in order, from whatever process it was committed by.

One task reads what is new, once an application, and hands it out. Who follows has missed something at first, and again
where more came than its queue holds; that is read from the database. What is read and what is in the queue meet at the
event that the feed had come to when the queue was begun: nothing falls between them, and nothing is told twice.
"""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress

from db.engine.database import Database
from db.events.history import ApplicationHistory, Event, History

log = logging.getLogger("cartograph")

LARGEST = 2**63 - 1
PAUSE = 0.5  # seconds after a failure


class Cut(Exception):
    """What was followed is not told any further; ``place`` is where to go on from."""

    def __init__(self, place: int) -> None:
        super().__init__(place)
        self.place = place


class TooSlow(Cut):
    """Who follows does not keep up."""


class Stopped(Cut):
    """The feed ends, and its process with it."""


class Unread(Cut):
    """What comes next cannot be read; ``error`` says why."""

    def __init__(self, place: int, error: Exception) -> None:
        super().__init__(place)
        self.error = error


class NotYet(Exception):
    """A history is to be told from a place that it has not come to; the argument is how far it has."""


@contextmanager
def unread(after: int) -> Iterator[None]:
    """Raises Unread for whatever is raised."""
    try:
        yield
    except Exception as error:
        raise Unread(after, error) from error


class Feed:
    """The feed of one process. ``most`` bounds each queue; who has lagged for ``patience`` seconds is cut off."""

    def __init__(self, database: Database, most: int, patience: float) -> None:
        self._database = database
        self._most = most
        self._patience = patience
        self._topics: dict[int, Topic] = {}
        self._lock = asyncio.Lock()  # a topic is opened before what is new is read, or after
        self._followed = asyncio.Event()
        self._stopped = False
        self._task = asyncio.create_task(self._run())

    @property
    def followers(self) -> int:
        """How many follow something."""
        return sum(topic.count for topic in self._topics.values())

    async def follow(self, history: History, after: int | None) -> AsyncGenerator[Event, None]:
        """The events of a history, those behind a place or else those from now on. Raises NotYet.

        What is answered raises Cut when it ends.
        """
        if after is None:
            after = await self._database.query(history.last, await self._database.tail.settled_id())
            unsettled = await self._database.query(history.next, after, LARGEST, self._most)
            return self._told(history, after, {event.id for event in unsettled})  # these have happened already
        if after > (last := await self._database.query(history.last, LARGEST)):
            raise NotYet(last)
        return self._told(history, after, ())

    def stop(self) -> None:
        """Cut off all who follow."""
        self._stopped = True
        for topic in self._topics.values():
            topic.wake()

    async def close(self) -> None:
        """Stop, and let go of the database."""
        self.stop()
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _told(self, history: History, after: int, but: Collection[int]) -> AsyncGenerator[Event, None]:
        with unread(after):
            topic = await self._topic(history.application_id)
        with self._joined(topic, history) as follower:
            while not self._stopped:
                if follower.lag() > self._patience:
                    raise TooSlow(after)
                events: Sequence[Event] = ()
                if follower.misses:
                    follower.begin()
                    with unread(after):
                        events = await self._database.query(history.next, after, topic.told, self._most)
                    if len(events) == self._most:
                        follower.misses = True
                elif follower.queue:
                    events = (follower.queue.popleft(),)
                else:
                    await follower.woken()
                for event in events:
                    if history.place(event) > after:
                        if event.id not in but:
                            yield event
                        after = history.place(event)
        raise Stopped(after)

    async def _topic(self, application_id: int) -> "Topic":
        async with self._lock:
            if application_id not in self._topics:
                settled = await self._database.tail.settled_id()
                told = await self._database.query(ApplicationHistory(application_id).last, settled)
                self._topics[application_id] = Topic(application_id, told)
                self._followed.set()
            return self._topics[application_id]

    @contextmanager
    def _joined(self, topic: "Topic", history: History) -> Iterator["Follower"]:
        follower = Follower(self._most)
        topic.followers[history.integration_id].add(follower)
        try:
            yield follower
        finally:
            topic.leave(history.integration_id, follower)
            if not topic.followers:
                del self._topics[topic.application_id]
                if not self._topics:
                    self._followed.clear()

    async def _run(self) -> None:
        read = False
        while True:
            try:
                if read:
                    await self._followed.wait()
                    await self._database.tail.wait_for_commit()
                read = False
                async with self._lock:
                    await self._read()
                read = True
            except Exception:  # whatever it is, those who follow wait until it is over
                log.exception("the feed is held up")
                await asyncio.sleep(PAUSE)

    async def _read(self) -> None:
        """Hand out what is new."""
        settled = await self._database.tail.settled_id()
        for topic in list(self._topics.values()):
            more = True
            while more:
                history = ApplicationHistory(topic.application_id)
                events = await self._database.query(history.next, topic.told, settled, self._most)
                topic.tell(events)
                more = len(events) == self._most


class Topic:
    """An application that is followed: by whom, and the id of the event that has been handed out last."""

    def __init__(self, application_id: int, told: int) -> None:
        self.application_id = application_id
        self.told = told
        self.followers: defaultdict[str | None, set[Follower]] = defaultdict(set)

    @property
    def count(self) -> int:
        """How many follow it, or a session of it."""
        return sum(map(len, self.followers.values()))

    def tell(self, events: Sequence[Event]) -> None:
        """Hand out the next events."""
        for event in events:
            for name in (None, event.integration_id):
                for follower in self.followers.get(name, ()):
                    follower.offer(event)
            self.told = event.id

    def wake(self) -> None:
        """Let all look at what has become of the feed."""
        for followers in self.followers.values():
            for follower in followers:
                follower.wake()

    def leave(self, name: str | None, follower: "Follower") -> None:
        """Forget one who followed."""
        self.followers[name].discard(follower)
        if not self.followers[name]:
            del self.followers[name]


class Follower:
    """One who follows: what waits for it, or that it has missed something and has to read."""

    def __init__(self, most: int) -> None:
        self.queue: deque[Event] = deque()
        self.misses = True
        self._most = most
        self._keeps_up = False
        self._lags_since: float | None = None
        self._woken = asyncio.Event()

    def begin(self) -> None:
        """Let what is handed out from here on wait."""
        self.queue.clear()
        self.misses = False

    def offer(self, event: Event) -> None:
        """Let an event wait; where too many do already, all of them are missed."""
        if self.misses:
            return
        if len(self.queue) < self._most:
            self.queue.append(event)
        else:
            self.queue.clear()
            self.misses = True
            if self._keeps_up:
                self._keeps_up, self._lags_since = False, asyncio.get_running_loop().time()
        self.wake()

    def lag(self) -> float:
        """For how many seconds it has not kept up, though it did before."""
        return 0 if self._lags_since is None else asyncio.get_running_loop().time() - self._lags_since

    def wake(self) -> None:
        """Let it look at what there is."""
        self._woken.set()

    async def woken(self) -> None:
        """Wait for something to look at. Who has come to wait keeps up."""
        self._keeps_up, self._lags_since = True, None
        await self._woken.wait()
        self._woken.clear()
