"""Limits of the time that a request may take: its deadline, and the moment at which its client disconnects."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from types import TracebackType, coroutine
from typing import Any, Self, TypeVar

from starlette.types import Receive

from graphql_api.http.errors import ClientDisconnected

T = TypeVar("T")

WATCH_AFTER = 0.05  # seconds: watching takes a task, which an operation that ends sooner can do without


async def with_lazy_timeout(
    work: Coroutine[Any, Any, T], new_timeout: Callable[[], AbstractAsyncContextManager[Any]]
) -> T:
    """Await a coroutine inside a context manager that is entered when, and only if, the coroutine suspends.

    Most reads of an embedded database do not suspend. ``asyncio.timeout`` makes a timer for each, which takes 5 % of a
    read of one session.

    The coroutine is first driven by hand, as an event loop does: ``send(None)`` runs it to its first suspension, where
    it yields the future that it waits for, or to its end, which raises StopIteration with its result. After that,
    ``resume`` passes the future on to the event loop from inside the context manager.
    """
    try:
        future = work.send(None)
    except StopIteration as finished:
        return finished.value
    async with new_timeout():
        return await resume(work, future)


@coroutine
def resume(work: Coroutine[Any, Any, T], future: Any) -> Generator[Any, Any, T]:
    """Await a coroutine that is suspended on a future. Cancellation and errors are thrown into it."""
    try:
        while True:
            try:
                value = yield future
            except BaseException as error:  # CancelledError, too, which the coroutine may have to clean up for
                future = work.throw(error)
            else:
                future = work.send(value)
    except StopIteration as finished:
        return finished.value


@asynccontextmanager
async def until_disconnect(receive: Receive, seconds: float) -> AsyncIterator[None]:
    """Cancel the block after so many seconds (TimeoutError) or when the client disconnects (ClientDisconnected)."""
    async with CancelOnDisconnect(receive), asyncio.timeout(seconds):
        yield


class CancelOnDisconnect:
    """A context manager that cancels its block and raises ClientDisconnected when the client disconnects.

    It works as ``asyncio.timeout`` does: the cancellation is turned into the exception on the way out.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._watcher: asyncio.Future[None] | None = None
        self._disconnected = False

    async def __aenter__(self) -> Self:
        self._task = asyncio.current_task()
        self._timer = asyncio.get_running_loop().call_later(WATCH_AFTER, self._start_watching)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if self._watcher is not None:
            self._watcher.cancel()
        if self._disconnected and self._task is not None and (kind is None or kind is asyncio.CancelledError):
            if kind is None:  # the block ended after cancel() was called and before the cancellation was delivered
                with suppress(asyncio.CancelledError):
                    await asyncio.sleep(0)
            self._task.uncancel()
            raise ClientDisconnected

    def _start_watching(self) -> None:
        self._watcher = asyncio.ensure_future(self._watch())

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._disconnected = True
        if self._task is not None:
            self._task.cancel()
