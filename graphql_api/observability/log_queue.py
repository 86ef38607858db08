"""LogQueue: a bounded queue whose thread writes many entries at once.

``QueueHandler`` and ``QueueListener`` raised the CPU time of one session's read from 226 to
349 µs (``wrk``, eight connections, a busy machine): each operation made a LogRecord, woke the thread and was one write.
"""

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread
from time import monotonic, sleep
from typing import BinaryIO, Generic, TypeVar

T = TypeVar("T")

MAX_QUEUED = 100_000  # entries
BATCH_SECONDS = 0.05  # between two writes


class LogQueue(Generic[T]):
    """Writes entries in order, as ``encode`` has them. A full queue drops new ones; ``dropped`` reports how many."""

    def __init__(self, file: BinaryIO, encode: Callable[[T], bytes], dropped: Callable[[int], T]) -> None:
        self._file = file
        self._encode = encode
        self._dropped_entry = dropped
        self._dropped = 0
        self._entries: deque[T] = deque()
        self._wake, self._flushing, self._writing = Event(), Event(), False
        Thread(target=self._run, name="log", daemon=True).start()

    def put(self, entry: T) -> None:
        """Queue an entry, or count it as dropped."""
        if len(self._entries) >= MAX_QUEUED:
            self._dropped += 1
            return
        self._entries.append(entry)
        if not self._wake.is_set():
            self._wake.set()

    def flush(self, seconds: float = 2) -> None:
        """Wait until the queue is written, but no longer than this. Later entries are written without a delay."""
        self._flushing.set()
        end = monotonic() + seconds
        while (self._entries or self._writing) and monotonic() < end:
            sleep(0.001)

    def _run(self) -> None:
        while self._wake.wait():
            self._wake.clear()
            self._writing = True
            entries = [self._entries.popleft() for _ in range(len(self._entries))]
            if self._dropped:
                entries.append(self._dropped_entry(self._dropped))
                self._dropped = 0
            with suppress(OSError, ValueError):  # the reader has closed the pipe
                self._file.write(b"".join(map(self._encode, entries)))
                self._file.flush()
            self._writing = False
            self._flushing.wait(BATCH_SECONDS)
