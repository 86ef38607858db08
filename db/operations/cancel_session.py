"""cancelSession: the purchase is off."""

from datetime import datetime

from sqlalchemy import Connection

from db.domain import session
from db.domain.commands import CancelSession
from db.domain.events import EventType
from db.operations.change import begin
from db.operations.idempotent import once
from db.operations.outcome import Actor, Outcome


@once(Outcome)
def cancel_session(connection: Connection, actor: Actor, command: CancelSession, now: datetime) -> Outcome:
    """The reason is kept by the event."""
    change = begin(connection, actor, command, now)
    after = session.cancel(change.before, command.reason, change.at)
    return change.accept(EventType.CANCELLED, after, command.reason)
