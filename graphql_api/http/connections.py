"""Open WebSockets and event streams. Each belongs to an API key or session token, and ends with it."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from graphql import GraphQLError

from graphql_api.errors import LimitExceeded, Unauthenticated
from graphql_api.security.authentication import Authenticator
from graphql_api.security.viewer import Viewer

log = logging.getLogger("cartograph")

CHECK_SECONDS = 0.5  # between two checks of the keys of open connections


class ConnectionEnded(Exception):
    """The server ends a connection; ``error`` is the reason for the client."""

    def __init__(self, error: GraphQLError) -> None:
        super().__init__(error)
        self.error = error


class Connection:
    """An open connection and its caller."""

    def __init__(self, viewer: Viewer, authorization: str | None) -> None:
        self.viewer = viewer
        self.authorization = authorization
        self.reason: GraphQLError | None = None
        self.timeout = asyncio.timeout(None)

    def end(self, reason: GraphQLError) -> None:
        """Cancel the block of ``Connections.open`` with ConnectionEnded. The first reason counts."""
        if self.reason is None:
            self.reason = reason
            self.timeout.reschedule(asyncio.get_running_loop().time())


class Connections:
    """The open connections of this process, at most ``max_per_key`` of each API key."""

    def __init__(self, authenticator: Authenticator, max_per_key: int) -> None:
        self._authenticator = authenticator
        self._max_per_key = max_per_key
        self._open: set[Connection] = set()
        self._count_by_key: Counter[str] = Counter()
        self._task = asyncio.create_task(self._check_credentials())

    def __len__(self) -> int:
        return len(self._open)

    @asynccontextmanager
    async def open(self, authorization: str | None) -> AsyncIterator[Connection]:
        """Authenticate the caller and count the connection while the block runs.

        Raises Unauthenticated and LimitExceeded, and ConnectionEnded if the server ends the connection.
        """
        viewer = await self._authenticator.authenticate(authorization)
        if self._count_by_key[viewer.key_prefix] >= self._max_per_key:
            raise LimitExceeded(f"A key can have at most {self._max_per_key} open connections.")
        connection = Connection(viewer, authorization)
        self._open.add(connection)
        self._count_by_key[viewer.key_prefix] += 1
        try:
            async with connection.timeout:
                yield connection
        except TimeoutError:
            if connection.reason is None:
                raise
            raise ConnectionEnded(connection.reason) from None
        finally:
            self._open.remove(connection)
            self._count_by_key -= Counter([viewer.key_prefix])

    async def close(self) -> None:
        """Stop checking keys."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _check_credentials(self) -> None:
        """End connections whose key has been revoked or has expired."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            for authorization in {each.authorization for each in self._open}:
                try:
                    await self._authenticator.authenticate(authorization)
                except Unauthenticated as error:
                    self._end_all(authorization, error)
                except Exception:  # the database does not answer, which does not make a key invalid
                    log.warning("cannot check the keys of open connections", exc_info=True)

    def _end_all(self, authorization: str | None, reason: GraphQLError) -> None:
        for connection in list(self._open):
            if connection.authorization == authorization:
                connection.end(reason)
