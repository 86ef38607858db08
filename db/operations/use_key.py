"""A key was used: written now and then, for whoever wonders whether it still is."""

from datetime import datetime

from sqlalchemy import Connection, update

from db.operations.change import to_millisecond
from db.repository.core import API_KEY


def use_key(connection: Connection, application_id: int, prefix: str, now: datetime) -> None:
    """Note the time of a key's use."""
    statement = update(API_KEY).filter_by(application_id=application_id, prefix=prefix)
    connection.execute(statement.values(last_used=to_millisecond(now)))
