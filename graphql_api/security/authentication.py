"""Authenticate requests: from the Authorization header to the viewer."""

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
from db.operations.keys import Key, KeyName, use_key
from db.tables import KeyRole
from graphql_api.errors import TimedOut, Unauthenticated
from graphql_api.security import session_tokens
from graphql_api.security.key_loader import KeyLoader
from graphql_api.security.viewer import Viewer

log = logging.getLogger("cartograph")

KEY = re.compile(r"ck_(0|[1-9][0-9]{0,9})_([A-Za-z0-9]{12})_[0-9a-f]{64}", re.ASCII)
MAX_APPLICATION_ID = 2**31 - 1
UNKNOWN_KEY = "The key is not known."
BEARER = re.compile(r"bearer +(\S+)", re.ASCII | re.IGNORECASE)
USUAL_SCHEME = b"Bearer "
MAX_CACHED = 10_000  # valid credentials, and as many invalid ones
LAST_USED_INTERVAL = timedelta(minutes=1)


class InvalidCredentials(Exception):
    """The key or token is not valid; the message says why."""


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """The viewer of valid credentials, or the reason why they are invalid, until a monotonic time."""

    result: Viewer | str
    until: float


class Authenticator:
    """Authenticates keys and session tokens, and caches the results for ``cache_seconds``.

    So a revocation takes effect after at most ``cache_seconds``. Credentials that have been valid are looked up apart
    from all others, so a flood of unknown keys does not delay them.
    """

    def __init__(
        self, database: Database, cache_seconds: float, deadline_seconds: float, now: Callable[[], datetime]
    ) -> None:
        self._cache_seconds = cache_seconds
        self._deadline_seconds = deadline_seconds
        self._now = now
        self._valid: dict[bytes, CacheEntry] = {}
        self._invalid: dict[bytes, CacheEntry] = {}
        self._known_keys = KeyLoader(database)
        self._unknown_keys = KeyLoader(database)
        self._last_used = LastUsedWriter(database)

    async def authenticate(self, authorization: str | None) -> Viewer:
        """Return the viewer for an Authorization header. Raises Unauthenticated, and TimedOut at the deadline."""
        if authorization is None:
            raise Unauthenticated("A key is required: Authorization: Bearer <key>.")
        bearer = BEARER.fullmatch(authorization)
        if bearer is None:
            raise Unauthenticated("The Authorization header must have the form Bearer <key>.")
        cache_key = cache_key_of(bearer[1].encode())
        entry = self._valid.get(cache_key) or self._invalid.get(cache_key)
        if entry is None or monotonic() >= entry.until:
            entry = await self._look_up(bearer[1], cache_key)
        if isinstance(entry.result, str):
            raise Unauthenticated(entry.result)
        return entry.result

    def cached_viewer(self, authorization: bytes) -> Viewer | None:
        """Return the viewer if the header has its usual form and is cached as valid. This is the fast path."""
        if not authorization.startswith(USUAL_SCHEME):
            return None
        entry = self._valid.get(cache_key_of(authorization[len(USUAL_SCHEME) :]))
        return entry.result if entry and monotonic() < entry.until and isinstance(entry.result, Viewer) else None

    async def close(self) -> None:
        """Finish lookups and writes in progress."""
        await self._known_keys.close()
        await self._unknown_keys.close()
        await self._last_used.close()

    async def _look_up(self, credentials: str, cache_key: bytes) -> CacheEntry:
        name = key_name(credentials)
        if name is None:
            return CacheEntry(UNKNOWN_KEY, 0)
        started = monotonic()  # the entry's life begins here: the lookup may miss a revocation from now on
        loader = self._known_keys if cache_key in self._valid else self._unknown_keys
        try:
            async with asyncio.timeout(self._deadline_seconds):
                key = await loader.load(name)
        except TimeoutError:
            raise TimedOut(f"The key could not be looked up within {self._deadline_seconds:g} seconds.") from None
        now = self._now()
        try:
            viewer = verify(credentials, key, now)
        except InvalidCredentials as problem:
            self._valid.pop(cache_key, None)
            return add_to_cache(self._invalid, cache_key, CacheEntry(str(problem), started + self._cache_seconds))
        if key is not None:
            self._last_used.write(key, now)
        seconds = self._cache_seconds
        if viewer.expires is not None:
            seconds = min(seconds, (viewer.expires - now).total_seconds())
        return add_to_cache(self._valid, cache_key, CacheEntry(viewer, started + seconds))


def key_name(credentials: str) -> KeyName | None:
    """Return the name of the key, or of the key that a session token says has signed it. None if malformed."""
    key = KEY.fullmatch(credentials)
    name = KeyName(int(key[1]), key[2]) if key else session_tokens.signing_key(credentials)
    return name if name and name.application_id <= MAX_APPLICATION_ID else None


def verify(credentials: str, key: Key | None, now: datetime) -> Viewer:
    """Return the viewer of a key, or of a session token that the key signed. Raises InvalidCredentials."""
    if key is None:
        raise InvalidCredentials(UNKNOWN_KEY)
    if not KEY.fullmatch(credentials):
        viewer = verify_token(credentials, key)
    elif compare_digest(key.secret_hash, sha256(credentials.encode()).digest()):
        viewer = Viewer(key.application_id, key.prefix, key.name, key.role, key.expires)
    else:
        raise InvalidCredentials(UNKNOWN_KEY)
    if key.revoked is not None:
        raise InvalidCredentials("The key has been revoked.")
    if key.expires is not None and key.expires <= now:
        raise InvalidCredentials("The key has expired.")
    return viewer


def verify_token(text: str, key: Key) -> Viewer:
    """Return the viewer of a session token if the key signed it. Raises InvalidCredentials."""
    claims = session_tokens.verify(text, key.token_secret) if key.token_secret else None
    if claims is None:
        raise InvalidCredentials("The session token is not known or has expired.")
    prefix, name = f"{key.prefix}-{claims.permissions.session_id}", f"{key.name} (session token)"
    expires = min(claims.expires, key.expires or claims.expires)
    return Viewer(claims.application_id, prefix, name, KeyRole.READER, expires, claims.permissions)


class LastUsedWriter:
    """Writes when a key was last used, at most once a minute for each key, in the background."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._writes: dict[KeyName, asyncio.Task[None]] = {}

    def write(self, key: Key, now: datetime) -> None:
        """Start a write if the stored time is too old and no write is in progress."""
        name = KeyName(key.application_id, key.prefix)
        if name not in self._writes and (key.last_used is None or now - key.last_used >= LAST_USED_INTERVAL):
            self._writes[name] = asyncio.create_task(self._write(name, now))

    async def close(self) -> None:
        """Finish the writes in progress."""
        await asyncio.gather(*self._writes.values())

    async def _write(self, name: KeyName, now: datetime) -> None:
        try:
            await self._database.write(use_key, *name, now)
        except Exception:  # any error: a database that cannot be written can still be read
            log.warning("the last use of key %s could not be written", name.prefix, exc_info=True)
        finally:
            del self._writes[name]


def cache_key_of(credentials: bytes) -> bytes:
    """Return a hash of the credentials. BLAKE2 saves 5 µs of each request in comparison with OpenSSL's SHA-256."""
    return blake2b(credentials).digest()


def add_to_cache(cache: dict[bytes, CacheEntry], key: bytes, entry: CacheEntry) -> CacheEntry:
    """Cache an entry, evict the oldest where the cache is full, and return the entry."""
    cache.pop(key, None)
    if len(cache) >= MAX_CACHED:
        del cache[next(iter(cache))]
    cache[key] = entry
    return entry
