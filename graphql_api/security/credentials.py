"""Verify the text of a key or of a session token against the stored key."""

import re
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest

from db.operations.keys import Key, KeyName
from db.tables import KeyRole
from graphql_api.security import session_tokens
from graphql_api.security.viewer import Viewer

KEY = re.compile(r"ck_(0|[1-9][0-9]{0,9})_([A-Za-z0-9]{12})_[0-9a-f]{64}", re.ASCII)
MAX_APPLICATION_ID = 2**31 - 1
UNKNOWN_KEY = "The key is not known."


class InvalidCredentials(Exception):
    """The key or token is not valid; the message says why."""


def key_name(credentials: str) -> KeyName | None:
    """Return the name of the key, or of the key that a session token says has signed it. None if malformed."""
    key = KEY.fullmatch(credentials)
    name = KeyName(int(key[1]), key[2]) if key else session_tokens.signing_key(credentials)
    return name if name and name.application_id <= MAX_APPLICATION_ID else None


def verify(credentials: str, key: Key | None, now: datetime) -> Viewer:
    """Return the viewer of a key, or of a session token that the key signed. Raises InvalidCredentials."""
    if key is None:
        raise InvalidCredentials(UNKNOWN_KEY)
    viewer = verify_key(credentials, key) if KEY.fullmatch(credentials) else verify_token(credentials, key)
    if key.revoked is not None:
        raise InvalidCredentials("The key has been revoked.")
    if key.expires is not None and key.expires <= now:
        raise InvalidCredentials("The key has expired.")
    return viewer


def verify_key(text: str, key: Key) -> Viewer:
    """Return the viewer of a key if this is its text. Raises InvalidCredentials."""
    if not compare_digest(key.secret_hash, sha256(text.encode()).digest()):
        raise InvalidCredentials(UNKNOWN_KEY)
    return Viewer(key.application_id, key.prefix, key.name, key.role, key.expires)


def verify_token(text: str, key: Key) -> Viewer:
    """Return the viewer of a session token if the key signed it. Raises InvalidCredentials."""
    claims = session_tokens.verify(text, key.token_secret) if key.token_secret else None
    if claims is None:
        raise InvalidCredentials("The session token is not known or has expired.")
    prefix, name = f"{key.prefix}-{claims.permissions.session_id}", f"{key.name} (session token)"
    expires = min(claims.expires, key.expires or claims.expires)
    return Viewer(claims.application_id, prefix, name, KeyRole.READER, expires, claims.permissions)
