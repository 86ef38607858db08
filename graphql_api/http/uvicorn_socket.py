"""uvicorn's WebSocket, which lets go of a peer that does not read, and of one whose request is not taken."""

from http import HTTPStatus

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from graphql_api.http.uvicorn_http import refuse


class PromptSocket(WebSocketsSansIOProtocol):
    """Waits only so long for what it has sent to be taken; a peer that reads nothing would keep it open for good."""

    def data_received(self, data: bytes) -> None:
        """Frames; or the request for the socket, which websockets may not take: it has a body, or too long a line."""
        super().data_received(data)
        if not self.handshake_initiated:
            refuse(self.transport, HTTPStatus.BAD_REQUEST)

    async def run_asgi(self) -> None:
        """Serve, then see to it that the connection ends."""
        await super().run_asgi()
        self.loop.call_later(self.close_timeout, self.transport.abort)
