"""The profile that a session belongs to, and which of its sessions is the first."""

from datetime import datetime
from functools import cache

from sqlalchemy import Connection, bindparam, exists, select
from sqlalchemy.dialects import postgresql

from db.domain.session import CustomerSession
from db.engine.statements import Statement
from db.repository.core import PROFILE, SESSION, insert_in

HAS_OTHER_SESSION = Statement(
    select(
        exists().where(
            SESSION.c.application_id == bindparam("application_id"),
            SESSION.c.profile_id == bindparam("profile_id"),
            SESSION.c.id != bindparam("session_id"),
        )
    )
)


def is_first(connection: Connection, session: CustomerSession, now: datetime) -> bool:
    """Whether the session is the first of its profile, which is made where it is not known; always for anonymous."""
    if session.profile_id is None:
        return True
    hold(connection, session.application_id, session.profile_id, now)
    names = {
        "application_id": session.application_id,
        "profile_id": session.profile_id,
        "session_id": session.id,
    }
    [(has_other,)] = HAS_OTHER_SESSION.rows(connection, names)
    return not has_other


def hold(connection: Connection, application_id: int, integration_id: str, now: datetime) -> None:
    """Make the profile, empty, where it is not known, and keep it from others until the transaction ends."""
    new = {
        "application_id": application_id,
        "integration_id": integration_id,
        "created": now,
        "updated": now,
        "attributes": {},
    }
    holding(connection.dialect.name).rows(connection, new)


@cache
def holding(dialect: str) -> Statement:
    """The statement. SQLite has one writer at a time, and nothing that needs to be locked.

    On PostgreSQL, DO NOTHING would not lock the row: of two sessions at once both could be first.
    """
    statement = insert_in(dialect, PROFILE)
    if isinstance(statement, postgresql.Insert):
        held = {"updated": PROFILE.c.updated}
        return Statement(statement.on_conflict_do_update(constraint="pk_customer_profile", set_=held))
    return Statement(statement.on_conflict_do_nothing())
