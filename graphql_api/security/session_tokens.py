"""Sign and verify session tokens: JSON Web Tokens, signed with a secret that is stored with the key that made them.

``kid`` names the key, ``sub`` is the session's global ID, ``scope`` the rights, ``exp`` the time of expiry. The
algorithm is always HS256, whatever a token's header says.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt

from db.operations.keys import KeyName
from graphql_api.security.viewer import TokenPermissions, TokenRights

ALGORITHM = "HS256"
MAX_LENGTH = 1_000  # characters; tokens signed here have about 250
TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
KEY_ID = re.compile(r"(0|[1-9][0-9]{0,9})_([A-Za-z0-9]{12})", re.ASCII)
SESSION_ID = re.compile(r"session-([1-9][0-9]{0,9})-([1-9][0-9]{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """The claims of a session token."""

    application_id: int
    permissions: TokenPermissions
    expires: datetime


def sign(claims: TokenClaims, key: KeyName, secret: bytes) -> str:
    """Return the token's text."""
    payload = {
        "sub": f"session-{claims.application_id}-{claims.permissions.session_id}",
        "scope": claims.permissions.rights.value,
        "exp": claims.expires,
    }
    return jwt.encode(payload, secret, ALGORITHM, {"kid": f"{key.application_id}_{key.prefix}"})


def signing_key(token: str) -> KeyName | None:
    """Return the name of the key that a token claims to be signed by, or None if it is malformed."""
    if len(token) > MAX_LENGTH or not TOKEN.fullmatch(token):
        return None
    try:
        header = jwt.get_unverified_header(token)
    except jwt.InvalidTokenError:
        return None
    key_id = KEY_ID.fullmatch(str(header.get("kid")))
    return KeyName(int(key_id[1]), key_id[2]) if key_id else None


def verify(token: str, secret: bytes) -> TokenClaims | None:
    """Return the claims of a token that was signed with the secret and has not expired; None for any other."""
    try:
        return parse_claims(jwt.decode(token, secret, [ALGORITHM], {"require": ["sub", "scope", "exp"]}))
    except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError, OSError):  # such as a time out of range
        return None


def parse_claims(payload: dict[str, Any]) -> TokenClaims:
    """Return the claims of a payload. Raises ValueError, and what datetime raises for a time out of range."""
    session = SESSION_ID.fullmatch(str(payload["sub"]))
    if session is None:
        raise ValueError("sub is not the ID of a session")
    permissions = TokenPermissions(int(session[2]), TokenRights(payload["scope"]))
    return TokenClaims(int(session[1]), permissions, datetime.fromtimestamp(payload["exp"], UTC))
