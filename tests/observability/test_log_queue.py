"""LogQueue writes entries in order, delays nobody, and reports what it dropped."""

import json
import os
from collections.abc import Iterator
from io import BytesIO
from threading import Event
from typing import BinaryIO, cast

import pytest

from graphql_api.observability import log
from graphql_api.observability.log import LogQueue, dropped, encode


class BlockingFile(BytesIO):
    """A file whose writes wait until the test unblocks them."""

    def __init__(self) -> None:
        super().__init__()
        self.writing = Event()
        self.unblocked = Event()

    def write(self, lines: object) -> int:
        """Write once unblocked."""
        self.writing.set()
        self.unblocked.wait(10)
        return super().write(cast(bytes, lines))


@pytest.fixture
def file() -> Iterator[BlockingFile]:
    """A file that is unblocked at the end, so that the queue's thread ends."""
    blocking = BlockingFile()
    yield blocking
    blocking.unblocked.set()


def test_entries_are_written_in_order(file: BlockingFile) -> None:
    file.unblocked.set()
    queue = LogQueue(file, encode, dropped)
    expected = [f"{number}\n".encode() for number in range(10_000)]
    for line in expected:
        queue.put(line)
    queue.flush()
    assert file.getvalue() == b"".join(expected)


def test_entries_after_a_flush_are_written(file: BlockingFile) -> None:
    file.unblocked.set()
    queue = LogQueue(file, encode, dropped)
    for number in range(3):
        queue.put(b"%d\n" % number)
        queue.flush()
        assert file.getvalue().endswith(b"%d\n" % number)


def test_a_reader_that_stalls_blocks_nobody_and_dropped_lines_are_reported(
    file: BlockingFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "MAX_QUEUED", 10)
    queue = LogQueue(file, encode, dropped)
    queue.put(b"first\n")
    assert file.writing.wait(10)
    for number in range(25):
        queue.put(b"%d\n" % number)
    queue.flush(seconds=0.01)
    file.unblocked.set()
    queue.flush()
    first, *others = file.getvalue().splitlines()
    assert first == b"first"
    assert others[:-1] == [b"%d" % number for number in range(10)]
    assert json.loads(others[-1])["message"] == "15 lines were dropped: standard error was not read in time"


def test_a_reader_that_closed_the_pipe_raises_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb", buffering=0) as file:
        queue = LogQueue(cast(BinaryIO, file), encode, dropped)
        queue.put(b"lost\n")
        queue.flush()
        queue.put(b"lost too\n")
        queue.flush()
