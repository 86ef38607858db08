"""updateSession for a session token, which can see only its own session."""

from datetime import datetime

from sqlalchemy import Connection

from db.domain.commands import UpdateSession
from db.domain.errors import Refused, SessionNotFound
from db.operations.outcome import Actor, Outcome
from db.operations.update_session import update_session
from db.repository.load import find_integration_id


def update_own_session(
    connection: Connection, actor: Actor, command: UpdateSession, now: datetime, *, session_id: int
) -> Outcome:
    """Update the token's session. Raises Refused with SessionNotFound for any other, whether it exists or not."""
    if command.integration_id != find_integration_id(connection, command.application_id, session_id):
        raise Refused(SessionNotFound(integration_id=command.integration_id))
    return update_session(connection, actor, command, now)
