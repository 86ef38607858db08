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
    """A server of several processes. A thread reads its output, so that a full pipe never blocks it."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.url = address(process)
        self._output: list[str] = []
        self._more = Condition()
        self._reading = Thread(target=self._read)
        self._reading.start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            with self._more:
                self._output.append(line)
                self._more.notify_all()

    @property
    def output(self) -> str:
        """The output so far."""
        return "".join(self._output)

    def wait_for(self, holds: Callable[[str], object]) -> None:
        """Wait until the output satisfies a condition."""
        with self._more:
            assert self._more.wait_for(lambda: holds(self.output), PATIENCE), self.output

    def wait_for_workers(self, number: int) -> list[int]:
        """Wait until so many workers have started; return the process IDs of all, also of dead ones."""
        self.wait_for(lambda output: output.count("Application startup complete.") >= number)
        with httpx.Client(transport=httpx.HTTPTransport(retries=7)) as client:  # the output precedes listen()
            assert client.get(f"{self.url}/healthz", timeout=PATIENCE).status_code == 200
        return [int(pid) for pid in re.findall(r"Started server process \[(\d+)\]", self.output)]

    @asynccontextmanager
    async def sockets(self, workers: list[int], secret: str) -> AsyncIterator[list[Client]]:
        """Open a socket to each worker. The other processes are stopped meanwhile and cannot accept it."""
        async with AsyncExitStack() as open_:
            clients = []
            for worker in workers:
                with stopped(each for each in workers if each != worker):
                    place = self.url.removeprefix("http://")
                    clients.append(await open_.enter_async_context(opened(place, secret)))
            yield clients

    def wait(self) -> int:
        """Wait until all processes have exited; return the exit code of the supervisor."""
        self._reading.join(PATIENCE)
        assert not self._reading.is_alive(), self.output
        return self.process.wait()

    def kill(self) -> None:
        """Kill all processes."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self._reading.join()


@contextmanager
def running_workers(number: int) -> Iterator[Workers]:
    """Start a server with so many workers, and wait for them."""
    with serving("--port", "0", "--workers", str(number)) as process, ExitStack() as ending:
        workers = Workers(process)
        ending.callback(workers.kill)
        workers.wait_for_workers(number)
        yield workers


@contextmanager
def stopped(processes: Iterable[int]) -> Iterator[None]:
    """Stop processes, and continue them afterwards."""
    with ExitStack() as ending:
        for process in processes:
            os.kill(process, signal.SIGSTOP)
            ending.callback(os.kill, process, signal.SIGCONT)
        yield
