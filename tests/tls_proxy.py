"""A TLS proxy for PostgreSQL, since the server in the wheel is built without TLS."""

import asyncio
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

import trustme

SSL_REQUEST = (8).to_bytes(4) + (80877103).to_bytes(4)


class TLSProxy:
    """Forwards connections from a port to a server's socket. With a context, it accepts requests for TLS.

    ``encrypted`` says for each connection whether it used TLS.
    """

    def __init__(self, server: Path, context: ssl.SSLContext | None) -> None:
        self.encrypted: list[bool] = []
        self.port = 0
        self._server = server
        self._context = context

    async def serve(self, started: Callable[[Callable[[], object]], object]) -> None:
        """Listen on a free port. ``started`` is called with a function that ends it."""
        closed, loop = asyncio.Event(), asyncio.get_running_loop()
        async with await asyncio.start_server(self._forward, "127.0.0.1") as listening:
            self.port = listening.sockets[0].getsockname()[1]
            started(lambda: loop.call_soon_threadsafe(closed.set))
            await closed.wait()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError), closing(writer):  # either side may end it
            first = await reader.readexactly(len(SSL_REQUEST))
            if first == SSL_REQUEST:
                writer.write(b"N" if self._context is None else b"S")
                await writer.drain()
                if self._context:
                    await writer.start_tls(self._context)
                first = await reader.readexactly(len(SSL_REQUEST))
            self.encrypted.append(writer.get_extra_info("sslcontext") is not None)
            from_server, to_server = await asyncio.open_unix_connection(self._server / ".s.PGSQL.5432")
            with closing(to_server):
                to_server.write(first)
                await asyncio.wait(
                    [asyncio.create_task(copy(reader, to_server)), asyncio.create_task(copy(from_server, writer))],
                    return_when=asyncio.FIRST_COMPLETED,
                )


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy data until the end of the stream."""
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()


def server_context(name: str, authority: trustme.CA) -> ssl.SSLContext:
    """Return the context of a server with a signed certificate for this name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


@contextmanager
def tls_proxy(server: Path, context: ssl.SSLContext | None) -> Iterator[TLSProxy]:
    """Run a proxy in a thread."""
    proxy = TLSProxy(server, context)
    started: SimpleQueue[Callable[[], object]] = SimpleQueue()
    thread = Thread(target=lambda: asyncio.run(proxy.serve(started.put)))
    thread.start()
    close = started.get()
    yield proxy
    close()
    thread.join()
