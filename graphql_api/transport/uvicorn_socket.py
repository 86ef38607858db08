"""uvicorn's WebSocket, which lets go of a peer that does not read."""

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


class PromptSocket(WebSocketsSansIOProtocol):
    """Waits only so long for what it has sent to be taken; a peer that reads nothing would keep it open for good."""

    async def run_asgi(self) -> None:
        """Serve, then see to it that the connection ends."""
        await super().run_asgi()
        self.loop.call_later(self.close_timeout, self.transport.abort)
