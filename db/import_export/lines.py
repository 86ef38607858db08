"""Read a file line by line and validate the lines as far as that needs no database: JSON, types, rules, duplicates.

The memory that a line and a batch of lines take is bounded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import BinaryIO

from db.domain.content import Rules
from db.domain.errors import InvalidInput, Refused, quote
from db.domain.session import check_size
from db.import_export.import_index import IntegrationIdIndex
from db.import_export.record import Record, read_record
from db.import_export.replay import replay
from db.repository.bulk_insert import SessionWithEvents

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


@dataclass(frozen=True, slots=True)
class ValidRecord:
    """A record that breaks no rule by itself, and the session that it describes."""

    record: Record
    replayed: SessionWithEvents


@dataclass(frozen=True, slots=True)
class ValidatedBatch:
    """Some lines: their size in bytes, and the number of each with its record or the reason to refuse it."""

    size: int
    lines: Sequence[tuple[int, ValidRecord | Refused]]

    @property
    def valid(self) -> list[ValidRecord]:
        return [each for _, each in self.lines if isinstance(each, ValidRecord)]


def validate_batch(
    batch: Sequence[Line], limits: tuple[int, int], application_id: int, rules: Rules, index: IntegrationIdIndex
) -> ValidatedBatch:
    """Validate some lines. ``limits`` are the bytes of a line and of a session.

    ``index`` has the integration IDs of all lines before.
    """
    max_line_bytes, max_session_bytes = limits
    records = [(line.number, parse_line(line, max_line_bytes)) for line in batch]
    names = [(record.integration_id, number) for number, record in records if isinstance(record, Record)]
    duplicates = index.add(names)
    validated = (
        (number, validate(record, application_id, rules, duplicates.get(number))) for number, record in records
    )
    lines = [(number, within_size(each, max_session_bytes)) for number, each in validated]
    return ValidatedBatch(sum(line.size for line in batch), lines)


def parse_line(line: Line, max_bytes: int) -> Record | Refused:
    """Return the record of a line, or the refusal of it."""
    try:
        if line.content is None:
            raise Refused(InvalidInput(problem=f"Expected at most {max_bytes} bytes, got {line.size}."))
        return read_record(line.content)
    except Refused as refused:
        return refused


def validate(
    record: Record | Refused, application_id: int, rules: Rules, duplicate_of: int | None
) -> ValidRecord | Refused:
    """Return the record with its session, or the refusal of it. ``duplicate_of`` is an earlier line with its ID."""
    if isinstance(record, Refused):
        return record
    if duplicate_of is not None:
        problem = f"{quote(record.integration_id)} is already on line {duplicate_of}."
        return Refused(InvalidInput(path=("integrationId",), problem=problem))
    try:
        return ValidRecord(record, replay(record, application_id, rules))
    except Refused as refused:
        return refused


def within_size(valid: ValidRecord | Refused, max_bytes: int) -> ValidRecord | Refused:
    """Return the record, or the refusal of one whose session is too large."""
    try:
        if isinstance(valid, ValidRecord):
            check_size(None, valid.replayed.session, max_bytes)
    except Refused as refused:
        return refused
    return valid
