"""createSessionToken: the claims of a token for one session, and the secret that signs it."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from db.domain.commands import CreateSessionToken
from db.domain.errors import InvalidInput, Refused
from db.operations.find_keys import KeyName, find_keys
from db.repository.core import TOKEN_SECRET, insert_in
from db.repository.load import load_session_id

SECRET_BYTES = 32  # as long as a SHA-256 hash, which RFC 7518 requires for HS256


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
    new = {"application_id": key.application_id, "prefix": key.prefix, "secret": secrets.token_bytes(SECRET_BYTES)}
    stored = find_keys(connection, [key])[key]
    if stored.token_secret is None:  # of concurrent requests the first inserts it; all read it back
        connection.execute(insert_in(connection.dialect.name, TOKEN_SECRET).on_conflict_do_nothing(), new)
        stored = find_keys(connection, [key])[key]
    assert stored.token_secret is not None
    expires = (now + timedelta(seconds=command.expires_in)).replace(microsecond=0)  # exp is in whole seconds
    return SessionToken(session_id, min(expires, stored.expires or expires), stored.token_secret)
