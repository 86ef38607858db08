"""The end of the history in PostgreSQL."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any

from db.repository.core import CHANNEL

POLL = 0.5  # seconds after which a look is taken though nobody has told of anything
SOON = 0.01  # seconds after which a look is taken at what was not settled the last time
REACHED = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM session_event_id"
RUNNING = """
SELECT pg_snapshot_xmin(now)::text::bigint, pg_snapshot_xmax(now)::text::bigint FROM pg_current_snapshot() AS now"""


class PostgresTail:
    """Every process hears what any has committed, on a connection of its own; a look now and then finds the rest.

    Ids are given before the commit, and each to a transaction that has had its own number before. So all events up to
    an id are there once the transactions that were running when the sequence had come to it have ended.
    """

    def __init__(
        self, link: Callable[[], AbstractAsyncContextManager[Any]], connect: Callable[[], Awaitable[Any]] | None
    ) -> None:
        self._link = link
        self._connect = connect
        self._listener: Any = None
        self._told = asyncio.Event()
        self._settled = 0
        self._unsettled: deque[tuple[int, int]] = deque()  # an id, and the transaction that came after it was given

    async def changed(self) -> None:
        """Return when something has been told, or after a while."""
        if self._connect is not None and (self._listener is None or self._listener.is_closed()):
            self._listener = await self._connect()
            await self._listener.add_listener(CHANNEL, lambda *_: self._told.set())
            return  # what was told before nobody has heard
        with suppress(TimeoutError):
            async with asyncio.timeout(SOON if self._unsettled else POLL):
                await self._told.wait()
        self._told.clear()

    async def settled(self) -> int:
        """The id that all transactions which may have taken it, or one before it, have ended."""
        async with self._link() as link:
            reached = await link.fetchval(REACHED)
            oldest, following = await link.fetchrow(RUNNING)  # after the sequence was looked at, never before
        if reached > (self._unsettled[-1][0] if self._unsettled else self._settled):
            self._unsettled.append((reached, following))
        while self._unsettled and self._unsettled[0][1] <= oldest:
            self._settled = self._unsettled.popleft()[0]
        return self._settled

    async def close(self) -> None:
        """Hear no more."""
        if self._listener is not None:
            await self._listener.close()
