"""upsertSession: update the session, or create it if it does not exist."""

from datetime import datetime

from sqlalchemy import Connection

from db.domain.commands import CreateSession, UpsertSession
from db.operations.change import SessionChange
from db.operations.create_session import create
from db.operations.idempotent import idempotent
from db.operations.outcome import Actor, Outcome
from db.operations.update_session import update
from db.repository.load import find_session, load_session


@idempotent(Outcome)
def upsert_session(connection: Connection, actor: Actor, command: UpsertSession, now: datetime) -> Outcome:
    """Update or create the session. ``created`` is set in the outcome of a creation."""
    before = find_session(connection, command.application_id, command.integration_id)
    if before is None:
        new = CreateSession(
            application_id=command.application_id, integration_id=command.integration_id, content=command.content
        )
        outcome = create(connection, actor, new, now)
        if outcome is not None:
            return outcome
        # A concurrent transaction has created it. This happens on PostgreSQL only: SQLite has one writer at a time.
        before = load_session(connection, command.application_id, command.integration_id)
    return update(SessionChange.of(connection, actor, before, now), command.content)
