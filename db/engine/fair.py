"""Turns at what callers wait for: applications take turns, then the keys of each, then the session tokens of a key."""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Collection, Hashable, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Generic, TypeVar

T = TypeVar("T")

# For whom the database works: the IDs of the application, of the key, and of the key or session token.
Holder = tuple[int, str, str]
current_holder: ContextVar[Holder] = ContextVar("current_holder", default=(0, "", ""))


class FairQueue(Generic[T]):
    """A queue of items with paths, such as holders: each level of the path is served round-robin."""

    def __init__(self) -> None:
        self._items: deque[T] = deque()
        self._queues: OrderedDict[Hashable, FairQueue[T]] = OrderedDict()  # the next to be served is the first
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def push(self, path: Sequence[Hashable], item: T) -> None:
        """Add an item. The paths of all items have the same length."""
        self._length += 1
        if not path:
            self._items.append(item)
            return
        queue = self._queues.get(path[0])
        if queue is None:
            queue = self._queues[path[0]] = FairQueue()
        queue.push(path[1:], item)

    def pop(self, skip: Collection[Hashable] = ()) -> T | None:
        """Remove and return the next item whose path does not begin with one of ``skip``; None if there is none."""
        if self._items:
            self._length -= 1
            return self._items.popleft()
        for name, queue in self._queues.items():
            if name not in skip:
                self._length -= 1
                item = queue.pop()
                if queue:
                    self._queues.move_to_end(name)
                else:
                    del self._queues[name]
                return item
        return None


class FairSlots:
    """Slots of a shared resource, such as connections. No application has more than ``share`` of them at once."""

    def __init__(self, slots: int, share: int) -> None:
        self._slots = slots
        self._share = share
        self._used: Counter[int] = Counter()  # by application
        self._full: set[int] = set()  # the applications that use their whole share
        self._queue: FairQueue[tuple[int, asyncio.Future[None]]] = FairQueue()
        self.in_use = 0
        self.waiting = 0

    async def acquire(self) -> int:
        """Wait for a slot. Return the application that uses it, for ``release``."""
        holder = current_holder.get()
        application = holder[0]
        if self.in_use < self._slots and application not in self._full:
            self._take(application)
            return application
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.push(holder, (application, turn))
        self.waiting += 1
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it has got the slot meanwhile
                self.release(application)
            raise
        finally:
            self.waiting -= 1
        return application

    def release(self, application: int) -> None:
        """Return a slot, and give it to the next in turn."""
        self.in_use -= 1
        self._used[application] -= 1
        if not self._used[application]:
            del self._used[application]
        self._full.discard(application)
        while self.in_use < self._slots and (waiter := self._queue.pop(self._full)):
            application, turn = waiter
            if not turn.cancelled():
                self._take(application)
                turn.set_result(None)

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Use a slot within the context."""
        application = await self.acquire()
        try:
            yield
        finally:
            self.release(application)

    def _take(self, application: int) -> None:
        self.in_use += 1
        self._used[application] += 1
        if self._used[application] >= self._share:
            self._full.add(application)
