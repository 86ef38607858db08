"""updateSession: new content for a session that is open."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from db.domain import session
from db.domain.commands import SessionContent, UpdateSession
from db.domain.events import EventType
from db.operations.change import Change, begin
from db.operations.idempotent import once
from db.operations.outcome import Actor, Outcome
from db.repository.applications import rules_for
from db.repository.load import keep
from db.repository.profiles import is_first


@once(Outcome)
def update_session(connection: Connection, actor: Actor, command: UpdateSession, now: datetime) -> Outcome:
    """Raises Refused with SessionNotEditable where the session is no longer open."""
    return update(begin(connection, actor, command, now), command.content)


def update(change: Change, content: SessionContent) -> Outcome:
    """The session with new content."""
    before = change.before
    rules = rules_for(change.connection, before.application_id, content, before.cart)
    after = session.update(before, content, rules)
    if after.profile_id != before.profile_id:
        keep(change.connection, before)
        after = replace(after, first_session=is_first(change.connection, after, change.at))
    return change.accept(EventType.UPDATED, after)
