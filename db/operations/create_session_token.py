"""createSessionToken: what a token for one session says, and the secret that the key signs it with."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from db.domain.commands import CreateSessionToken
from db.domain.errors import InvalidInput, Refused
from db.operations.find_keys import KeyName, find_keys
from db.repository.core import TOKEN_SECRET, insert_in
from db.repository.load import number_of

SECRET = 32  # bytes, as many as SHA-256 makes of them


@dataclass(frozen=True, slots=True)
class SessionToken:
    """What there is to sign. The token itself is kept nowhere."""

    session_id: int
    expires: datetime
    secret: bytes = field(repr=False)


def create_session_token(
    connection: Connection, key: KeyName, command: CreateSessionToken, longest: int, now: datetime
) -> SessionToken:
    """A token that ``key`` signs. It outlives neither the key nor ``longest``, in seconds.

    Raises Refused with SessionNotFound, and with InvalidInput for a time that is too short or too long.
    """
    if not 1 <= command.expires_in <= longest:
        problem = f"Expected 1 to {longest} seconds, got {command.expires_in}."
        raise Refused(InvalidInput(path=("expiresIn",), problem=problem))
    session_id = number_of(connection, command.application_id, command.integration_id)
    new = {"application_id": key.application_id, "prefix": key.prefix, "secret": secrets.token_bytes(SECRET)}
    kept = find_keys(connection, [key])[key]
    if kept.token_secret is None:  # of several at once, one makes it
        connection.execute(insert_in(connection.dialect.name, TOKEN_SECRET).on_conflict_do_nothing(), new)
        kept = find_keys(connection, [key])[key]
    assert kept.token_secret is not None
    expires = (now + timedelta(seconds=command.expires_in)).replace(microsecond=0)  # a token tells whole seconds
    return SessionToken(session_id, min(expires, kept.expires or expires), kept.token_secret)
