"""Files and standard streams that a command reads or writes; ``-`` is the standard one."""

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
LOOK = 0.5  # seconds between two looks at whether a signal has come


class StandardInput(FileIO):
    """Standard input, as work on an event loop reads it.

    Where nothing comes, Ctrl-C ends the wait for it, which asyncio's own handler would not; anywhere else that one has
    its reasons.
    """

    def readinto(self, buffer: Any) -> int | None:
        """What has come, or what comes next. Raises KeyboardInterrupt, and CancelledError if Ctrl-C came before."""
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            if (task := asyncio.current_task()) and task.cancelling():
                raise asyncio.CancelledError
            while not select([self], [], [], LOOK)[0]:
                pass  # a signal right before a wait does not end it
            return super().readinto(buffer)
        finally:
            signal.signal(signal.SIGINT, before)


@contextmanager
def reading(path: Path) -> Iterator[BinaryIO]:
    """The bytes of a file."""
    if path == STANDARD:
        yield BufferedReader(StandardInput(sys.stdin.fileno(), closefd=False), 2**16)
    else:
        with path.open("rb") as file:
            yield file


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """A file that is there whole, under its name, or not at all. What is no regular file is written as it comes."""
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
