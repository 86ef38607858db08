"""Look up API keys by prefix, to check their secrets."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select, tuple_

from db.repository.core import API_KEY, TOKEN_SECRET
from db.tables import KeyRole


class KeyName(NamedTuple):
    """A key's identity. An ADMIN key, which belongs to no application, has application ID 0."""

    application_id: int
    prefix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A stored key.

    ``secret_hash`` is the SHA-256 hash of the key's whole text. ``token_secret`` signs session tokens; it is None until
    the first token is created.
    """

    application_id: int
    prefix: str
    name: str
    role: KeyRole
    secret_hash: bytes = field(repr=False)
    created: datetime
    expires: datetime | None
    revoked: datetime | None
    last_used: datetime | None
    token_secret: bytes | None = field(repr=False)


COLUMNS = {**API_KEY.c, "token_secret": TOKEN_SECRET.c.secret}
KEYS = (
    select(*(COLUMNS[field.name].label(field.name) for field in fields(Key)))
    .select_from(API_KEY.outerjoin(TOKEN_SECRET))
    .where(tuple_(API_KEY.c.application_id, API_KEY.c.prefix).in_(bindparam("names", expanding=True)))
)


def find_keys(connection: Connection, names: Collection[KeyName]) -> Mapping[KeyName, Key]:
    """Return the keys that exist, including expired and revoked ones."""
    found = (Key(**row) for row in connection.execute(KEYS, {"names": [tuple(name) for name in names]}).mappings())
    return {KeyName(key.application_id, key.prefix): key for key in found}
