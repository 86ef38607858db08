"""Generate, import and export coupons by the million, some thousands in one transaction.

Committed transactions stay when a later one fails. The same command completes an interrupted one: a generation goes on
after the last code of its batch, and an import skips codes that its batch has already.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, bindparam, select

from db.domain.errors import AlreadyExists, InvalidInput, NotFound, Refusal, Refused, quote
from db.domain.promotions.code import CodeKind, code_problems, normalize
from db.domain.promotions.code_pattern import CodePattern, pattern_problems
from db.domain.promotions.commands import CreateCode
from db.engine.database import Database
from db.operations.codes import new_codes
from db.operations.coupons import insert_random
from db.repository.codes import describe_batch, insert_codes
from db.repository.core import CAMPAIGN, CODE

CODES_AT_ONCE = 10_000
MAX_LINE_BYTES = 1_000

LOCK_CAMPAIGN = (  # so that two commands that complete one batch wait for each other
    select(CAMPAIGN.c.id)
    .where(CAMPAIGN.c.application_id == bindparam("application_id"), CAMPAIGN.c.id == bindparam("campaign_id"))
    .with_for_update(key_share=True)
)
SELECT_BATCH_OF = select(CODE.c.normalized).where(
    CODE.c.application_id == bindparam("application_id"),
    CODE.c.kind == CodeKind.COUPON,
    CODE.c.normalized.in_(bindparam("normalized", expanding=True)),
    CODE.c.campaign_id == bindparam("campaign_id"),
    CODE.c.batch == bindparam("batch"),
)


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of coupons: its campaign, and the columns that its codes have in common."""

    application_id: int
    campaign_id: int
    name: str
    shared: Mapping[str, Any]


def find_campaign(connection: Connection, application_id: int, name: str) -> int:
    """Return the ID of the campaign with a name. Raises Refused with NotFound."""
    found = connection.scalar(select(CAMPAIGN.c.id).filter_by(application_id=application_id, name=name))
    if found is None:
        raise Refused(NotFound(path=("campaign",), what=f"campaign {quote(name)} in application {application_id}"))
    campaign_id: int = found
    return campaign_id


def open_batch(
    connection: Connection, application_id: int, campaign: str, name: str, usage_limit: int | None, now: datetime
) -> Batch:
    """Return a batch of a campaign, new or not. Raises Refused with every rule that is broken."""
    campaign_id = find_campaign(connection, application_id, campaign)
    command = CreateCode(application_id=application_id, campaign_id=campaign_id, usage_limit=usage_limit)
    shared = new_codes(connection, command, CodeKind.COUPON, now, (), batch=name)
    return Batch(application_id, campaign_id, name, shared)


async def generate_batch(database: Database, batch: Batch, pattern: CodePattern, count: int) -> AsyncIterator[int]:
    """Generate the codes that a batch of ``count`` codes lacks. Yield the number of codes of each transaction.

    Raises Refused with InvalidInput for a small key space, and for a batch that has codes of another origin.
    """
    if found := pattern_problems(pattern.pattern, pattern.characters, count):
        raise Refused(*found)
    start = await database.query(next_part, batch, pattern, count)
    while start < count:
        end = min(start + CODES_AT_ONCE, count)
        await database.write(generate_parts, batch, pattern, range(start, end), count)
        yield end - start
        start = end


def next_part(connection: Connection, batch: Batch, pattern: CodePattern, count: int) -> int:
    """Return the first part of the key space that has no code yet. It is also the size of the batch."""
    found = describe_batch(connection, batch.application_id, batch.campaign_id, batch.name)
    last = -1 if found.last is None else pattern.part(found.last, count)
    if found.size != (None if last is None else last + 1):
        problem = f"The batch has {found.size} codes that were not made for {count} codes of this pattern."
        raise Refused(InvalidInput(path=("batch",), problem=problem))
    size: int = found.size
    return size


def generate_parts(
    connection: Connection, batch: Batch, pattern: CodePattern, parts: Sequence[int], count: int
) -> None:
    """Generate the codes of some parts. Raises Refused if another process has generated them meanwhile."""
    key = {"application_id": batch.application_id, "campaign_id": batch.campaign_id}
    connection.execute(LOCK_CAMPAIGN, key)
    found = describe_last(connection, batch)
    if found is not None and pattern.part(found, count) != parts[0] - 1:
        raise Refused(InvalidInput(path=("batch",), problem="Another process generates codes of this batch."))
    insert_random(connection, pattern, parts, count, batch.shared)


def describe_last(connection: Connection, batch: Batch) -> str | None:
    """Return the last code of a batch, or None."""
    last = select(CODE.c.normalized).filter_by(
        application_id=batch.application_id, kind=CodeKind.COUPON, batch=batch.name, campaign_id=batch.campaign_id
    )
    found: str | None = connection.scalar(last.order_by(CODE.c.normalized.desc()).limit(1))
    return found


@dataclass(slots=True)
class ImportReport:
    """The result of one transaction, with its size in bytes."""

    size: int = 0
    created: int = 0
    unchanged: int = 0
    problems: list[str] = field(default_factory=list)


async def import_batch(database: Database, batch: Batch, lines: Iterable[bytes | None]) -> AsyncIterator[ImportReport]:
    """Import codes, one a line; None is a line that is too long to be read.

    A line that is refused is left out. A code that the batch has stays as it is.
    """
    numbered = enumerate(lines, 1)
    while some := [*islice(numbered, CODES_AT_ONCE)]:
        report = ImportReport(size=sum(len(line or b"") for _, line in some))
        codes: dict[int, str] = {}
        for number, line in some:
            code, problems = read_code(line)
            report.problems += [f"line {number}: {problem.message}" for problem in problems]
            if not problems:
                codes[number] = code
        await database.write(import_codes, batch, codes, report)
        yield report


def read_code(line: bytes | None) -> tuple[str, Sequence[Refusal]]:
    """Return the code on a line, and the reasons to refuse it."""
    code = (line or b"").decode("latin-1").rstrip("\r\n")  # any byte beyond ASCII is refused as a character
    return code, code_problems(code if line is not None else " " * MAX_LINE_BYTES, ())


def import_codes(connection: Connection, batch: Batch, codes: Mapping[int, str], report: ImportReport) -> None:
    """Insert codes by the numbers of their lines, and complete the report."""
    if not codes:
        return
    inserted = insert_codes(connection, [*codes.values()], batch.shared)
    left = {number: str(normalize(code)) for number, code in codes.items()}
    first = dict(zip(reversed(left.values()), reversed(left), strict=True))  # the first line of each code
    rest = {number: code for number, code in left.items() if code not in inserted or first[code] != number}
    names = {"application_id": batch.application_id, "campaign_id": batch.campaign_id, "batch": batch.name}
    ours = set(connection.scalars(SELECT_BATCH_OF, {**names, "normalized": [*rest.values()]})) if rest else set()
    report.created = len(inserted)
    for number, code in rest.items():
        if code in ours:
            report.unchanged += 1
        else:
            refusal = AlreadyExists(what=f"a coupon {quote(code)} elsewhere")
            report.problems.append(f"line {number}: {refusal.message}")


def export_codes(
    connection: Connection, application_id: int, campaign: str, batch: str | None = None
) -> Iterator[bytes]:
    """Yield the codes of a campaign, or of one of its batches, each with a line break, in order."""
    campaign_id = find_campaign(connection, application_id, campaign)
    chosen = select(CODE.c.code, CODE.c.normalized).filter_by(application_id=application_id, campaign_id=campaign_id)
    if batch is not None:
        chosen = chosen.filter_by(kind=CodeKind.COUPON, batch=batch)
    chosen = chosen.order_by(CODE.c.normalized).limit(CODES_AT_ONCE)
    after = ""
    while page := connection.execute(chosen.where(CODE.c.normalized > after)).all():
        yield "".join(f"{code}\n" for code, _ in page).encode()
        after = page[-1].normalized
