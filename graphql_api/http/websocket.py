"""GraphQL over WebSocket by the graphql-transport-ws protocol:
https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, aclosing, suppress
from typing import Any

import orjson
from graphql import GraphQLError, OperationType
from starlette.types import Receive, Scope, Send

from db.engine.fair import current_holder
from graphql_api.errors import (
    LimitExceeded,
    OperationFailed,
    RateLimited,
    Unauthenticated,
    first_code,
    public_error,
)
from graphql_api.execution import parameters, streams
from graphql_api.execution.context import Context
from graphql_api.execution.document_validation import InvalidDocument
from graphql_api.execution.parameters import MalformedRequest, Parameters
from graphql_api.execution.run import prepare, to_response
from graphql_api.http import origins
from graphql_api.http.connections import Connection, ConnectionEnded
from graphql_api.http.server import Server
from graphql_api.observability.operation_record import OperationRecord, current_operation

PROTOCOL = "graphql-transport-ws"
INIT_SECONDS = 5  # for connection_init to arrive
MAX_REASON_BYTES = 123  # of a close frame (RFC 6455, 5.5)
MAX_ID_LENGTH = 40  # characters of an operation's ID in a reason

# Close codes of RFC 6455 and of the protocol.
TRY_AGAIN_LATER = 1013
BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_ACCEPTABLE, INIT_TIMEOUT = 4400, 4401, 4403, 4406, 4408
ALREADY_EXISTS, TOO_MANY_INITS, INTERNAL = 4409, 4429, 4500

CLIENT_MESSAGES = ("connection_init", "ping", "pong", "subscribe", "complete")

Message = Mapping[str, Any]


class CloseSocket(Exception):
    """The server closes the socket, with a code and a reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")


class SocketDisconnected(Exception):
    """The client has closed the connection."""


class WriteTimeout(Exception):
    """The client does not read the messages."""


async def serve(server: Server, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve a socket until either end closes it. The handshake of a page of a foreign origin is answered 403."""
    await receive()
    if not origins.is_allowed(scope, server.settings.cors_origins):
        await send({"type": "websocket.close"})
        return
    is_offered = PROTOCOL in scope["subprotocols"]
    await send({"type": "websocket.accept", "subprotocol": PROTOCOL if is_offered else None})
    try:
        if not is_offered:
            raise CloseSocket(NOT_ACCEPTABLE, f"The only supported subprotocol is {PROTOCOL}.")
        await Socket(server, receive, send).run()
    except SocketDisconnected:
        return
    except CloseSocket as exception:
        close = exception
    except Exception as exception:
        close = CloseSocket(INTERNAL, public_error(exception).message)
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(server.settings.deadline_seconds):
            await send({"type": "websocket.close", "code": close.code, "reason": close.reason})


class Socket:
    """One socket and its running operations, each of which is a task."""

    def __init__(self, server: Server, receive: Receive, send: Send) -> None:
        self._server = server
        self._receive = receive
        self._send = send
        self._operations: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Initialise the connection and handle messages. Always raises CloseSocket or SocketDisconnected."""
        try:
            authorization = await self._initialise()
            async with self._server.connections.open(authorization) as connection:
                await self._send_message({"type": "connection_ack"})
                while True:
                    await self._handle(await self._receive_message(), connection)
        except Unauthenticated as error:
            raise CloseSocket(UNAUTHORIZED, error.message) from error
        except LimitExceeded as error:
            raise CloseSocket(FORBIDDEN, error.message) from error
        except ConnectionEnded as ended:
            code = UNAUTHORIZED if isinstance(ended.error, Unauthenticated) else TRY_AGAIN_LATER
            raise CloseSocket(code, ended.error.message) from ended
        except WriteTimeout as error:
            raise CloseSocket(TRY_AGAIN_LATER, "The client does not read the messages.") from error
        finally:
            operations = list(self._operations.values())
            for operation in operations:
                operation.cancel()
            await asyncio.gather(*operations, return_exceptions=True)

    async def _initialise(self) -> str | None:
        """Wait for connection_init. Return the ``authorization`` of its payload, if any."""
        try:
            async with asyncio.timeout(INIT_SECONDS):
                while True:
                    match await self._receive_message():
                        case {"type": "connection_init", "payload": {"authorization": str(authorization)}}:
                            return authorization
                        case {"type": "connection_init"}:
                            return None
                        case {"type": "ping", **rest}:
                            await self._send_message({**rest, "type": "pong"})
                        case {"type": "subscribe"}:
                            raise CloseSocket(UNAUTHORIZED, "The first message has to be connection_init.")
        except TimeoutError as error:
            raise CloseSocket(INIT_TIMEOUT, f"No connection_init arrived within {INIT_SECONDS} seconds.") from error

    async def _handle(self, message: Message, connection: Connection) -> None:
        match message:
            case {"type": "subscribe", "id": str(name), "payload": dict(payload)} if name:
                await self._subscribe(name, payload, connection)
            case {"type": "complete", "id": str(name)} if name:
                if operation := self._operations.pop(name, None):
                    operation.cancel()
            case {"type": "ping", **rest}:
                await self._send_message({**rest, "type": "pong"})
            case {"type": "pong"}:
                pass
            case {"type": "connection_init"}:
                raise CloseSocket(TOO_MANY_INITS, "connection_init can be sent only once.")
            case {"type": kind}:
                raise CloseSocket(BAD_REQUEST, f"{kind} needs an id, and subscribe a payload.")

    async def _subscribe(self, name: str, payload: object, connection: Connection) -> None:
        try:
            given = parameters.to_parameters(payload)
        except MalformedRequest as error:
            raise CloseSocket(BAD_REQUEST, str(error)) from error
        if name in self._operations:
            raise CloseSocket(ALREADY_EXISTS, f"An operation with the id {name[:MAX_ID_LENGTH]!r} is still running.")
        limit = self._server.settings.max_operations_per_socket
        if len(self._operations) >= limit:
            refusal = LimitExceeded(f"A socket can run at most {limit} operations at once.")
            await self._send_message({"id": name, "type": "error", "payload": [refusal.formatted]})
        else:
            self._operations[name] = asyncio.create_task(self._run_operation(name, given, connection))

    async def _run_operation(self, name: str, given: Parameters, connection: Connection) -> None:
        """Run and record one operation. Its errors end the operation; a client that does not read ends the socket."""
        record = self._server.instrumentation.start()
        record.viewer = connection.viewer
        current_operation.set(record)
        try:
            await self._send_message({"id": name, **await self._execute(name, given, record)})
        except WriteTimeout:
            connection.end(LimitExceeded("The client does not read the messages."))
        except SocketDisconnected:
            pass  # run() receives the disconnect, too
        finally:
            self._server.instrumentation.finish(record)
            if self._operations.get(name) is asyncio.current_task():
                del self._operations[name]

    async def _execute(self, name: str, given: Parameters, record: OperationRecord) -> Message:
        """Execute an operation and send its results. Return the message that ends it, without the ID."""
        errors: Sequence[GraphQLError]
        try:
            await self._send_results(name, given, record)
        except (InvalidDocument, OperationFailed) as failed:
            errors = failed.errors
        except RateLimited as error:
            errors = (error,)
        except (WriteTimeout, SocketDisconnected):
            raise
        except Exception as error:
            errors = (public_error(error),)
        else:
            return {"type": "complete"}
        record.outcome = first_code(errors)
        return {"type": "error", "payload": [error.formatted for error in errors]}

    async def _send_results(self, name: str, given: Parameters, record: OperationRecord) -> None:
        """Send each result. A subscription counts as running only until it has started."""
        assert record.viewer is not None, "run() has authenticated the caller"
        admission, key = self._server.admission, record.viewer.key_prefix
        admission.admit(key)
        with ExitStack() as entered:
            entered.callback(lambda: admission.release(key, record.charge()))
            document, operation = await prepare(self._server.documents, given, record)
            is_subscription = operation.operation is OperationType.SUBSCRIPTION
            if is_subscription:
                entered.close()
            server = self._server
            current_holder.set(record.viewer.holder)
            context = Context(
                server.database, server.settings, record.viewer, document, server.feed, record, server.code_guesses
            )
            results = await streams.start(context, operation, given.variables)
            if is_subscription:
                results = streams.charge_each(admission, record, results)
            async with aclosing(results):
                async for result in results:
                    await self._send_message({"id": name, "type": "next", "payload": to_response(result)})

    async def _send_message(self, message: Message) -> None:
        """Send a message. Raises WriteTimeout and SocketDisconnected."""
        try:
            async with asyncio.timeout(self._server.settings.deadline_seconds):
                await self._send({"type": "websocket.send", "text": orjson.dumps(message).decode()})
        except TimeoutError as error:
            raise WriteTimeout from error
        except OSError as error:
            raise SocketDisconnected from error

    async def _receive_message(self) -> Message:
        """Return the next message. Raises SocketDisconnected, and CloseSocket if it is not one of the protocol."""
        received = await self._receive()
        if received["type"] == "websocket.disconnect":
            raise SocketDisconnected
        text = received.get("text")
        if text is None:
            raise CloseSocket(BAD_REQUEST, "Messages have to be text.")
        try:
            message = parameters.parse_json(text.encode(errors="surrogatepass"))
        except MalformedRequest as error:
            raise CloseSocket(BAD_REQUEST, str(error)) from error
        match message:
            case {"type": str(kind), "payload": dict() | None} if kind in CLIENT_MESSAGES:
                return message
            case {"type": str(kind)} if kind in CLIENT_MESSAGES and "payload" not in message:
                return message
        raise CloseSocket(
            BAD_REQUEST, "A message has to be an object with a type of the protocol and, if any, an object as payload."
        )
