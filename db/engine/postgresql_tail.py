"""The end of the event history in PostgreSQL."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any

log = logging.getLogger("cartograph")

CHANNEL = "cartograph_events"
NOTIFY_DELAY = 0.005  # seconds in which commits share one notification
MIN_POLL, MAX_POLL = 0.01, 0.25  # seconds between polls: while IDs are unsettled, and otherwise
RECONNECT_DELAY = 1.0  # seconds
LAST_ID = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM session_event_id"
OLDEST_RUNNING = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
OLDEST_RUNNING_AND_OWN = f"{OLDEST_RUNNING}, pg_current_xact_id()::text::bigint"


class PostgresTail:
    """Learns of commits by LISTEN on a connection of its own, and by polling where a notification is lost.

    NOTIFY is sent after the commit: PostgreSQL lets only one transaction that notifies commit at a time, so that each
    would wait for the disk alone.

    An event's ID is taken from a sequence before the commit, by a transaction that has a transaction ID. So all IDs up
    to the sequence's last value are settled once every transaction with a lower transaction ID than one that is taken
    afterwards has ended. (The snapshot's xmax would not do: transactions beyond it may be running.)
    """

    def __init__(
        self, acquire: Callable[[], AbstractAsyncContextManager[Any]], connect: Callable[[], Awaitable[Any]] | None
    ) -> None:
        self._acquire = acquire
        self._connect = connect
        self._listening: asyncio.Task[None] | None = None
        self._notifying: set[asyncio.Task[None]] = set()
        self._notification_waits = False
        self._committed = asyncio.Event()
        self._settled = 0
        self._returned = 0  # the settled ID when wait_for_commit returned last
        self._unsettled: deque[tuple[int, int]] = deque()  # an event ID, and a transaction ID taken afterwards

    def committed(self) -> None:
        """Report a commit of this process, to all processes."""
        self._committed.set()
        if not self._notification_waits:
            self._notification_waits = True
            notifying = asyncio.create_task(self._notify())
            self._notifying.add(notifying)  # the event loop alone would not keep it alive, and close has to wait for it
            notifying.add_done_callback(self._notifying.discard)

    async def _notify(self) -> None:
        """Notify every process of the commits until now."""
        await asyncio.sleep(NOTIFY_DELAY)
        self._notification_waits = False  # a commit from here on needs another notification
        try:
            async with self._acquire() as connection:
                await connection.execute(f"NOTIFY {CHANNEL}")
        except Exception:  # other processes find the events by polling
            log.warning("could not notify other processes of new events", exc_info=True)

    async def wait_for_commit(self) -> None:
        """Wait until more events are settled than when the last call returned."""
        if self._listening is None and self._connect is not None:
            self._listening = asyncio.create_task(self._listen(self._connect))
        interval = MIN_POLL
        while await self.settled_id() == self._returned:
            interval = min(2 * interval, MAX_POLL) if self._unsettled else MAX_POLL
            with suppress(TimeoutError):
                async with asyncio.timeout(interval):
                    await self._committed.wait()
                    interval = MIN_POLL
            self._committed.clear()
        self._returned = self._settled

    async def settled_id(self) -> int:
        """Return an event ID; every transaction that took it or a lower one has ended."""
        async with self._acquire() as connection:
            last_id = await connection.fetchval(LAST_ID)
            if last_id > self._last_seen_id():
                oldest_running, own = await connection.fetchrow(OLDEST_RUNNING_AND_OWN)
                if last_id > self._last_seen_id():  # another task may have added it meanwhile
                    self._unsettled.append((last_id, own))
            elif self._unsettled:
                oldest_running = await connection.fetchval(OLDEST_RUNNING)
        while self._unsettled and self._unsettled[0][1] <= oldest_running:
            self._settled = self._unsettled.popleft()[0]
        return self._settled

    async def close(self) -> None:
        """Finish all notifications and stop listening."""
        await asyncio.gather(*self._notifying)
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    def _last_seen_id(self) -> int:
        """Return the highest ID that is settled or waits to be."""
        return self._unsettled[-1][0] if self._unsettled else self._settled

    async def _listen(self, connect: Callable[[], Awaitable[Any]]) -> None:
        """Listen for notifications, and reconnect if the connection is lost."""
        while True:
            lost, connection = asyncio.Event(), None
            try:
                connection = await connect()
                connection.add_termination_listener(lambda _, lost=lost: lost.set())
                await connection.add_listener(CHANNEL, lambda *_: self._committed.set())
                self._committed.set()  # notifications sent before were missed
                await lost.wait()
            except Exception:  # new events are found by polling meanwhile
                log.warning("could not listen for new events; polling", exc_info=True)
            finally:
                if connection is not None:
                    connection.terminate()
            await asyncio.sleep(RECONNECT_DELAY)
