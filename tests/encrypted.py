"""A way to PostgreSQL that is encrypted: what the server in the wheel, which is built without TLS, leaves out."""

import asyncio
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

import trustme

ASKS_FOR_TLS = (8).to_bytes(4) + (80877103).to_bytes(4)


class Way:
    """Passes on what comes to a port to a server's socket, encrypted for whoever asks for it, where there is a context.

    ``taken`` says of each connection whether it was encrypted.
    """

    def __init__(self, server: Path, context: ssl.SSLContext | None) -> None:
        self.taken: list[bool] = []
        self.port = 0
        self._server = server
        self._context = context

    async def be_open(self, opened: Callable[[Callable[[], object]], object]) -> None:
        """Listen on a free port until what ``opened`` is told is called."""
        closed, loop = asyncio.Event(), asyncio.get_running_loop()
        async with await asyncio.start_server(self._pass_on, "127.0.0.1") as listening:
            self.port = listening.sockets[0].getsockname()[1]
            opened(lambda: loop.call_soon_threadsafe(closed.set))
            await closed.wait()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError), closing(writer):  # either side may end it
            first = await reader.readexactly(len(ASKS_FOR_TLS))
            if first == ASKS_FOR_TLS:
                writer.write(b"N" if self._context is None else b"S")
                await writer.drain()
                if self._context:
                    await writer.start_tls(self._context)
                first = await reader.readexactly(len(ASKS_FOR_TLS))
            self.taken.append(writer.get_extra_info("sslcontext") is not None)
            onwards, back = await asyncio.open_unix_connection(self._server / ".s.PGSQL.5432")
            with closing(back):
                back.write(first)
                await asyncio.wait(
                    [asyncio.create_task(copy(reader, back)), asyncio.create_task(copy(onwards, writer))],
                    return_when=asyncio.FIRST_COMPLETED,
                )


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """All that comes from one side, to the other."""
    with suppress(OSError):
        while some := await reader.read(65_536):
            writer.write(some)
            await writer.drain()


def certified(name: str, authority: trustme.CA) -> ssl.SSLContext:
    """A server's context: its certificate is for this name, and signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


@contextmanager
def way(server: Path, context: ssl.SSLContext | None) -> Iterator[Way]:
    """Such a way, open on a thread of its own."""
    way = Way(server, context)
    opened: SimpleQueue[Callable[[], object]] = SimpleQueue()
    thread = Thread(target=lambda: asyncio.run(way.be_open(opened.put)))
    thread.start()
    close = opened.get()
    yield way
    close()
    thread.join()
