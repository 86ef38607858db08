"""createSession: a new session, open or closed."""

from datetime import datetime

from sqlalchemy import Connection

from db.domain import session
from db.domain.commands import CreateSession
from db.domain.errors import Refused, SessionAlreadyExists
from db.operations.change import to_millisecond
from db.operations.idempotent import once
from db.operations.outcome import Actor, Outcome
from db.repository.applications import rules_for
from db.repository.load import take
from db.repository.save import add


@once(Outcome)
def create_session(connection: Connection, actor: Actor, command: CreateSession, now: datetime) -> Outcome:
    """Raises Refused with SessionAlreadyExists where the integration ID is taken."""
    made = create(connection, actor, command, now)
    if made is None:
        there = take(connection, command.application_id, command.integration_id)
        raise Refused(
            SessionAlreadyExists(
                integration_id=there.integration_id, application_id=there.application_id, session_id=there.id
            )
        )
    return made


def create(connection: Connection, actor: Actor, command: CreateSession, now: datetime) -> Outcome | None:
    """The new session, or None where its integration ID is taken."""
    at = to_millisecond(now)
    rules = rules_for(connection, command.application_id, command.content)
    new = session.create(command, rules, at)
    number = add(connection, new, actor.name)
    return None if number is None else Outcome(new.application_id, number, new.version, created=True)
