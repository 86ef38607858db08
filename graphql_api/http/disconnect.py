"""Cancel an operation at its deadline or when its client disconnects."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import Self

from starlette.types import Receive

from graphql_api.http.errors import ClientDisconnected

WATCH_AFTER = 0.05  # seconds: watching takes a task, which an operation that ends sooner can do without


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
