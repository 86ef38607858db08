"""The key that a prefix names, for whoever checks its secret."""

from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from db.repository.core import API_KEY
from db.tables import KeyRole


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key as it is kept. ``secret_hash`` is the SHA-256 of the whole key text; application 0 is every application."""

    application_id: int
    prefix: str
    name: str
    role: KeyRole
    secret_hash: bytes
    created: datetime
    expires: datetime | None
    revoked: datetime | None
    last_used: datetime | None


KEY = select(*(API_KEY.c[field.name] for field in fields(Key))).where(
    API_KEY.c.application_id == bindparam("application_id"), API_KEY.c.prefix == bindparam("prefix")
)


def find_key(connection: Connection, application_id: int, prefix: str) -> Key | None:
    """The key, expired and revoked ones too; None where there is none."""
    row = connection.execute(KEY, {"application_id": application_id, "prefix": prefix}).mappings().one_or_none()
    return None if row is None else Key(**row)
