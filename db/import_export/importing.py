"""Import the sessions of a file, some hundreds in one transaction; each is imported completely or not at all.

What is committed stays. An import that was interrupted is completed by running it again: a session that exists with the
same content is left unchanged.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import BinaryIO

from sqlalchemy import Connection, bindparam, case, func, select, update

from db.domain.decimals import format_decimal
from db.domain.errors import InvalidInput, Refusal, Refused, quote, truncate
from db.domain.events import to_entity
from db.domain.lifecycle import SessionState
from db.domain.session import CustomerSession
from db.domain.size import MAX_BYTES
from db.engine.database import Database
from db.import_export.import_index import IntegrationIdIndex, ProfileIndex
from db.import_export.lines import MAX_LINE_BYTES, ValidatedBatch, ValidRecord, read_batches, validate_batch
from db.import_export.record import Record
from db.import_export.recorded_promotions import with_campaign_ids
from db.import_export.replay import with_first_session
from db.repository.applications import load_all_rules
from db.repository.bulk_insert import SessionWithEvents, insert_sessions
from db.repository.core import APPLICATION, PROFILE, SESSION, InList, TextList
from db.repository.load_many import load_by_integration_ids

HAS_FIRST_SESSION = (
    select(SESSION.c.profile_id, func.max(case((SESSION.c.first_session, 1), else_=0)))
    .where(
        SESSION.c.application_id == bindparam("application_id"),
        InList(SESSION.c.profile_id, bindparam("profile_ids", type_=TextList())),
        SESSION.c.profile_id.is_not(None),  # so that SQLite uses the index of sessions with a profile
    )
    .group_by(SESSION.c.profile_id)
)
LOCK_APPLICATION = (
    select(APPLICATION.c.application_id)
    .where(APPLICATION.c.application_id == bindparam("application_id"))
    .with_for_update()
)
LOCK_PROFILES = (  # by an UPDATE: a createSession that waits for the row then sees that its xmin has changed
    update(PROFILE)
    .where(
        PROFILE.c.application_id == bindparam("of_application"),
        InList(PROFILE.c.integration_id, bindparam("profile_ids", type_=TextList())),
    )
    .values(updated=PROFILE.c.updated)
)


class OnError(StrEnum):
    """After a line that cannot be imported: stop, or continue with the next line."""

    STOP = "stop"
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSessions:
    """An import into one application. ``recompute`` corrects a wrong total or firstSession instead of refusing it."""

    application_id: int
    on_error: OnError = OnError.STOP
    dry_run: bool = False
    recompute: bool = False
    max_line_bytes: int = MAX_LINE_BYTES
    max_session_bytes: int = MAX_BYTES


@dataclass(frozen=True, slots=True)
class LineProblem:
    """A problem with one line of the file."""

    line: int
    refusal: Refusal

    def __str__(self) -> str:
        place = ".".join(self.refusal.path)
        message = self.refusal.message
        return f"line {self.line}: {place}: {message}" if place else f"line {self.line}: {message}"


@dataclass(slots=True)
class Report:
    """The result of one transaction, with its size in bytes. ``corrected`` are problems of lines that were imported."""

    size: int = 0
    created: int = 0
    unchanged: int = 0
    failed: int = 0
    problems: list[LineProblem] = field(default_factory=list)
    corrected: list[LineProblem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """The sessions of a batch that are new, the report on its lines, and the profiles as they are afterwards."""

    report: Report
    new: Sequence[SessionWithEvents]
    profiles: Mapping[str, bool]


async def import_sessions(database: Database, command: ImportSessions, stream: BinaryIO) -> AsyncIterator[Report]:
    """Import a file and yield a report after each transaction. Raises Refused with NotFound.

    While a batch is written, the next is validated on a thread. Attribute definitions are read once, at the beginning.
    If the command says STOP, the lines before the first that fails are imported, and none after it.
    """
    rules = await database.query(load_all_rules, command.application_id)
    run, operation = (database.query, plan_batch) if command.dry_run else (database.write, import_batch)
    batches, loop = read_batches(stream, command.max_line_bytes), asyncio.get_running_loop()
    with IntegrationIdIndex() as names, ProfileIndex() as profiles, ThreadPoolExecutor(1, "validate") as thread:

        def start_next() -> asyncio.Future[ValidatedBatch] | None:
            batch = next(batches, None)
            if batch is None:
                return None
            limits = (command.max_line_bytes, command.max_session_bytes)
            arguments = (batch, limits, command.application_id, rules, names)
            return loop.run_in_executor(thread, validate_batch, *arguments)

        following = start_next()
        if following is None:
            empty = InvalidInput(problem="The file is empty; expected a session.")
            yield Report(failed=1, problems=[LineProblem(1, empty)])
        while following:
            batch = await following
            following = start_next()
            plan = await run(operation, command, batch, profiles.find(profile_ids(batch.valid)))
            profiles.update(plan.profiles)
            yield plan.report
            if plan.report.failed and command.on_error is OnError.STOP:
                return


def profile_ids(records: Iterable[ValidRecord]) -> set[str]:
    """Return the profiles that some records name."""
    return {each.record.profile_id for each in records if each.record.profile_id is not None}


def import_batch(
    connection: Connection, command: ImportSessions, batch: ValidatedBatch, profiles: Mapping[str, bool]
) -> BatchPlan:
    """Import a batch in the caller's transaction."""
    if connection.dialect.name == "postgresql":  # SQLite has one writer at a time
        lock_application(connection, command.application_id, profile_ids(batch.valid))
    plan = plan_batch(connection, command, batch, profiles)
    insert_sessions(connection, command.application_id, plan.new)
    return plan


def lock_application(connection: Connection, application_id: int, profiles: Collection[str]) -> None:
    """Lock an application and some of its profiles until the transaction ends.

    The foreign key of a new session or profile waits for the lock of the application.
    """
    connection.execute(LOCK_APPLICATION, {"application_id": application_id})
    if profiles:
        connection.execute(LOCK_PROFILES, {"of_application": application_id, "profile_ids": list(profiles)})


def plan_batch(
    connection: Connection, command: ImportSessions, batch: ValidatedBatch, profiles: Mapping[str, bool]
) -> BatchPlan:
    """Compare a batch with the database and decide which of its sessions are new. Nothing is written.

    ``profiles`` are those that the file has named before, and whether one of their sessions is the first.
    """
    application_id, valid = command.application_id, batch.valid
    existing = load_by_integration_ids(connection, application_id, [each.record.integration_id for each in valid])
    unknown = profile_ids(valid) - profiles.keys()
    profiles = {**profiles, **profiles_with_sessions(connection, application_id, unknown)}
    new: list[SessionWithEvents] = []
    report = Report(size=batch.size)
    for line, each in batch.lines:
        try:
            if isinstance(each, Refused):
                raise each
            stored = existing.get(each.record.integration_id)
            replayed, wrong = correct(each, stored, profiles, command)
            report.corrected.extend(LineProblem(line, refusal) for refusal in wrong)
            session = replayed.session
            if stored is None:
                new.append(replayed)
                report.created += 1
                if (profile_id := session.profile_id) is not None:
                    profiles[profile_id] = profiles.get(profile_id, False) or session.first_session
            else:
                expect_equal(each, session, stored)
                report.unchanged += 1
        except Refused as refused:
            report.failed += 1
            report.problems.extend(LineProblem(line, refusal) for refusal in refused.refusals)
            if command.on_error is OnError.STOP:
                break
    sessions = with_campaign_ids(connection, application_id, [each.session for each in new])
    return BatchPlan(
        report, [each._replace(session=session) for each, session in zip(new, sessions, strict=True)], profiles
    )


def profiles_with_sessions(connection: Connection, application_id: int, profiles: Collection[str]) -> dict[str, bool]:
    """Return those of the profiles that have stored sessions, and whether one of these is the first."""
    if not profiles:
        return {}
    names = {"application_id": application_id, "profile_ids": list(profiles)}
    return {profile_id: bool(has_first) for profile_id, has_first in connection.execute(HAS_FIRST_SESSION, names)}


def correct(
    valid: ValidRecord, stored: CustomerSession | None, profiles: Mapping[str, bool], command: ImportSessions
) -> tuple[SessionWithEvents, Sequence[Refusal]]:
    """Return the session with the right total and firstSession, and the problems that were corrected.

    Raises Refused with these unless the command says to recompute.
    """
    record, session = valid.record, valid.replayed.session
    first = stored.first_session if stored else is_first_session(record, profiles)
    wrong: list[Refusal] = []
    if record.total != session.total:
        expected = format_decimal(session.total, session.minor_digits)
        problem = f"Expected {expected}, the sum of the cart, got {truncate(str(record.total))}."
        wrong.append(InvalidInput(path=("total",), problem=problem))
    if record.first_session != first:
        expected, got = (str(value).lower() for value in (first, record.first_session))
        problem = f"Expected {expected}, by the other sessions of its profile, got {got}."
        wrong.append(InvalidInput(path=("firstSession",), problem=problem))
    if wrong and not command.recompute:
        raise Refused(*wrong)
    return with_first_session(valid.replayed, first) if wrong else valid.replayed, wrong


def is_first_session(record: Record, profiles: Mapping[str, bool]) -> bool:
    """Return whether the profile has no session yet.

    If the record says that its ``firstSession`` is right, since sessions have changed profiles, that is returned,
    unless the profile has a first session already.
    """
    if record.profile_id is None:
        return True
    has_first = profiles.get(record.profile_id)
    if record.first_session_stands and not (record.first_session and has_first):
        return record.first_session
    return has_first is None


def expect_equal(valid: ValidRecord, session: CustomerSession, stored: CustomerSession) -> None:
    """Raise Refused where the stored session differs from the file's.

    Where the file has no id of a line, the stored session may have any. If updates of the file's are left out, the
    stored session may have the file's versions, or the lower ones. The discounts of campaigns are not compared if the
    session is open, since the import leaves them out.
    """
    if stored.state is SessionState.OPEN and valid.record.promotions:
        stored = replace(stored, promotions=())
    if valid.record.returns[:1] == stored.returns[:1]:
        session = replace(session, returns=valid.record.returns)
    lines = zip(session.cart, stored.cart, valid.record.line_ids, strict=False)
    same_ids = (line._replace(id=there.id) if id_ is None else line for line, there, id_ in lines)
    session = replace(session, cart=(*same_ids, *session.cart[len(stored.cart) :]))
    expected, given = to_entity(stored), to_entity(session)
    differing = [name for name in {**expected, **given} if expected.get(name) != given.get(name)]
    if differing:
        problem = f"{quote(session.integration_id)} exists already, with another {', '.join(differing)}."
        raise Refused(InvalidInput(path=("integrationId",), problem=problem))
