"""Import: the lines of a file become sessions, some hundreds in one transaction, each session whole or not at all.

What has been committed stays. An import that was stopped, or killed, is completed by running it again: a session that
is there with the same entity is left as it is.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import BinaryIO

from sqlalchemy import Connection, bindparam, case, func, select, update

from db.domain.content import Rules
from db.domain.decimals import format_decimal
from db.domain.entity import to_entity
from db.domain.errors import InvalidInput, Refusal, Refused, quote, truncate
from db.domain.session import CustomerSession
from db.engine.database import Database
from db.import_export.bulk import add_all
from db.import_export.history import Told
from db.import_export.import_index import Names, Profiles
from db.import_export.judging import Candidate, Judged, judge
from db.import_export.lines import LONGEST, batches
from db.import_export.record import Record
from db.import_export.stored import named
from db.repository.applications import settings, with_definitions
from db.repository.core import APPLICATION, PROFILE, SESSION
from db.repository.lists import InList, TextList

FIRSTS = (
    select(SESSION.c.profile_id, func.max(case((SESSION.c.first_session, 1), else_=0)))
    .where(
        SESSION.c.application_id == bindparam("application_id"),
        InList(SESSION.c.profile_id, bindparam("profile_ids", type_=TextList())),
        SESSION.c.profile_id.is_not(None),  # so that SQLite takes the index that has only these
    )
    .group_by(SESSION.c.profile_id)
)


TAKE_APPLICATION = (
    select(APPLICATION.c.application_id)
    .where(APPLICATION.c.application_id == bindparam("application_id"))
    .with_for_update()
)
TAKE_PROFILES = (  # written anew, as by whoever adds a session: those who wait for a row see by that what came between
    update(PROFILE)
    .where(
        PROFILE.c.application_id == bindparam("of_application"),
        InList(PROFILE.c.integration_id, bindparam("profile_ids", type_=TextList())),
    )
    .values(updated=PROFILE.c.updated)
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


@dataclass(slots=True)
class Report:
    """What became of the lines of one transaction. ``put_right`` are remarks on lines that were imported."""

    size: int = 0
    created: int = 0
    unchanged: int = 0
    failed: int = 0
    problems: list[Remark] = field(default_factory=list)
    put_right: list[Remark] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sifted:
    """What becomes of some lines, the sessions that are new, and what is known of their profiles then."""

    report: Report
    new: Sequence[Told]
    profiles: Mapping[str, bool]


async def import_sessions(database: Database, command: ImportSessions, stream: BinaryIO) -> AsyncIterator[Report]:
    """Import a file, and report after each transaction. Raises Refused with NotFound for an unknown application.

    While some lines are written, the next are judged on a thread, by the definitions of attributes that there were at
    the beginning. Where the command says STOP, the lines before the first that fails are imported, and none after it.
    """
    rules = await database.query(rules_of, command.application_id)
    run, operation = (database.query, sift) if command.dry_run else (database.write, carry_out)
    bundles, loop = batches(stream, command.longest), asyncio.get_running_loop()
    with Names() as names, Profiles() as profiles, ThreadPoolExecutor(1, "judge") as thread:

        def begin() -> asyncio.Future[Judged] | None:
            batch = next(bundles, None)
            if batch is None:
                return None
            return loop.run_in_executor(thread, judge, batch, command.longest, command.application_id, rules, names)

        following = begin()
        if following is None:
            yield Report(failed=1, problems=[Remark(1, InvalidInput(problem="The file is empty; expected a session."))])
        while following:
            judged = await following
            following = begin()
            known = profiles.known(profiles_of(judged.candidates))
            sifted = await run(operation, command, judged, known)
            profiles.note(sifted.profiles)
            yield sifted.report
            if sifted.report.failed and command.on_error is OnError.STOP:
                return


def rules_of(connection: Connection, application_id: int) -> Rules:
    """The rules of an application, with all its definitions. Raises Refused with NotFound."""
    rules = settings(connection, application_id)
    return replace(rules, attributes=with_definitions(connection, application_id, rules.attributes))


def profiles_of(candidates: Iterable[Candidate]) -> set[str]:
    """The profiles of some sessions."""
    return {each.record.profile_id for each in candidates if each.record.profile_id is not None}


def carry_out(connection: Connection, command: ImportSessions, judged: Judged, known: Mapping[str, bool]) -> Sifted:
    """Import some lines."""
    if connection.dialect.name == "postgresql":  # SQLite has one writer at a time
        keep_others_out(connection, command.application_id, profiles_of(judged.candidates))
    sifted = sift(connection, command, judged, known)
    add_all(connection, command.application_id, sifted.new)
    return sifted


def keep_others_out(connection: Connection, application_id: int, profile_ids: Collection[str]) -> None:
    """Let nobody else add to an application, or touch the profiles, until the transaction ends.

    A new session or profile refers to its application, and so waits for its row.
    """
    connection.execute(TAKE_APPLICATION, {"application_id": application_id})
    if profile_ids:
        connection.execute(TAKE_PROFILES, {"of_application": application_id, "profile_ids": list(profile_ids)})


def sift(connection: Connection, command: ImportSessions, judged: Judged, known: Mapping[str, bool]) -> Sifted:
    """The sessions to be made out of some lines, and what becomes of each line; nothing is written.

    ``known`` are profiles that have sessions already, and whether one of these is the first.
    """
    candidates = judged.candidates
    there = named(connection, command.application_id, [each.record.integration_id for each in candidates])
    unknown = profiles_of(candidates) - known.keys()
    profiles = {**known, **firsts(connection, command.application_id, unknown)}
    new: list[Told] = []
    report = Report(size=judged.size)
    for line, each in judged.lines:
        try:
            if isinstance(each, Refused):
                raise each
            stored = there.get(each.record.integration_id)
            life, wrong = fitted(each, stored, profiles, command)
            report.put_right.extend(Remark(line, refusal) for refusal in wrong)
            if stored is None:
                new.append(life)
                report.created += 1
                if (profile_id := life.session.profile_id) is not None:
                    profiles[profile_id] = profiles.get(profile_id, False) or life.session.first_session
            else:
                expect_same(life.session, stored)
                report.unchanged += 1
        except Refused as refused:
            report.failed += 1
            report.problems.extend(Remark(line, refusal) for refusal in refused.refusals)
            if command.on_error is OnError.STOP:
                break
    return Sifted(report, new, profiles)


def firsts(connection: Connection, application_id: int, profile_ids: Collection[str]) -> dict[str, bool]:
    """Those of the profiles that have sessions in the database, and whether one of these is the first."""
    if not profile_ids:
        return {}
    names = {"application_id": application_id, "profile_ids": list(profile_ids)}
    return {profile_id: bool(has_first) for profile_id, has_first in connection.execute(FIRSTS, names)}


def fitted(
    each: Candidate, stored: CustomerSession | None, profiles: Mapping[str, bool], command: ImportSessions
) -> tuple[Told, Sequence[Refusal]]:
    """The life with total and firstSession as they should be, and what the file has otherwise.

    Raises Refused for that, unless the command says to recompute.
    """
    record, life = each.record, each.life
    first = stored.first_session if stored else is_first(record, profiles)
    wrong: list[Refusal] = []
    if record.total != life.session.total:
        expected = format_decimal(life.session.total, life.session.minor_digits)
        problem = f"Expected {expected}, which the cart comes to, got {truncate(str(record.total))}."
        wrong.append(InvalidInput(path=("total",), problem=problem))
    if record.first_session != first:
        expected, got = (str(value).lower() for value in (first, record.first_session))
        problem = f"Expected {expected}, by the other sessions of its profile, got {got}."
        wrong.append(InvalidInput(path=("firstSession",), problem=problem))
    if wrong and not command.recompute:
        raise Refused(*wrong)
    return life.with_first_session(first) if wrong else life, wrong


def is_first(record: Record, profiles: Mapping[str, bool]) -> bool:
    """Whether no session of the profile came before; where sessions have changed profiles, what the record says.

    Two sessions that are both the first of one profile there cannot be, whatever has changed.
    """
    if record.profile_id is None:
        return True
    has_first = profiles.get(record.profile_id)
    if record.stands and not (record.first_session and has_first):
        return record.first_session
    return has_first is None


def expect_same(told: CustomerSession, stored: CustomerSession) -> None:
    """Raises Refused where a session that is there is another than the file's."""
    there, given = to_entity(stored), to_entity(told)
    differing = [name for name in {**there, **given} if there.get(name) != given.get(name)]
    if differing:
        problem = f"{quote(told.integration_id)} is there already, with another {', '.join(differing)}."
        raise Refused(InvalidInput(path=("integrationId",), problem=problem))
