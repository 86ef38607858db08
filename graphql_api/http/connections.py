"""Connections that stay: WebSockets and event streams. Each belongs to a key, and ends when the key does."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from graphql import GraphQLError

from graphql_api.errors import LimitExceeded, Unauthenticated
from graphql_api.security.api_keys import Keys
from graphql_api.security.viewer import Viewer

log = logging.getLogger("cartograph")

LOOK = 0.5  # seconds between two looks at the keys


class Ended(Exception):
    """The server ends a connection; ``error`` says why."""

    def __init__(self, error: GraphQLError) -> None:
        super().__init__(error)
        self.error = error


class Connection:
    """One that stays, and who it belongs to."""

    def __init__(self, viewer: Viewer, authorization: str | None) -> None:
        self.viewer = viewer
        self.authorization = authorization
        self.reason: GraphQLError | None = None
        self.scope = asyncio.timeout(None)

    def end(self, reason: GraphQLError) -> None:
        """Break off what is under way on it, with Ended."""
        if self.reason is None:
            self.reason = reason
            self.scope.reschedule(asyncio.get_running_loop().time())


class Connections:
    """All that are open in this process, at most ``most`` of one key."""

    def __init__(self, keys: Keys, most: int) -> None:
        self._keys = keys
        self._most = most
        self._open: set[Connection] = set()
        self._of_key: Counter[str] = Counter()
        self._closing = False
        self._task = asyncio.create_task(self._watch())

    def __len__(self) -> int:
        return len(self._open)

    @asynccontextmanager
    async def open(self, authorization: str | None) -> AsyncIterator[Connection]:
        """One more, for as long as this lasts. Raises Unauthenticated, LimitExceeded, and Ended when it has to end."""
        viewer = await self._keys.viewer(authorization)
        if self._of_key[viewer.key_prefix] >= self._most:
            raise LimitExceeded(f"At most {self._most} connections of one key stay open at once.")
        connection = Connection(viewer, authorization)
        self._open.add(connection)
        self._of_key[viewer.key_prefix] += 1
        try:
            async with connection.scope:
                yield connection
        except TimeoutError:
            if connection.reason is None:
                raise
            raise Ended(connection.reason) from None
        finally:
            self._open.remove(connection)
            self._of_key -= Counter([viewer.key_prefix])

    async def close(self) -> None:
        """Look no more."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK)
            for authorization in {each.authorization for each in self._open}:
                try:
                    await self._keys.viewer(authorization)
                except Unauthenticated as error:
                    self._end_of(authorization, error)
                except Exception:  # a database that does not answer says nothing about keys
                    log.warning("keys cannot be looked at", exc_info=True)

    def _end_of(self, authorization: str | None, reason: GraphQLError) -> None:
        for connection in list(self._open):
            if connection.authorization == authorization:
                connection.end(reason)
