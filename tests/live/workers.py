"""``cartograph serve --workers N``, and sockets to each of its workers."""

import os
import re
import signal
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager, suppress
from threading import Condition, Thread

import httpx
from process import Process, address, serving
from sockets import PATIENCE, Client, opened


class Workers:
    """A server of several processes. What it says is read as it comes, so that it is never held up by that."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.url = address(process)
        self._said: list[str] = []
        self._more = Condition()
        self._reading = Thread(target=self._read)
        self._reading.start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            with self._more:
                self._said.append(line)
                self._more.notify_all()

    @property
    def said(self) -> str:
        """All that it has said so far."""
        return "".join(self._said)

    def wait_for(self, holds: Callable[[str], object]) -> None:
        """Wait until something is true of what it has said."""
        with self._more:
            assert self._more.wait_for(lambda: holds(self.said), PATIENCE), self.said

    def up(self, number: int) -> list[int]:
        """Wait until so many workers have come up, be they alive or not. Answers the process ids of all so far."""
        self.wait_for(lambda said: said.count("Application startup complete.") >= number)
        with httpx.Client(
            transport=httpx.HTTPTransport(retries=5)
        ) as client:  # what it says, it says before it listens
            assert client.get(f"{self.url}/healthz", timeout=PATIENCE).status_code == 200
        return [int(pid) for pid in re.findall(r"Started server process \[(\d+)\]", self.said)]

    @asynccontextmanager
    async def sockets(self, workers: list[int], secret: str) -> AsyncIterator[list[Client]]:
        """A socket to each of all workers there are. While one is opened, the others are halted and cannot take it."""
        async with AsyncExitStack() as open_:
            clients = []
            for worker in workers:
                with halted(each for each in workers if each != worker):
                    place = self.url.removeprefix("http://")
                    clients.append(await open_.enter_async_context(opened(place, secret)))
            yield clients

    def ended(self) -> int:
        """Wait until all of its processes have ended. Answers the exit code of the first."""
        self._reading.join(PATIENCE)
        assert not self._reading.is_alive(), self.said
        return self.process.wait()

    def kill(self) -> None:
        """End what still runs, workers and all."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self._reading.join()


@contextmanager
def working(number: int) -> Iterator[Workers]:
    """A server of so many processes, all of them up."""
    with serving("--port", "0", "--workers", str(number)) as process, ExitStack() as ending:
        workers = Workers(process)
        ending.callback(workers.kill)
        workers.up(number)
        yield workers


@contextmanager
def halted(processes: Iterable[int]) -> Iterator[None]:
    """These processes do nothing for a while."""
    with ExitStack() as ending:
        for process in processes:
            os.kill(process, signal.SIGSTOP)
            ending.callback(os.kill, process, signal.SIGCONT)
        yield
