"""ASGI middleware: record each HTTP request for the API as an operation, and answer it with its request ID."""

from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graphql_api.observability.instrumentation import Instrumentation
from graphql_api.observability.operation_record import current_operation


class OperationMiddleware:
    """Puts an OperationRecord into the scope of each HTTP request for a path, and reports it after the response."""

    def __init__(self, app: ASGIApp, path: str) -> None:
        self.app = app
        self.path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, with a record of its operation."""
        if scope["type"] != "http" or scope["path"] != self.path:
            return await self.app(scope, receive, send)
        instrumentation: Instrumentation = scope["app"].state.server.instrumentation
        record = scope["operation_record"] = instrumentation.start(scope["headers"])
        request_id = (b"x-request-id", record.request_id.encode())

        def send_with_request_id(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                record.status = message["status"]
                message["headers"].append(request_id)
            return send(message)

        token = current_operation.set(record)
        try:
            await self.app(scope, receive, send_with_request_id)
        finally:
            current_operation.reset(token)
            instrumentation.finish(record)
