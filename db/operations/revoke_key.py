"""revokeKey: a key that opens nothing any more."""

from datetime import datetime

from sqlalchemy import Connection, func, update

from db.domain.errors import NotFound, Refused, quoted
from db.operations.change import to_millisecond
from db.repository.core import API_KEY


def revoke_key(connection: Connection, application_id: int, prefix: str, now: datetime) -> None:
    """A key that has been revoked keeps the time of it. Raises Refused with NotFound."""
    revoked = func.coalesce(API_KEY.c.revoked, to_millisecond(now), type_=API_KEY.c.revoked.type)
    statement = update(API_KEY).filter_by(application_id=application_id, prefix=prefix).values(revoked=revoked)
    if connection.execute(statement).rowcount == 0:
        raise Refused(NotFound(path=("id",), what=f"key {quoted(prefix)}"))
