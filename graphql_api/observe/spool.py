"""Lines on their way out: taken at once, written by a thread, so that nobody waits for whoever reads them."""

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread
from time import monotonic, sleep
from typing import BinaryIO

MOST = 100_000  # lines that wait; where nobody reads them, what comes then is dropped, and counted
GATHERED = 0.05  # seconds from one write to the next: a busy server's lines go out together


class Spool:
    """Writes lines to a file in the order in which they came. ``lost`` makes the line that tells how many did not."""

    def __init__(self, file: BinaryIO, lost: Callable[[int], bytes]) -> None:
        self._file = file
        self._lost = lost
        self._waiting: deque[bytes] = deque()
        self._dropped = 0
        self._due = Event()
        self._hurry = Event()
        self._written = Event()
        Thread(target=self._work, name="log", daemon=True).start()

    def put(self, line: bytes) -> None:
        """Take a line, which ends in a line feed."""
        if len(self._waiting) >= MOST:
            self._dropped += 1
            return
        self._waiting.append(line)
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
        lines = [self._waiting.popleft() for _ in range(len(self._waiting))]
        dropped, self._dropped = self._dropped, 0
        if dropped:
            lines.append(self._lost(dropped))
        self._file.write(b"".join(lines))
        self._file.flush()
