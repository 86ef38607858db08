"""Load keys from the database in batches.

At most one query runs at a time. Keys asked for meanwhile are loaded together by the next one, so a flood of unknown
keys takes a few queries a second.
"""

import asyncio
from itertools import islice

from db.engine.database import Database
from db.operations.keys import Key, KeyName, find_keys

MAX_BATCH = 500


class KeyLoader:
    """Batches the loads of keys of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pending: dict[KeyName, asyncio.Future[Key | None]] = {}
        self._task: asyncio.Task[None] | None = None

    async def load(self, name: KeyName) -> Key | None:
        """Return the key, or None if it does not exist. It is read by a query that starts after this call."""
        result = self._pending.get(name)
        if result is None:
            result = self._pending[name] = asyncio.get_running_loop().create_future()
            result.add_done_callback(retrieve_exception)
            if self._task is None:
                self._task = asyncio.create_task(self._load_pending())
        return await asyncio.shield(result)  # a cancelled waiter must not cancel the others

    async def close(self) -> None:
        """Finish the loads in progress."""
        if self._task is not None:
            await self._task

    async def _load_pending(self) -> None:
        while names := list(islice(self._pending, MAX_BATCH)):
            results = {name: self._pending.pop(name) for name in names}
            try:
                keys = await self._database.query(find_keys, names)
            except Exception as error:  # any error is passed on to the waiters
                for result in results.values():
                    result.set_exception(error)
            else:
                for name, result in results.items():
                    result.set_result(keys.get(name))
        self._task = None


def retrieve_exception(result: asyncio.Future[Key | None]) -> None:
    """Mark the exception as retrieved: asyncio logs one that nobody retrieved, and all waiters may be cancelled."""
    result.exception()
