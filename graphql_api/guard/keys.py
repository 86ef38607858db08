"""Keys: from the Authorization header to who asks."""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from time import monotonic

from db.engine import Database
from db.operations import Key, find_key, use_key
from graphql_api.errors import Unauthenticated
from graphql_api.guard.viewer import Viewer

log = logging.getLogger("cartograph")

BEARER = re.compile(r"bearer +(\S+)", re.ASCII | re.IGNORECASE)
KEY = re.compile(r"ck_(0|[1-9][0-9]{0,9})_([A-Za-z0-9]{12})_[0-9a-f]{64}", re.ASCII)
LARGEST_APPLICATION = 2**31 - 1
MAX_KNOWN = 10_000  # keys remembered at once
USED_EVERY = timedelta(minutes=1)  # how often the time of a key's last use is written


@dataclass(frozen=True, slots=True)
class Known:
    """A key that was good a moment ago."""

    viewer: Viewer
    until: float


class Keys:
    """Tells who asks. A key that was good is remembered for ``seconds``, and a revocation is heeded as fast."""

    def __init__(self, database: Database, seconds: float, now: Callable[[], datetime]) -> None:
        self._database = database
        self._seconds = seconds
        self._now = now
        self._known: dict[bytes, Known] = {}

    async def viewer(self, authorization: str | None) -> Viewer:
        """The holder of the key in an Authorization header. Raises Unauthenticated."""
        if authorization is None:
            raise Unauthenticated("A key is needed: Authorization: Bearer <key>.")
        bearer = BEARER.fullmatch(authorization)
        if bearer is None:
            raise Unauthenticated("The Authorization header is not of the form Bearer <key>.")
        secret_hash = sha256(bearer[1].encode()).digest()
        known = self._known.get(secret_hash)
        if known is not None and monotonic() < known.until:
            return known.viewer
        return await self._look_up(bearer[1], secret_hash)

    async def _look_up(self, secret: str, secret_hash: bytes) -> Viewer:
        parts = KEY.fullmatch(secret)
        key = None
        if parts is not None and int(parts[1]) <= LARGEST_APPLICATION:
            key = await self._database.query(find_key, int(parts[1]), parts[2])
        now = self._now()
        if key is None or not compare_digest(key.secret_hash, secret_hash):
            raise Unauthenticated("The key is not known.")
        if key.revoked is not None:
            raise Unauthenticated("The key has been revoked.")
        if key.expires is not None and key.expires <= now:
            raise Unauthenticated("The key has expired.")
        if key.last_used is None or now - key.last_used >= USED_EVERY:
            await self._note_use(key, now)
        return self._remember(key, secret_hash, now)

    async def _note_use(self, key: Key, now: datetime) -> None:
        """Write down that a key was used; a database that cannot be written to can still be read."""
        try:
            await self._database.write(use_key, key.application_id, key.prefix, now)
        except Exception:  # whatever it is, the request goes on
            log.warning("the use of key %s could not be noted", key.prefix, exc_info=True)

    def _remember(self, key: Key, secret_hash: bytes, now: datetime) -> Viewer:
        left = (key.expires - now).total_seconds() if key.expires else self._seconds
        viewer = Viewer(key.application_id, key.prefix, key.name, key.role)
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        self._known[secret_hash] = Known(viewer, monotonic() + min(left, self._seconds))
        return viewer
