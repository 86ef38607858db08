"""Record the use of an API key, so that unused keys can be found."""

from datetime import datetime

from sqlalchemy import Connection, update

from db.domain.times import truncate_to_millisecond
from db.repository.core import API_KEY


def use_key(connection: Connection, application_id: int, prefix: str, now: datetime) -> None:
    """Store ``now`` as the time of the key's last use."""
    statement = update(API_KEY).filter_by(application_id=application_id, prefix=prefix)
    connection.execute(statement.values(last_used=truncate_to_millisecond(now)))
