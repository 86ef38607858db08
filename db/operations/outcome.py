"""Who asks for a change, and what an operation answers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """The key that acts: events tell its name, repeats are known by its prefix."""

    name: str
    key_prefix: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The session that a change was asked of, at the version that it came to."""

    application_id: int
    session_id: int
    version: int
    created: bool = False
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class ProfileOutcome:
    """The profile that a change was asked of."""

    application_id: int
    integration_id: str
    replayed: bool = False
