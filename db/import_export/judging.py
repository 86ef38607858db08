"""Lines as far as each can be judged without the database: read, held against the rules, and told apart."""

from collections.abc import Sequence
from dataclasses import dataclass

from db.domain.content import Rules
from db.domain.errors import InvalidInput, Refused, quote
from db.import_export.history import Told, history
from db.import_export.import_index import Names
from db.import_export.lines import Line
from db.import_export.record import Record, read_record


@dataclass(frozen=True, slots=True)
class Candidate:
    """A line that breaks no rule by itself."""

    record: Record
    life: Told


@dataclass(frozen=True, slots=True)
class Judged:
    """Some lines: how many bytes they have, and the number of each with what it says or why it cannot be imported."""

    size: int
    lines: Sequence[tuple[int, Candidate | Refused]]

    @property
    def candidates(self) -> list[Candidate]:
        """Those that may be imported."""
        return [each for _, each in self.lines if isinstance(each, Candidate)]


def judge(batch: Sequence[Line], longest: int, application_id: int, rules: Rules, names: Names) -> Judged:
    """What can be said of each line by itself, and by the names on those before it."""
    records = [(line.number, read(line, longest)) for line in batch]
    named = [(record.integration_id, number) for number, record in records if isinstance(record, Record)]
    earlier = names.earlier(named)
    judged = [(number, weigh(record, application_id, rules, earlier.get(number))) for number, record in records]
    return Judged(sum(line.size for line in batch), judged)


def read(line: Line, longest: int) -> Record | Refused:
    """One line as a record."""
    try:
        if line.content is None:
            raise Refused(InvalidInput(problem=f"Expected at most {longest} bytes, got {line.size}."))
        return read_record(line.content)
    except Refused as refused:
        return refused


def weigh(record: Record | Refused, application_id: int, rules: Rules, earlier: int | None) -> Candidate | Refused:
    """A record as the life it tells of. ``earlier`` is the line on which its name stood before."""
    if isinstance(record, Refused):
        return record
    if earlier is not None:
        problem = f"{quote(record.integration_id)} stands on line {earlier} already."
        return Refused(InvalidInput(path=("integrationId",), problem=problem))
    try:
        return Candidate(record, history(record, application_id, rules))
    except Refused as refused:
        return refused
