"""The seam: an operation is seen from when its request comes to when it has been answered."""

from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graphql_api.observability.observer import Observer
from graphql_api.observability.operation import current


class Requests:
    """Stands before the endpoint. Each request has an id, its own or a new one, and is answered with it."""

    def __init__(self, app: ASGIApp, path: str) -> None:
        self.app = app
        self.path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and tell of it when it has been answered."""
        if scope["type"] != "http" or scope["path"] != self.path:
            return await self.app(scope, receive, send)
        observer: Observer = scope["app"].state.server.observer
        seen = scope["seen"] = observer.begin(scope["headers"])
        identifier = (b"x-request-id", seen.request_id.encode())

        def answered(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                seen.status = message["status"]
                message["headers"].append(identifier)
            return send(message)

        token = current.set(seen)
        try:
            await self.app(scope, receive, answered)
        finally:
            current.reset(token)
            observer.end(seen)
