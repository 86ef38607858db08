"""revokeKey: revoke an API key."""

from datetime import datetime

from sqlalchemy import Connection, func, literal, update

from db.domain.errors import NotFound, Refused, quote
from db.domain.times import truncate_to_millisecond
from db.repository.core import API_KEY


def revoke_key(connection: Connection, application_id: int, prefix: str, now: datetime) -> None:
    """Revoke a key. If it is revoked already, its time stays. Raises Refused with NotFound."""
    column = API_KEY.c.revoked
    revoked = func.coalesce(column, literal(truncate_to_millisecond(now), column.type))
    statement = update(API_KEY).filter_by(application_id=application_id, prefix=prefix).values(revoked=revoked)
    if connection.execute(statement).rowcount == 0:
        raise Refused(NotFound(path=("id",), what=f"key {quote(prefix)}"))
