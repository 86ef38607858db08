"""The lines of a file, one at a time: however long a line is, no more of it is held than the longest that is read."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import BinaryIO

LONGEST = 16 * 2**20  # bytes; a session of 1,000 lines with long names and attributes fits many times
CHUNK = 2**16
BATCH_LINES = 500
BATCH_BYTES = 4 * 2**20  # so that long lines do not add up in memory


@dataclass(frozen=True, slots=True)
class Line:
    """One line, with its number from 1 and its size in the file. Of one that is too long there is no content."""

    number: int
    size: int
    content: bytes | None


def lines(stream: BinaryIO, longest: int = LONGEST) -> Iterator[Line]:
    """Every line of ``stream``. The last one needs no line break."""
    for number in count(1):
        content = stream.readline(longest + 1)
        if not content:
            return
        if len(content) <= longest or content.endswith(b"\n"):
            yield Line(number, len(content), content)
        else:
            yield Line(number, len(content) + skip(stream), None)


def skip(stream: BinaryIO) -> int:
    """Pass over the rest of a line; answers how many bytes that were."""
    size = 0
    while chunk := stream.readline(CHUNK):
        size += len(chunk)
        if chunk.endswith(b"\n"):
            break
    return size


def batches(stream: BinaryIO, longest: int = LONGEST) -> Iterator[list[Line]]:
    """The lines in bundles that are small enough to be held, each for one transaction."""
    batch: list[Line] = []
    held = 0
    for line in lines(stream, longest):
        batch.append(line)
        held += len(line.content or b"")
        if len(batch) == BATCH_LINES or held >= BATCH_BYTES:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch
