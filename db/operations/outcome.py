"""The actor and the outcome of an operation."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from db.domain.size import MAX_BYTES


@dataclass(frozen=True, slots=True)
class Actor:
    """The API key that requests a change. Events record its name; idempotency keys are scoped to its prefix.

    ``max_session_bytes`` limits the size of the sessions that it writes.
    """

    name: str
    key_prefix: str
    max_session_bytes: int = MAX_BYTES


@dataclass(frozen=True, slots=True)
class Outcome:
    """The session after a change, changed or not. ``replayed``: repeated from an earlier request with the same key.

    ``failed_codes`` counts the codes that the change set and that are unknown or another customer's.
    """

    application_id: int
    session_id: int
    version: int
    created: bool = False
    failed_codes: int = 0
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class ProfileOutcome:
    """The profile after a change."""

    application_id: int
    integration_id: str
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class WrittenRow:
    """The campaign or code after a change, changed or not. ``id`` is that within its application."""

    application_id: int
    id: int
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class GeneratedCodes:
    """The codes that were generated."""

    application_id: int
    batch: str
    codes: Sequence[str]
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class CodeCount:
    """The number of codes that were changed."""

    application_id: int
    count: int
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class WebhookOutcome:
    """The webhook after a change. ``secret`` is a new secret, which is answered once and not stored."""

    application_id: int
    webhook_id: int
    replayed: bool = False
    secret: str | None = field(default=None, repr=False)
