"""A change of one session: lock it, check its version, then store the new version with its event."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from sqlalchemy import Connection

from db.domain.commands import CancelSession, CloseSession, ReturnItems, UpdateSession
from db.domain.events import EventType, make_event
from db.domain.session import CustomerSession, check_version
from db.domain.times import truncate_to_millisecond
from db.operations.outcome import Actor, Outcome
from db.repository.load import load_session
from db.repository.save import save_session


@dataclass(frozen=True, slots=True)
class SessionChange:
    """A change in progress. ``before`` is the locked session; ``time`` is never earlier than its latest event."""

    connection: Connection
    actor: Actor
    before: CustomerSession
    time: datetime

    @classmethod
    def of(cls, connection: Connection, actor: Actor, before: CustomerSession, now: datetime) -> Self:
        """Begin a change of a session that is locked already."""
        return cls(connection, actor, before, max(truncate_to_millisecond(now), before.updated))

    def save(self, type_: EventType, after: CustomerSession, reason: str | None = None) -> Outcome:
        """Store ``after`` as the next version, with its event. If nothing has changed, store nothing."""
        before = self.before
        after = replace(after, version=before.version + 1, updated=self.time)
        event = make_event(type_, before, after, self.actor.name, reason)
        if event.changes.keys() <= {"updated"}:
            return Outcome(before.application_id, before.id, before.version)
        save_session(self.connection, before, after, event)
        return Outcome(after.application_id, after.id, after.version)


def begin_change(
    connection: Connection,
    actor: Actor,
    command: UpdateSession | CloseSession | ReturnItems | CancelSession,
    now: datetime,
) -> SessionChange:
    """Lock the command's session. Raises Refused with SessionNotFound or VersionConflict."""
    before = load_session(connection, command.application_id, command.integration_id)
    check_version(before, command.expected_version)
    return SessionChange.of(connection, actor, before, now)
