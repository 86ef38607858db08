"""Operations on API keys, and on the session tokens that they sign."""

import secrets
import string
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, insert, literal, select, tuple_, update

from db.domain import text
from db.domain.commands import CreateKey, CreateSessionToken
from db.domain.errors import InvalidInput, NotFound, Refusal, Refused, quote
from db.domain.times import truncate_to_millisecond
from db.repository.applications import load_rules
from db.repository.core import API_KEY, TOKEN_SECRET, insert_in
from db.repository.load import load_session_id
from db.tables import KeyRole

MAX_NAME = 100
PREFIX_LENGTH = 12
EVERY_APPLICATION = 0
TOKEN_SECRET_BYTES = 32  # as long as a SHA-256 hash, which RFC 7518 requires for HS256


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """A new key. ``secret`` is the key's whole text; only its hash is stored."""

    application_id: int
    prefix: str
    secret: str


def create_key(connection: Connection, command: CreateKey, now: datetime) -> CreatedKey:
    """Create a key. Raises Refused with NotFound for an unknown application, or with every rule that is broken."""
    if found := problems(command, now):
        raise Refused(*found)
    if command.application_id is not None:
        load_rules(connection, command.application_id)
    application_id = command.application_id or EVERY_APPLICATION
    prefix = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(PREFIX_LENGTH))
    secret = f"ck_{application_id}_{prefix}_{secrets.token_hex(32)}"
    connection.execute(
        insert(API_KEY).values(
            application_id=application_id,
            prefix=prefix,
            name=command.name,
            role=KeyRole(command.role),
            secret_hash=sha256(secret.encode()).digest(),
            created=truncate_to_millisecond(now),
            expires=truncate_to_millisecond(command.expires) if command.expires else None,
        )
    )
    return CreatedKey(application_id, prefix, secret)


def problems(command: CreateKey, now: datetime) -> list[Refusal]:
    """Return a refusal for each rule that the command breaks."""
    found: list[Refusal] = [*text.problems(command.name, ("name",), min_length=1, max_length=MAX_NAME)]
    if command.role == KeyRole.ADMIN and command.application_id is not None:
        found.append(InvalidInput(path=("applicationId",), problem="An ADMIN key belongs to no application."))
    if command.role != KeyRole.ADMIN and command.application_id is None:
        problem = f"A {KeyRole(command.role).name} key belongs to an application; name the application."
        found.append(InvalidInput(path=("applicationId",), problem=problem))
    if command.expires is not None and command.expires <= now:
        found.append(InvalidInput(path=("expires",), problem="Expected a time in the future."))
    return found


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


def all_keys(connection: Connection) -> Sequence[Key]:
    """Return all keys by application, and then by the time of their creation."""
    names = connection.execute(select(API_KEY.c.application_id, API_KEY.c.prefix))
    found = find_keys(connection, [KeyName(*name) for name in names])
    return sorted(found.values(), key=lambda key: (key.application_id, key.created, key.prefix))


def use_key(connection: Connection, application_id: int, prefix: str, now: datetime) -> None:
    """Store ``now`` as the time of the key's last use."""
    statement = update(API_KEY).filter_by(application_id=application_id, prefix=prefix)
    connection.execute(statement.values(last_used=truncate_to_millisecond(now)))


def revoke_key(connection: Connection, application_id: int, prefix: str, now: datetime) -> None:
    """Revoke a key. If it is revoked already, its time stays. Raises Refused with NotFound."""
    column = API_KEY.c.revoked
    revoked = func.coalesce(column, literal(truncate_to_millisecond(now), column.type))
    statement = update(API_KEY).filter_by(application_id=application_id, prefix=prefix).values(revoked=revoked)
    if connection.execute(statement).rowcount == 0:
        raise Refused(NotFound(path=("id",), what=f"key {quote(prefix)}"))


@dataclass(frozen=True, slots=True)
class SessionToken:
    """The claims to sign, and the secret to sign them with. The token itself is not stored."""

    session_id: int
    expires: datetime
    secret: bytes = field(repr=False)


def create_session_token(
    connection: Connection, key: KeyName, command: CreateSessionToken, max_seconds: int, now: datetime
) -> SessionToken:
    """Return a token signed by ``key``, which expires after at most ``max_seconds`` and no later than the key.

    Raises Refused with SessionNotFound, or with InvalidInput for a time that is too short or too long.
    """
    if not 1 <= command.expires_in <= max_seconds:
        problem = f"Expected 1 to {max_seconds} seconds, got {command.expires_in}."
        raise Refused(InvalidInput(path=("expiresIn",), problem=problem))
    session_id = load_session_id(connection, command.application_id, command.integration_id)
    new = {
        "application_id": key.application_id,
        "prefix": key.prefix,
        "secret": secrets.token_bytes(TOKEN_SECRET_BYTES),
    }
    stored = find_keys(connection, [key])[key]
    if stored.token_secret is None:  # of concurrent requests the first inserts it; all read it back
        connection.execute(insert_in(connection.dialect.name, TOKEN_SECRET).on_conflict_do_nothing(), new)
        stored = find_keys(connection, [key])[key]
    assert stored.token_secret is not None
    expires = (now + timedelta(seconds=command.expires_in)).replace(microsecond=0)  # exp is in whole seconds
    return SessionToken(session_id, min(expires, stored.expires or expires), stored.token_secret)
