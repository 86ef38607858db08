"""Looking keys up: one read of the database at a time, however many ask.

What comes while a read is under way is looked up together by the next one, so that a flood of keys that nobody knows
is a few reads a second and not one for each.
"""

import asyncio
from itertools import islice

from db.engine.database import Database
from db.operations import Key, KeyName, find_keys

MOST = 500  # keys looked up at once


class Lookups:
    """Those who wait for a key of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[KeyName, asyncio.Future[Key | None]] = {}
        self._work: asyncio.Task[None] | None = None

    async def find(self, name: KeyName) -> Key | None:
        """The key as it is now, not as a read that is under way already may have found it; None where there is none."""
        answer = self._waiting.get(name)
        if answer is None:
            answer = self._waiting[name] = asyncio.get_running_loop().create_future()
            answer.add_done_callback(heard)
            if self._work is None:
                self._work = asyncio.create_task(self._look_up_all())
        return await asyncio.shield(answer)  # others may wait for it, too

    async def close(self) -> None:
        """Finish what is under way."""
        if self._work is not None:
            await self._work

    async def _look_up_all(self) -> None:
        while names := list(islice(self._waiting, MOST)):
            answers = {name: self._waiting.pop(name) for name in names}
            try:
                found = await self._database.query(find_keys, names)
            except Exception as error:  # whatever it is, those who wait have to hear of it
                for answer in answers.values():
                    answer.set_exception(error)
            else:
                for name, answer in answers.items():
                    answer.set_result(found.get(name))
        self._work = None


def heard(answer: asyncio.Future[Key | None]) -> None:
    """Look at what went wrong: all who waited may have gone, and asyncio would complain of an error nobody saw."""
    answer.exception()
