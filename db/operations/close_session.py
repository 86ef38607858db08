"""closeSession: the purchase is made."""

from datetime import datetime

from sqlalchemy import Connection

from db.domain import session
from db.domain.commands import CloseSession
from db.domain.events import EventType
from db.operations.change import begin
from db.operations.idempotent import once
from db.operations.outcome import Actor, Outcome


@once(Outcome)
def close_session(connection: Connection, actor: Actor, command: CloseSession, now: datetime) -> Outcome:
    """Raises Refused with TotalChanged where the caller saw another total."""
    change = begin(connection, actor, command, now)
    after = session.close(change.before, command.expected_total, change.at)
    return change.accept(EventType.CLOSED, after)
