"""What a request under way may take: its deadline, and the patience of its client, who may go before."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import Self

from starlette.types import Receive

from graphql_api.http.request import ClientGone

GRACE = 0.05  # seconds: what is done sooner is not worth the looking


@asynccontextmanager
async def attended(receive: Receive, seconds: float) -> AsyncIterator[None]:
    """So many seconds, and no longer than the client is there. Raises TimeoutError and ClientGone."""
    async with Attended(receive), asyncio.timeout(seconds):
        yield


class Attended:
    """A client that goes while this lasts ends it with ClientGone."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._watching: asyncio.Future[None] | None = None
        self._gone = False

    async def __aenter__(self) -> Self:
        """Look from now on, in a while."""
        self._task = asyncio.current_task()
        self._timer = asyncio.get_running_loop().call_later(GRACE, self._begin)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Look no more. Raises ClientGone."""
        self._timer.cancel()
        if self._watching is not None:
            self._watching.cancel()
        if self._gone and self._task is not None and (kind is None or kind is asyncio.CancelledError):
            if kind is None:  # it was done in the very moment: the cancellation has yet to come
                with suppress(asyncio.CancelledError):
                    await asyncio.sleep(0)
            self._task.uncancel()
            raise ClientGone

    def _begin(self) -> None:
        self._watching = asyncio.ensure_future(self._watch())

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        if self._task is not None:
            self._task.cancel()
