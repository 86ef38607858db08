"""Validate lines of an import file as far as that needs no database: JSON, types, rules, duplicates."""

from collections.abc import Sequence
from dataclasses import dataclass

from db.domain.content import Rules
from db.domain.errors import InvalidInput, Refused, quote
from db.import_export.import_index import IntegrationIdIndex
from db.import_export.lines import Line
from db.import_export.record import Record, read_record
from db.import_export.replay import replay
from db.repository.bulk_insert import SessionWithEvents


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
    batch: Sequence[Line], max_bytes: int, application_id: int, rules: Rules, index: IntegrationIdIndex
) -> ValidatedBatch:
    """Validate some lines. ``index`` has the integration IDs of all lines before."""
    records = [(line.number, parse_line(line, max_bytes)) for line in batch]
    names = [(record.integration_id, number) for number, record in records if isinstance(record, Record)]
    duplicates = index.add(names)
    lines = [(number, validate(record, application_id, rules, duplicates.get(number))) for number, record in records]
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
