"""GraphQL over server-sent events, https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md: a connection for
each operation."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from http import HTTPStatus

import orjson
from graphql import GraphQLError
from starlette.types import Receive, Send

from graphql_api.errors import GoingAway, LimitExceeded
from graphql_api.execution.results import Failed, Results, answer
from graphql_api.http.connections import Connection, Ended
from graphql_api.http.negotiation import EVENTS
from graphql_api.http.server import Server

PULSE = 15  # seconds between comments, which keep what stands between from giving up the connection
COMMENT = b":\n\n"
COMPLETE = b"event: complete\ndata: \n\n"
HEADERS = (
    (b"content-type", f"{EVENTS}; charset=utf-8".encode()),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"vary", b"accept"),
)


async def stream(
    server: Server,
    authorization: str | None,
    begin: Callable[[], Awaitable[Results]],
    receive: Receive,
    send: Send,
) -> Sequence[GraphQLError]:
    """Answer with all results of an operation, as they come. The answer begins when the operation has begun.

    Answers why there are no more, where that is an error. Raises Unauthenticated and LimitExceeded before anything has
    been sent.
    """
    patience = server.settings.deadline_seconds
    errors: Sequence[GraphQLError] = ()
    with suppress(OSError):  # the client is gone
        try:
            async with server.connections.open(authorization) as connection:
                response = Response(connection, receive, send, patience)
                errors = await response.tell(begin)
        except Ended as ended:
            errors = (ended.error,)
        async with asyncio.timeout(patience):
            last = next_({"errors": [each.formatted for each in errors]}) if errors else b""
            await send({"type": "http.response.body", "body": last + COMPLETE})
    return errors


class Response:
    """What is sent while the operation is under way. A client that does not read it loses its connection."""

    def __init__(self, connection: Connection, receive: Receive, send: Send, patience: float) -> None:
        self._connection = connection
        self._receive = receive
        self._send = send
        self._patience = patience
        self._started = False

    async def tell(self, begin: Callable[[], Awaitable[Results]]) -> Sequence[GraphQLError]:
        """All results. Answers why there are no more, where that is an error."""
        aside = [asyncio.create_task(self._watch())]
        try:
            results = await begin()
            await self._start()
            aside.append(asyncio.create_task(self._pulse()))
            async with aclosing(results):
                async for result in results:
                    await self._write(next_(answer(result)))
        except Failed as failed:
            return failed.errors
        finally:
            for task in aside:
                task.cancel()
            await asyncio.gather(*aside, return_exceptions=True)
            await self._start()
        return ()

    async def _start(self) -> None:
        if not self._started:
            self._started = True
            await self._send({"type": "http.response.start", "status": HTTPStatus.OK.value, "headers": [*HEADERS]})

    async def _write(self, text: bytes) -> None:
        try:
            async with asyncio.timeout(self._patience):
                await self._send({"type": "http.response.body", "body": text, "more_body": True})
        except TimeoutError:
            self._connection.end(LimitExceeded("What is sent is not read."))

    async def _watch(self) -> None:
        """Stop where the client is gone."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._connection.end(GoingAway("The client is gone."))

    async def _pulse(self) -> None:
        """Show that the connection lives."""
        while True:
            await self._write(COMMENT)
            await asyncio.sleep(PULSE)


def next_(result: object) -> bytes:
    """A result as an event."""
    return b"event: next\ndata: " + orjson.dumps(result) + b"\n\n"
