"""GraphQL over WebSocket: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md, graphql-transport-ws."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, aclosing, suppress
from typing import Any

import orjson
from graphql import GraphQLError, OperationType
from starlette.types import Receive, Scope, Send

from graphql_api.errors import LimitExceeded, RateLimited, Unauthenticated
from graphql_api.execution import parameters
from graphql_api.execution.document_validation import InvalidDocument
from graphql_api.execution.parameters import NotWellFormed, Parameters
from graphql_api.execution.results import Failed, answer, begun, charged, code, prepare
from graphql_api.execution.run import masked
from graphql_api.http import origins
from graphql_api.http.connections import Connection, Ended
from graphql_api.http.server import Server
from graphql_api.observability.operation_record import OperationRecord, current_operation

PROTOCOL = "graphql-transport-ws"
INIT_SECONDS = 5
LONGEST_REASON = 123  # bytes: what a closing frame has room for

TRY_AGAIN_LATER = 1013
BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_ACCEPTABLE, INIT_TIMEOUT = 4400, 4401, 4403, 4406, 4408
TAKEN, TOO_MANY_INITS, INTERNAL = 4409, 4429, 4500

KINDS = ("connection_init", "ping", "pong", "subscribe", "complete")  # what a client says

Message = Mapping[str, Any]


class Closed(Exception):
    """The socket is to be closed, with a code and a reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason.encode()[:LONGEST_REASON].decode(errors="ignore")


class Gone(Exception):
    """Nobody is at the other end any more."""


class Stalled(Exception):
    """The other end does not read."""


async def serve(server: Server, scope: Scope, receive: Receive, send: Send) -> None:
    """Speak the protocol until one of both ends it. A page of a foreign origin is answered 403."""
    await receive()
    if not origins.allowed(scope, server.settings.cors_origins):
        await send({"type": "websocket.close"})
        return
    spoken = PROTOCOL in scope["subprotocols"]
    await send({"type": "websocket.accept", "subprotocol": PROTOCOL if spoken else None})
    try:
        if not spoken:
            raise Closed(NOT_ACCEPTABLE, f"Only {PROTOCOL} is spoken here.")
        await Socket(server, receive, send).run()
    except Gone:
        return
    except Closed as closed:
        end = closed
    except Exception as error:
        end = Closed(INTERNAL, masked(GraphQLError(str(error), original_error=error)).message)
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(server.settings.deadline_seconds):
            await send({"type": "websocket.close", "code": end.code, "reason": end.reason})


class Socket:
    """One socket and the operations that are under way on it, each a task."""

    def __init__(self, server: Server, receive: Receive, send: Send) -> None:
        self._server = server
        self._receive = receive
        self._send = send
        self._operations: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """From connection_init to the end, which is Closed or Gone."""
        try:
            authorization = await self._initialised()
            async with self._server.connections.open(authorization) as connection:
                await self._say({"type": "connection_ack"})
                while True:
                    await self._heed(await self._message(), connection)
        except Unauthenticated as error:
            raise Closed(UNAUTHORIZED, error.message) from error
        except LimitExceeded as error:
            raise Closed(FORBIDDEN, error.message) from error
        except Ended as ended:
            raise Closed(code_of(ended.error), ended.error.message) from ended
        except Stalled as error:
            raise Closed(TRY_AGAIN_LATER, "What is sent is not read.") from error
        finally:
            under_way = list(self._operations.values())
            for operation in under_way:
                operation.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def _initialised(self) -> str | None:
        """What connection_init has for an Authorization header."""
        try:
            async with asyncio.timeout(INIT_SECONDS):
                while True:
                    match await self._message():
                        case {"type": "connection_init", "payload": {"authorization": str(authorization)}}:
                            return authorization
                        case {"type": "connection_init"}:
                            return None
                        case {"type": "ping", **rest}:
                            await self._say({**rest, "type": "pong"})
                        case {"type": "subscribe"}:
                            raise Closed(UNAUTHORIZED, "connection_init comes first.")
        except TimeoutError as error:
            raise Closed(INIT_TIMEOUT, f"connection_init did not come within {INIT_SECONDS} seconds.") from error

    async def _heed(self, message: Message, connection: Connection) -> None:
        match message:
            case {"type": "subscribe", "id": str(name), "payload": dict(given)} if name:
                await self._begin(name, given, connection)
            case {"type": "complete", "id": str(name)} if name:
                if operation := self._operations.pop(name, None):
                    operation.cancel()
            case {"type": "ping", **rest}:
                await self._say({**rest, "type": "pong"})
            case {"type": "pong"}:
                pass
            case {"type": "connection_init"}:
                raise Closed(TOO_MANY_INITS, "connection_init comes once.")
            case {"type": kind}:
                raise Closed(BAD_REQUEST, f"{kind} needs an id, and subscribe a payload.")

    async def _begin(self, name: str, given: object, connection: Connection) -> None:
        try:
            asked = parameters.checked(given)
        except NotWellFormed as error:
            raise Closed(BAD_REQUEST, str(error)) from error
        if name in self._operations:
            raise Closed(TAKEN, f"An operation with the id {name[:40]!r} is under way.")
        most = self._server.settings.max_operations_per_socket
        if len(self._operations) >= most:
            over = LimitExceeded(f"At most {most} operations are under way at once on one socket.")
            await self._say({"id": name, "type": "error", "payload": [over.formatted]})
        else:
            self._operations[name] = asyncio.create_task(self._operate(name, asked, connection))

    async def _operate(self, name: str, given: Parameters, connection: Connection) -> None:
        """Run one operation. Its errors are its own; a peer that does not read what it is told ends the socket."""
        seen = self._server.instrumentation.start()
        seen.viewer = connection.viewer
        current_operation.set(seen)
        try:
            await self._say({"id": name, **await self._come_of(name, given, seen)})
        except Stalled:
            connection.end(LimitExceeded("What is sent is not read."))
        except Gone:
            pass  # the socket is about to learn of it
        finally:
            self._server.instrumentation.finish(seen)
            if self._operations.get(name) is asyncio.current_task():
                del self._operations[name]

    async def _come_of(self, name: str, given: Parameters, seen: OperationRecord) -> Message:
        """Tell what comes of an operation. Answers the message that ends it."""
        errors: Sequence[GraphQLError]
        try:
            await self._tell(name, given, seen)
        except (InvalidDocument, Failed) as failed:
            errors = failed.errors
        except RateLimited as error:
            errors = (error,)
        except (Stalled, Gone):
            raise
        except Exception as error:
            errors = (masked(GraphQLError(str(error), original_error=error)),)
        else:
            return {"type": "complete"}
        seen.outcome = code(errors)
        return {"type": "error", "payload": [error.formatted for error in errors]}

    async def _tell(self, name: str, given: Parameters, seen: OperationRecord) -> None:
        """Tell each result. What a subscription keeps busy is the beginning of it."""
        assert seen.viewer is not None
        gate, holder = self._server.gate, seen.viewer.key_prefix
        gate.enter(holder)
        with ExitStack() as entered:
            entered.callback(lambda: gate.leave(holder, seen.cost))
            context, operation = prepare(self._server, given, seen)
            if operation.operation is OperationType.SUBSCRIPTION:
                entered.close()
            results = await begun(context, operation, given.variables)
            if operation.operation is OperationType.SUBSCRIPTION:
                results = charged(gate, seen, results)
            async with aclosing(results) as told:
                async for result in told:
                    await self._say({"id": name, "type": "next", "payload": answer(result)})

    async def _say(self, message: Message) -> None:
        """Send a message. Raises Stalled where it is not taken, and Gone."""
        try:
            async with asyncio.timeout(self._server.settings.deadline_seconds):
                await self._send({"type": "websocket.send", "text": orjson.dumps(message).decode()})
        except TimeoutError as error:
            raise Stalled from error
        except OSError as error:
            raise Gone from error

    async def _message(self) -> Message:
        """The next message. Raises Gone, and Closed on what is none."""
        received = await self._receive()
        if received["type"] == "websocket.disconnect":
            raise Gone
        text = received.get("text")
        if text is None:
            raise Closed(BAD_REQUEST, "Messages are text.")
        try:
            message = parameters.parsed(text.encode(errors="surrogatepass"))
        except NotWellFormed as error:
            raise Closed(BAD_REQUEST, str(error)) from error
        match message:
            case {"type": str(kind), "payload": dict() | None} if kind in KINDS:
                return message
            case {"type": str(kind)} if kind in KINDS and "payload" not in message:
                return message
        raise Closed(BAD_REQUEST, "A message is an object with a type of the protocol, and its payload is one, too.")


def code_of(error: GraphQLError) -> int:
    """The code that a socket is closed with when the server ends it."""
    return UNAUTHORIZED if isinstance(error, Unauthenticated) else TRY_AGAIN_LATER
