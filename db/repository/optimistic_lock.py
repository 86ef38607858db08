"""Optimistic locking: a session is changed only if it is still at the version that was read."""

from typing import Any

from sqlalchemy import and_, bindparam

from db.domain.session import CustomerSession
from db.engine.errors import WriteConflict
from db.repository.core import SESSION

# In an UPDATE no parameter of the WHERE can have the name of a column.
AT_VERSION = and_(
    SESSION.c.application_id == bindparam("at_application"),
    SESSION.c.id == bindparam("at_session"),
    SESSION.c.version == bindparam("at_version"),
)


def at_version(session: CustomerSession) -> dict[str, Any]:
    """Return the parameters of AT_VERSION."""
    return {"at_application": session.application_id, "at_session": session.id, "at_version": session.version}


def version_changed(session: CustomerSession) -> WriteConflict:
    """Return the error for a session that is no longer at its version."""
    return WriteConflict(
        f"session {session.id} of application {session.application_id} is past version {session.version}"
    )
