"""upsertSession: an update where the session exists, a creation where it does not."""

from datetime import datetime

from sqlalchemy import Connection

from db.domain.commands import CreateSession, UpsertSession
from db.operations.change import Change
from db.operations.create_session import create
from db.operations.idempotent import once
from db.operations.outcome import Actor, Outcome
from db.operations.update_session import update
from db.repository.load import find, take


@once(Outcome)
def upsert_session(connection: Connection, actor: Actor, command: UpsertSession, now: datetime) -> Outcome:
    """``created`` in the outcome tells which of the two it was."""
    before = find(connection, command.application_id, command.integration_id)
    if before is None:
        new = CreateSession(
            application_id=command.application_id, integration_id=command.integration_id, content=command.content
        )
        made = create(connection, actor, new, now)
        if made is not None:
            return made
        # Another transaction has created it in the meantime; only PostgreSQL lets two get here at once.
        before = take(connection, command.application_id, command.integration_id)
    return update(Change.of(connection, actor, before, now), command.content)
