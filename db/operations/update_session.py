"""updateSession: change the content of an open session."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from db.domain import session
from db.domain.commands import SessionContent, UpdateSession
from db.domain.events import EventType
from db.operations.change import SessionChange, begin_change
from db.operations.idempotent import idempotent
from db.operations.outcome import Actor, Outcome
from db.repository.applications import rules_for
from db.repository.load import lock_session
from db.repository.profiles import is_first_session


@idempotent(Outcome)
def update_session(connection: Connection, actor: Actor, command: UpdateSession, now: datetime) -> Outcome:
    """Update the session. Raises Refused with SessionNotEditable if it is no longer open."""
    return update(begin_change(connection, actor, command, now), command.content)


def update(change: SessionChange, content: SessionContent) -> Outcome:
    """Apply the content and decide ``first_session`` if the profile changes."""
    before = change.before
    rules = rules_for(change.connection, before.application_id, content, before.cart)
    after = session.update(before, content, rules)
    if after.profile_id != before.profile_id:
        lock_session(change.connection, before)
        after = replace(after, first_session=is_first_session(change.connection, after, change.time))
    return change.save(EventType.UPDATED, after)
