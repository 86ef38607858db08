"""Keys, and the session tokens that they sign: from the Authorization header to who asks."""

import asyncio
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b, sha256
from hmac import compare_digest
from time import monotonic

from db.engine.database import Database
from db.operations import Key, KeyName, use_key
from db.tables import KeyRole
from graphql_api.errors import TimedOut, Unauthenticated
from graphql_api.security import session_tokens as tokens
from graphql_api.security.key_lookup import Lookups
from graphql_api.security.viewer import Viewer

log = logging.getLogger("cartograph")

BEARER = re.compile(r"bearer +(\S+)", re.ASCII | re.IGNORECASE)
USUAL = b"Bearer "
KEY = re.compile(r"ck_(0|[1-9][0-9]{0,9})_([A-Za-z0-9]{12})_[0-9a-f]{64}", re.ASCII)
LARGEST_APPLICATION = 2**31 - 1
MAX_KNOWN = 10_000  # keys remembered at once, and as many that were refused
UNKNOWN = "The key is not known."
USED_EVERY = timedelta(minutes=1)  # how often the time of a key's last use is written


@dataclass(frozen=True, slots=True)
class Known:
    """What was found of a key a moment ago: who holds it, or why it opens nothing."""

    found: Viewer | str
    until: float


class Keys:
    """Tells who asks. What was found of a key is remembered for ``seconds``, and a revocation is heeded as fast.

    A session token is known by the key that signed it, and ends with it. What has never been good waits behind others
    of its kind and holds up none that has.
    """

    def __init__(self, database: Database, seconds: float, deadline: float, now: Callable[[], datetime]) -> None:
        self._database = database
        self._seconds = seconds
        self._deadline = deadline
        self._now = now
        self._good: dict[bytes, Known] = {}
        self._refused: dict[bytes, Known] = {}
        self._regulars = Lookups(database)
        self._strangers = Lookups(database)
        self._noting: dict[KeyName, asyncio.Task[None]] = {}

    async def viewer(self, authorization: str | None) -> Viewer:
        """The holder of the key in an Authorization header. Raises Unauthenticated, and TimedOut if nobody can say."""
        if authorization is None:
            raise Unauthenticated("A key is needed: Authorization: Bearer <key>.")
        bearer = BEARER.fullmatch(authorization)
        if bearer is None:
            raise Unauthenticated("The Authorization header is not of the form Bearer <key>.")
        mark = fingerprint(bearer[1].encode())
        known = self._good.get(mark) or self._refused.get(mark)
        if known is None or monotonic() >= known.until:
            known = await self._looked_up(bearer[1], mark)
        if isinstance(known.found, str):
            raise Unauthenticated(known.found)
        return known.found

    def recalled(self, authorization: bytes) -> Viewer | None:
        """The holder of a key that was good a moment ago, for a header in its usual form: the shortest way there is."""
        if not authorization.startswith(USUAL):
            return None
        known = self._good.get(fingerprint(authorization[len(USUAL) :]))
        return known.found if known and monotonic() < known.until and isinstance(known.found, Viewer) else None

    async def close(self) -> None:
        """Finish what is under way."""
        await self._regulars.close()
        await self._strangers.close()
        await asyncio.gather(*self._noting.values())

    async def _looked_up(self, secret: str, mark: bytes) -> Known:
        """What is found of a key now. What is not even written like one is not looked up."""
        name = key_named(secret)
        if name is None or name.application_id > LARGEST_APPLICATION:
            return Known(UNKNOWN, 0)
        asked, seconds = monotonic(), self._seconds  # what is revoked from now on may be missed by the lookup
        lookups = self._regulars if mark in self._good else self._strangers
        try:
            async with asyncio.timeout(self._deadline):
                key = await lookups.find(name)
        except TimeoutError:
            raise TimedOut(f"The key could not be looked up within {self._deadline:g} seconds.") from None
        now = self._now()
        found = opened(key, secret, now)
        if key is None or isinstance(found, str):
            self._good.pop(mark, None)
            return remembered(self._refused, mark, Known(found, asked + seconds))
        self._note_use(key, now)
        if found.expires is not None:
            seconds = min(seconds, (found.expires - now).total_seconds())
        return remembered(self._good, mark, Known(found, asked + seconds))

    def _note_use(self, key: Key, now: datetime) -> None:
        """Have it written down now and then that a key is used; nobody waits for it."""
        name = KeyName(key.application_id, key.prefix)
        if name not in self._noting and (key.last_used is None or now - key.last_used >= USED_EVERY):
            self._noting[name] = asyncio.create_task(self._write_use(name, now))

    async def _write_use(self, name: KeyName, now: datetime) -> None:
        try:
            await self._database.write(use_key, *name, now)
        except Exception:  # whatever it is: a database that cannot be written to can still be read
            log.warning("the use of key %s could not be noted", name.prefix, exc_info=True)
        finally:
            del self._noting[name]


def key_named(secret: str) -> KeyName | None:
    """The key that is meant: by its own text, or by that of a session token."""
    parts = KEY.fullmatch(secret)
    return KeyName(int(parts[1]), parts[2]) if parts else tokens.signer(secret)


def opened(key: Key | None, secret: str, now: datetime) -> Viewer | str:
    """The holder of a key or of a token that it signed, or why what was sent opens nothing."""
    if key is None:
        return UNKNOWN
    found = of_key(key, secret) if KEY.fullmatch(secret) else of_token(key, secret)
    if isinstance(found, str):
        return found
    if key.revoked is not None:
        return "The key has been revoked."
    if key.expires is not None and key.expires <= now:
        return "The key has expired."
    return found


def of_key(key: Key, secret: str) -> Viewer | str:
    """The holder of a key with this text."""
    if not compare_digest(key.secret_hash, sha256(secret.encode()).digest()):
        return UNKNOWN
    return Viewer(key.application_id, key.prefix, key.name, key.role, key.expires)


def of_token(key: Key, text: str) -> Viewer | str:
    """The holder of a session token that the key signed."""
    token = tokens.verified(text, key.token_secret) if key.token_secret else None
    if token is None:
        return "The session token is not known or has expired."
    prefix, name = f"{key.prefix}-{token.grant.session_id}", f"{key.name} (session token)"
    expires = min(token.expires, key.expires or token.expires)
    return Viewer(token.application_id, prefix, name, KeyRole.READER, expires, token.grant)


def fingerprint(secret: bytes) -> bytes:
    """By what a key is remembered here. SHA-256, as OpenSSL has it, would take 5 µs more of each request."""
    return blake2b(secret).digest()


def remembered(where: dict[bytes, Known], mark: bytes, known: Known) -> Known:
    """Remember what was found; what was found first is forgotten first."""
    where.pop(mark, None)
    if len(where) >= MAX_KNOWN:
        del where[next(iter(where))]
    where[mark] = known
    return known
