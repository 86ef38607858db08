"""A change of one session under way, and what every accepted one comes to: the next version, its rows, one event."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Self

from sqlalchemy import Connection

from db.domain.commands import CancelSession, CloseSession, ReturnItems, UpdateSession
from db.domain.events import EventType, event
from db.domain.session import CustomerSession, expect_version
from db.operations.outcome import Actor, Outcome
from db.repository.load import take
from db.repository.save import save


@dataclass(frozen=True, slots=True)
class Change:
    """Who asks, the session as it was taken, and when the change happens: never earlier than the one before it."""

    connection: Connection
    actor: Actor
    before: CustomerSession
    at: datetime

    @classmethod
    def of(cls, connection: Connection, actor: Actor, before: CustomerSession, now: datetime) -> Self:
        """A change of a session that has been taken."""
        return cls(connection, actor, before, max(to_millisecond(now), before.updated))

    def accept(self, type_: EventType, after: CustomerSession, reason: str | None = None) -> Outcome:
        """Write what ``after`` changes; where that is nothing the session stays as it is."""
        before = self.before
        after = replace(after, version=before.version + 1, updated=self.at)
        made = event(type_, before, after, self.actor.name, reason)
        if made.changes.keys() <= {"updated"}:
            return Outcome(before.application_id, before.id, before.version)
        save(self.connection, before, after, made)
        return Outcome(after.application_id, after.id, after.version)


def begin(
    connection: Connection,
    actor: Actor,
    command: UpdateSession | CloseSession | ReturnItems | CancelSession,
    now: datetime,
) -> Change:
    """Take the session that the command names. Raises Refused with SessionNotFound or VersionConflict."""
    before = take(connection, command.application_id, command.integration_id)
    expect_version(before, command.expected_version)
    return Change.of(connection, actor, before, now)


def to_millisecond(now: datetime) -> datetime:
    """The time as it is kept: in UTC, and what is finer than a millisecond cut off."""
    return now.astimezone(UTC).replace(microsecond=now.microsecond // 1000 * 1000)
