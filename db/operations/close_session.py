"""closeSession: complete the purchase."""

from datetime import datetime

from sqlalchemy import Connection

from db.domain import session
from db.domain.commands import CloseSession
from db.domain.events import EventType
from db.operations.change import begin_change
from db.operations.idempotent import idempotent
from db.operations.outcome import Actor, Outcome


@idempotent(Outcome)
def close_session(connection: Connection, actor: Actor, command: CloseSession, now: datetime) -> Outcome:
    """Close the session. Raises Refused with TotalChanged if the caller expects another total."""
    change = begin_change(connection, actor, command, now)
    after = session.close(change.before, command.expected_total, change.time)
    return change.save(EventType.CLOSED, after)
