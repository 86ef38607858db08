"""Read a file line by line, with bounds on the memory that a line and a batch of lines take."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import BinaryIO

MAX_LINE_BYTES = 16 * 2**20  # a session of 1,000 cart lines with long names and attributes takes a fraction of it
CHUNK = 2**16
BATCH_LINES = 500
BATCH_BYTES = 4 * 2**20


@dataclass(frozen=True, slots=True)
class Line:
    """A line, its number from 1, and its size in bytes. ``content`` is None if the line is too long."""

    number: int
    size: int
    content: bytes | None


def read_lines(stream: BinaryIO, max_bytes: int = MAX_LINE_BYTES) -> Iterator[Line]:
    """Yield the lines of ``stream``. The last one needs no line break."""
    for number in count(1):
        content = stream.readline(max_bytes + 1)
        if not content:
            return
        if len(content) <= max_bytes or content.endswith(b"\n"):
            yield Line(number, len(content), content)
        else:
            yield Line(number, len(content) + skip_line(stream), None)


def skip_line(stream: BinaryIO) -> int:
    """Skip the rest of a line. Return its size in bytes."""
    size = 0
    while chunk := stream.readline(CHUNK):
        size += len(chunk)
        if chunk.endswith(b"\n"):
            break
    return size


def read_batches(stream: BinaryIO, max_bytes: int = MAX_LINE_BYTES) -> Iterator[list[Line]]:
    """Yield the lines in batches of at most 500 lines and about 4 MiB, one for each transaction."""
    batch: list[Line] = []
    size = 0
    for line in read_lines(stream, max_bytes):
        batch.append(line)
        size += len(line.content or b"")
        if len(batch) == BATCH_LINES or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
