"""Import: the lines of a file become sessions, some hundreds in one transaction, each session whole or not at all.

What has been committed stays. An import that was stopped, or killed, is completed by running it again: a session that
is there with the same entity is left as it is.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import BinaryIO

from sqlalchemy import Connection, bindparam, case, func, select

from db.domain.decimals import printed
from db.domain.entity import entity
from db.domain.errors import InvalidInput, Refusal, Refused, cut, quoted
from db.domain.session import CustomerSession, Rules
from db.engine import Database
from db.exchange.bulk import add_all
from db.exchange.history import Told, history
from db.exchange.lines import LONGEST, Line, batches
from db.exchange.record import Record, read_record
from db.exchange.seen import Seen
from db.exchange.stored import named
from db.repository.applications import settings, with_definitions
from db.repository.core import SESSION

FIRSTS = (
    select(SESSION.c.profile_id, func.max(case((SESSION.c.first_session, 1), else_=0)))
    .where(
        SESSION.c.application_id == bindparam("application_id"),
        SESSION.c.profile_id.in_(bindparam("profile_ids", expanding=True)),
        SESSION.c.profile_id.is_not(None),  # so that SQLite takes the index that has only these
    )
    .group_by(SESSION.c.profile_id)
)


class OnError(StrEnum):
    """What follows a line that cannot be imported: nothing more, or the next line."""

    STOP = "stop"
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSessions:
    """Into which application, and how. ``recompute`` puts right a total or firstSession that does not fit."""

    application_id: int
    on_error: OnError = OnError.STOP
    dry_run: bool = False
    recompute: bool = False
    longest: int = LONGEST


@dataclass(frozen=True, slots=True)
class Remark:
    """What is wrong with one line."""

    line: int
    refusal: Refusal

    def __str__(self) -> str:
        place = ".".join(self.refusal.path)
        return (
            f"line {self.line}: {place}: {self.refusal.message}"
            if place
            else f"line {self.line}: {self.refusal.message}"
        )


@dataclass(frozen=True, slots=True)
class Candidate:
    """A line that breaks no rule by itself."""

    line: int
    record: Record
    life: Told


@dataclass(slots=True)
class Report:
    """What became of the lines of one transaction. ``put_right`` are remarks on lines that were imported."""

    size: int = 0
    created: int = 0
    unchanged: int = 0
    failed: int = 0
    problems: list[Remark] = field(default_factory=list)
    put_right: list[Remark] = field(default_factory=list)


async def import_sessions(database: Database, command: ImportSessions, stream: BinaryIO) -> AsyncIterator[Report]:
    """Import a file, and report after each transaction. Raises Refused with NotFound for an unknown application.

    Where the command says STOP, the lines before the first that fails are imported, and none after it.
    """
    empty = True
    with Seen() as seen:
        for batch in batches(stream, command.longest):
            empty = False
            if command.dry_run:
                report = await database.query(rehearse, command, batch, seen)
            else:
                report = await database.write(carry_out, command, batch, seen)
            yield report
            if report.failed and command.on_error is OnError.STOP:
                return
    if empty:
        yield Report(failed=1, problems=[Remark(1, InvalidInput(problem="The file is empty; expected a session."))])


def carry_out(connection: Connection, command: ImportSessions, batch: Sequence[Line], seen: Seen) -> Report:
    """Import some lines."""
    new, report = sift(connection, command, batch, seen)
    add_all(connection, command.application_id, new)
    return report


def rehearse(connection: Connection, command: ImportSessions, batch: Sequence[Line], seen: Seen) -> Report:
    """Say what an import would do, and write nothing."""
    _, report = sift(connection, command, batch, seen)
    return report


def sift(
    connection: Connection, command: ImportSessions, batch: Sequence[Line], seen: Seen
) -> tuple[list[Told], Report]:
    """The sessions to be made out of some lines, and what becomes of each line."""
    rules = settings(connection, command.application_id)
    rules = replace(rules, attributes=with_definitions(connection, command.application_id, rules.attributes))
    found = [read(line, command, rules, seen) for line in batch]
    sessions = [each.life.session for each in found if isinstance(each, Candidate)]
    there = named(connection, command.application_id, [each.integration_id for each in sessions])
    look_up(connection, command.application_id, sessions, seen)
    new: list[Told] = []
    report = Report(size=sum(line.size for line in batch))
    for line, each in zip(batch, found, strict=True):
        try:
            if isinstance(each, Refused):
                raise each
            stored = there.get(each.record.integration_id)
            life = fitted(each, stored, command, seen, report)
            if stored is None:
                new.append(life)
                report.created += 1
                if life.session.profile_id is not None:
                    seen.accept(life.session.profile_id, life.session.first_session)
            else:
                expect_same(life.session, stored)
                report.unchanged += 1
        except Refused as refused:
            report.failed += 1
            report.problems.extend(Remark(line.number, refusal) for refusal in refused.refusals)
            if command.on_error is OnError.STOP:
                break
    return new, report


def read(line: Line, command: ImportSessions, rules: Rules, seen: Seen) -> Candidate | Refused:
    """One line as far as it can be judged alone, or why it cannot be imported."""
    try:
        if line.content is None:
            problem = f"Expected at most {command.longest} bytes, got {line.size}."
            raise Refused(InvalidInput(problem=problem))
        record = read_record(line.content)
        earlier = seen.earlier(record.integration_id, line.number)
        if earlier is not None:
            problem = f"{quoted(record.integration_id)} stands on line {earlier} already."
            raise Refused(InvalidInput(path=("integrationId",), problem=problem))
        return Candidate(line.number, record, history(record, command.application_id, rules))
    except Refused as refused:
        return refused


def look_up(connection: Connection, application_id: int, sessions: Sequence[CustomerSession], seen: Seen) -> None:
    """Note which profiles have sessions in the database; those that have been noted need no second look."""
    profiles = {each.profile_id for each in sessions if each.profile_id is not None}
    unknown = [each for each in profiles if seen.first_of(each) is None]
    if unknown:
        names = {"application_id": application_id, "profile_ids": unknown}
        for profile_id, has_first in connection.execute(FIRSTS, names):
            seen.accept(profile_id, bool(has_first))


def fitted(
    each: Candidate, stored: CustomerSession | None, command: ImportSessions, seen: Seen, report: Report
) -> Told:
    """The life with total and firstSession as they should be. Raises Refused where the file has them otherwise.

    Unless the command says to recompute them: then it is only remarked.
    """
    record, life = each.record, each.life
    first = stored.first_session if stored else is_first(record, seen)
    wrong = []
    if record.total != life.session.total:
        expected = printed(life.session.total, life.session.minor_digits)
        problem = f"Expected {expected}, which the cart comes to, got {cut(str(record.total))}."
        wrong.append(InvalidInput(path=("total",), problem=problem))
    if record.first_session != first:
        expected, got = (str(value).lower() for value in (first, record.first_session))
        problem = f"Expected {expected}, by the other sessions of its profile, got {got}."
        wrong.append(InvalidInput(path=("firstSession",), problem=problem))
    if not wrong:
        return life
    if not command.recompute:
        raise Refused(*wrong)
    report.put_right.extend(Remark(each.line, refusal) for refusal in wrong)
    return life.with_first_session(first)


def is_first(record: Record, seen: Seen) -> bool:
    """Whether no session of the profile came before; where sessions have changed profiles, what the record says.

    Two sessions that are both the first of one profile there cannot be, whatever has changed.
    """
    if record.profile_id is None:
        return True
    has_first = seen.first_of(record.profile_id)
    if record.stands and not (record.first_session and has_first):
        return record.first_session
    return has_first is None


def expect_same(told: CustomerSession, stored: CustomerSession) -> None:
    """Raises Refused where a session that is there is another than the file's."""
    there, given = entity(stored), entity(told)
    differing = [name for name in {**there, **given} if there.get(name) != given.get(name)]
    if differing:
        problem = f"{quoted(told.integration_id)} is there already, with another {', '.join(differing)}."
        raise Refused(InvalidInput(path=("integrationId",), problem=problem))
