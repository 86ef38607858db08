"""Open the files and standard streams that commands read and write; ``-`` is the standard one."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, FileIO
from pathlib import Path
from select import select
from typing import Any, BinaryIO

STANDARD = Path("-")
POLL = 0.5  # seconds between two checks for a signal


class StandardInput(FileIO):
    """Standard input whose reads are interrupted by SIGINT.

    asyncio's handler of SIGINT cancels the main task, which a blocking read on the event loop would not notice. Where
    the process ignores SIGINT, as a shell without job control has its background jobs do, reads ignore it as well.
    """

    def readinto(self, buffer: Any) -> int | None:
        """Wait for input and read it. Raises KeyboardInterrupt, or CancelledError where SIGINT came before."""
        before = signal.getsignal(signal.SIGINT)
        if before != signal.SIG_IGN:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            if (task := asyncio.current_task()) and task.cancelling():
                raise asyncio.CancelledError
            while not select([self], [], [], POLL)[0]:
                pass  # a signal right before select() does not end it
            return super().readinto(buffer)
        finally:
            signal.signal(signal.SIGINT, before)


@contextmanager
def reading(path: Path) -> Iterator[BinaryIO]:
    """Open a file, or standard input, for reading."""
    if path == STANDARD:
        yield BufferedReader(StandardInput(sys.stdin.fileno(), closefd=False), 2**16)
    else:
        with path.open("rb") as file:
            yield file


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """Open a file, or standard output, for writing.

    A regular file appears under its name when it is complete, and not at all after an error.
    """
    if path == STANDARD:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    elif path.exists() and not path.is_file():
        with path.open("wb") as file:
            yield file
    else:
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with unfinished.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
