"""cancelSession: cancel a session."""

from datetime import datetime

from sqlalchemy import Connection

from db.domain import session
from db.domain.commands import CancelSession
from db.domain.events import EventType
from db.operations.change import begin_change
from db.operations.idempotent import idempotent
from db.operations.outcome import Actor, Outcome


@idempotent(Outcome)
def cancel_session(connection: Connection, actor: Actor, command: CancelSession, now: datetime) -> Outcome:
    """Cancel the session. The event stores the reason."""
    change = begin_change(connection, actor, command, now)
    after = session.cancel(change.before, command.reason, change.time)
    return change.save(EventType.CANCELLED, after, command.reason)
