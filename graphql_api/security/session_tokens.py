"""Session tokens: JSON Web Tokens, signed with a secret that is kept beside the key that made them.

``kid`` names the key, ``sub`` the session by its global id, ``scope`` the rights, ``exp`` the end. There is one
algorithm, whatever a token says of itself.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt

from db.operations import KeyName
from graphql_api.security.permissions import Grant, TokenRights

ALGORITHM = "HS256"
LONGEST = 1_000  # characters; those made here have about 250
TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
KEY_ID = re.compile(r"(0|[1-9][0-9]{0,9})_([A-Za-z0-9]{12})", re.ASCII)
SESSION = re.compile(r"session-([1-9][0-9]{0,9})-([1-9][0-9]{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class SessionToken:
    """What a token says."""

    application_id: int
    grant: Grant
    expires: datetime


def signed(token: SessionToken, key: KeyName, secret: bytes) -> str:
    """The token as text."""
    claims = {
        "sub": f"session-{token.application_id}-{token.grant.session_id}",
        "scope": token.grant.rights.value,
        "exp": token.expires,
    }
    return jwt.encode(claims, secret, ALGORITHM, {"kid": f"{key.application_id}_{key.prefix}"})


def signer(text: str) -> KeyName | None:
    """The key that a token says has signed it, which is to be checked; None where the text is no token of ours."""
    if len(text) > LONGEST or not TOKEN.fullmatch(text):
        return None
    try:
        header = jwt.get_unverified_header(text)
    except jwt.InvalidTokenError:
        return None
    named = KEY_ID.fullmatch(str(header.get("kid")))
    return KeyName(int(named[1]), named[2]) if named else None


def verified(text: str, secret: bytes) -> SessionToken | None:
    """What a token says that was signed with the secret and has not expired; None for any other."""
    try:
        claims = jwt.decode(text, secret, [ALGORITHM], {"require": ["sub", "scope", "exp"]})
        return said(claims)
    except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError, OSError):  # a time that no clock shows, say
        return None


def said(claims: dict[str, Any]) -> SessionToken:
    """The claims of a token. Raises ValueError where they are none of ours."""
    session = SESSION.fullmatch(str(claims["sub"]))
    if session is None:
        raise ValueError("not a session")
    grant = Grant(int(session[2]), TokenRights(claims["scope"]))
    return SessionToken(int(session[1]), grant, datetime.fromtimestamp(claims["exp"], UTC))
