"""revokeKey: a key that opens nothing any more."""

from datetime import datetime

from sqlalchemy import Connection, func, literal, update

from db.domain.errors import NotFound, Refused, quoted
from db.operations.change import to_millisecond
from db.repository.core import API_KEY


def revoke_key(connection: Connection, application_id: int, prefix: str, now: datetime) -> None:
    """A key that has been revoked keeps the time of it. Raises Refused with NotFound."""
    kept = API_KEY.c.revoked
    revoked = func.coalesce(kept, literal(to_millisecond(now), kept.type))
    statement = update(API_KEY).filter_by(application_id=application_id, prefix=prefix).values(revoked=revoked)
    if connection.execute(statement).rowcount == 0:
        raise Refused(NotFound(path=("id",), what=f"key {quoted(prefix)}"))
