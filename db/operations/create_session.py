"""createSession: create a session, open or closed."""

from datetime import datetime

from sqlalchemy import Connection

from db.domain import session
from db.domain.commands import CreateSession
from db.domain.errors import Refused, SessionAlreadyExists
from db.domain.times import truncate_to_millisecond
from db.operations.idempotent import idempotent
from db.operations.outcome import Actor, Outcome
from db.repository.applications import rules_for
from db.repository.load import load_session
from db.repository.save import insert_session


@idempotent(Outcome)
def create_session(connection: Connection, actor: Actor, command: CreateSession, now: datetime) -> Outcome:
    """Create a session. Raises Refused with SessionAlreadyExists if the integration ID is taken."""
    outcome = create(connection, actor, command, now)
    if outcome is None:
        existing = load_session(connection, command.application_id, command.integration_id)
        raise Refused(
            SessionAlreadyExists(
                integration_id=existing.integration_id,
                application_id=existing.application_id,
                session_id=existing.id,
            )
        )
    return outcome


def create(connection: Connection, actor: Actor, command: CreateSession, now: datetime) -> Outcome | None:
    """Create a session, or return None if its integration ID is taken."""
    rules = rules_for(connection, command.application_id, command.content)
    new = session.create(command, rules, truncate_to_millisecond(now))
    session_id = insert_session(connection, new, actor.name)
    return None if session_id is None else Outcome(new.application_id, session_id, new.version, created=True)
