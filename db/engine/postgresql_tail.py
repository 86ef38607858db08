"""The end of the history in PostgreSQL."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any

log = logging.getLogger("cartograph")

CHANNEL = "cartograph_events"  # where it is told that there are new ones
TOGETHER = 0.005  # seconds for which commits are told of at once
SOON, POLL = 0.01, 0.25  # seconds between two looks: at what is not settled, and where nobody tells of anything
PAUSE = 1.0  # seconds before a connection that was lost is made again
REACHED = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM session_event_id"
OLDEST = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
NUMBERED = f"{OLDEST}, pg_current_xact_id()::text::bigint"


class PostgresTail:
    """Every process hears of what any has committed, on a connection of its own; a look now and then finds the rest.

    It is told after the commit. A transaction that notifies keeps all others that do from committing until the disk has
    what it wrote, so that each would wait for the disk alone.

    Ids are given before the commit, each to a transaction that has had a number before. So all events up to an id are
    there once every transaction has ended whose number is lower than one that is taken after the sequence had come to
    that id. (The snapshot's xmax is no such number: transactions beyond it may be running.)
    """

    def __init__(
        self, link: Callable[[], AbstractAsyncContextManager[Any]], connect: Callable[[], Awaitable[Any]] | None
    ) -> None:
        self._link = link
        self._connect = connect
        self._listening: asyncio.Task[None] | None = None
        self._telling: asyncio.Task[None] | None = None
        self._told = asyncio.Event()
        self._settled = 0
        self._seen = 0
        self._unsettled: deque[tuple[int, int]] = deque()  # an id, and a number that was taken after it was given

    def written(self) -> None:
        """Something has been committed here."""
        self._told.set()
        if self._telling is None:
            self._telling = asyncio.create_task(self._tell())

    async def _tell(self) -> None:
        """Let every process know of what has been committed until now."""
        await asyncio.sleep(TOGETHER)
        self._telling = None  # what is committed from here on is told of again
        try:
            async with self._link() as link:
                await link.execute(f"NOTIFY {CHANNEL}")
        except Exception:  # whatever it is, looks go on
            log.warning("nobody is told of new events", exc_info=True)

    async def changed(self) -> None:
        """Return when more has been settled than when this returned before."""
        if self._listening is None and self._connect is not None:
            self._listening = asyncio.create_task(self._listen(self._connect))
        wait = SOON
        while await self.settled() == self._seen:
            wait = min(2 * wait, POLL) if self._unsettled else POLL
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._told.wait()
                    wait = SOON
            self._told.clear()
        self._seen = self._settled

    async def settled(self) -> int:
        """The id up to which whatever transaction took one has ended."""
        async with self._link() as link:
            reached = await link.fetchval(REACHED)
            if reached > self._noted():
                oldest, number = await link.fetchrow(NUMBERED)
                if reached > self._noted():
                    self._unsettled.append((reached, number))
            elif self._unsettled:
                oldest = await link.fetchval(OLDEST)
        while self._unsettled and self._unsettled[0][1] <= oldest:
            self._settled = self._unsettled.popleft()[0]
        return self._settled

    async def close(self) -> None:
        """Tell what is left to be told, and hear no more."""
        if self._telling is not None:
            await self._telling
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    def _noted(self) -> int:
        """The highest id that is settled or will be."""
        return self._unsettled[-1][0] if self._unsettled else self._settled

    async def _listen(self, connect: Callable[[], Awaitable[Any]]) -> None:
        """Hear of commits; where the connection is lost, on another one."""
        while True:
            lost, connection = asyncio.Event(), None
            try:
                connection = await connect()
                connection.add_termination_listener(lambda _, lost=lost: lost.set())
                await connection.add_listener(CHANNEL, lambda *_: self._told.set())
                self._told.set()  # what was told before, nobody has heard
                await lost.wait()
            except Exception:  # whatever it is, looks go on
                log.warning("nobody tells of new events", exc_info=True)
            finally:
                if connection is not None:
                    connection.terminate()
            await asyncio.sleep(PAUSE)
