"""What is to be written, on its way out: taken at once, made into lines and written by a thread.

So nobody waits for whoever reads the lines; and to make many together takes a third of the time of making each alone.
"""

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread
from time import monotonic, sleep
from typing import BinaryIO, Generic, TypeVar

T = TypeVar("T")

MOST = 100_000  # entries that wait; where nobody reads them, what comes then is dropped, and counted
GATHERED = 0.05  # seconds from one write to the next: a busy server's entries go out together


class Spool(Generic[T]):
    """Writes entries to a file in the order in which they came, each as the line that ``form`` makes of it.

    ``lost`` is the entry that tells how many were dropped.
    """

    def __init__(self, file: BinaryIO, form: Callable[[T], bytes], lost: Callable[[int], T]) -> None:
        self._file = file
        self._form = form
        self._lost = lost
        self._waiting: deque[T] = deque()
        self._dropped = 0
        self._due = Event()
        self._hurry = Event()
        self._written = Event()
        Thread(target=self._work, name="log", daemon=True).start()

    def put(self, entry: T) -> None:
        """Take an entry."""
        if len(self._waiting) >= MOST:
            self._dropped += 1
            return
        self._waiting.append(entry)
        if not self._due.is_set():
            self._written.clear()
            self._due.set()

    def flush(self, seconds: float = 2) -> None:
        """Wait until all has been written, for so long at most; from now on nothing is gathered."""
        self._hurry.set()
        until = monotonic() + seconds
        while self._waiting and monotonic() < until:
            sleep(0.001)
        self._written.wait(max(0, until - monotonic()))

    def _work(self) -> None:
        while self._due.wait():
            self._due.clear()
            with suppress(OSError, ValueError):  # nobody reads any more
                self._write()
            if not self._due.is_set():
                self._written.set()
            self._hurry.wait(GATHERED)

    def _write(self) -> None:
        entries = [self._waiting.popleft() for _ in range(len(self._waiting))]
        dropped, self._dropped = self._dropped, 0
        if dropped:
            entries.append(self._lost(dropped))
        self._file.write(b"".join(map(self._form, entries)))
        self._file.flush()
