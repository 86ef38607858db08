"""GraphQL over server-sent events, in distinct connections mode:
https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from http import HTTPStatus

import orjson
from graphql import GraphQLError
from starlette.types import Receive, Send

from graphql_api.errors import GoingAway, LimitExceeded, OperationFailed
from graphql_api.execution.run import to_response
from graphql_api.execution.streams import Results
from graphql_api.http.connections import Connection, ConnectionEnded
from graphql_api.http.negotiation import EVENT_STREAM
from graphql_api.http.request import HTTPRequest

KEEPALIVE_SECONDS = 15  # between comments, so that proxies do not close an idle connection
COMMENT = b":\n\n"
COMPLETE = b"event: complete\ndata: \n\n"
HEADERS = (
    (b"content-type", f"{EVENT_STREAM}; charset=utf-8".encode()),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"vary", b"accept"),
)


async def stream(request: HTTPRequest, start: Callable[[], Awaitable[Results]], send: Send) -> Sequence[GraphQLError]:
    """Send each result of an operation as an event. Return the errors that ended the stream, if any.

    The response starts after the operation. Raises Unauthenticated and LimitExceeded before that.
    """
    server, write_seconds = request.server, request.server.settings.deadline_seconds
    errors: Sequence[GraphQLError] = ()
    with suppress(OSError):  # the client has disconnected
        try:
            async with server.connections.open(request.header(b"authorization")) as connection:
                errors = await EventStream(connection, request.receive, send, write_seconds).send_results(start)
        except ConnectionEnded as ended:
            errors = (ended.error,)
        async with asyncio.timeout(write_seconds):
            last = next_event({"errors": [each.formatted for each in errors]}) if errors else b""
            await send({"type": "http.response.body", "body": last + COMPLETE})
    return errors


class EventStream:
    """A response that is a stream of events. Its connection ends if the client disconnects or does not read."""

    def __init__(self, connection: Connection, receive: Receive, send: Send, write_seconds: float) -> None:
        self._connection = connection
        self._receive = receive
        self._send = send
        self._write_seconds = write_seconds
        self._started = False

    async def send_results(self, start: Callable[[], Awaitable[Results]]) -> Sequence[GraphQLError]:
        """Start an operation and send its results. Return the errors that ended it, if any."""
        tasks = [asyncio.create_task(self._watch_for_disconnect())]
        try:
            results = await start()
            await self._start_response()
            tasks.append(asyncio.create_task(self._send_keepalives()))
            async with aclosing(results):
                async for result in results:
                    await self._write(next_event(to_response(result)))
        except OperationFailed as failed:
            return failed.errors
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._start_response()
        return ()

    async def _start_response(self) -> None:
        if not self._started:
            self._started = True
            await self._send({"type": "http.response.start", "status": HTTPStatus.OK.value, "headers": [*HEADERS]})

    async def _write(self, events: bytes) -> None:
        try:
            async with asyncio.timeout(self._write_seconds):
                await self._send({"type": "http.response.body", "body": events, "more_body": True})
        except TimeoutError:
            self._connection.end(LimitExceeded("The client does not read the events."))

    async def _watch_for_disconnect(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._connection.end(GoingAway("The client has disconnected."))

    async def _send_keepalives(self) -> None:
        while True:
            await self._write(COMMENT)
            await asyncio.sleep(KEEPALIVE_SECONDS)


def next_event(result: object) -> bytes:
    """Return a result as an event."""
    return b"event: next\ndata: " + orjson.dumps(result) + b"\n\n"
