"""What can happen to a session, and how its history tells it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from db.domain.entity import Entity, entity
from db.domain.lifecycle import SessionState
from db.domain.session import CustomerSession


class EventType(StrEnum):
    """The five events, in the past tense."""

    CREATED = "created"
    UPDATED = "updated"
    CLOSED = "closed"
    ITEMS_RETURNED = "items_returned"
    CANCELLED = "cancelled"


# The input fields an update can change, and the key each has in the entity's JSON: they are the same names.
INPUT_FIELDS = ("attributes", "cartItems", "coupon", "discounts", "identifiers", "profileId", "referral")


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEvent:
    """One accepted change. ``changes`` holds the new value of each key of the entity that changed; no key ever goes."""

    type: EventType
    version: int
    occurred: datetime
    actor: str
    state: SessionState
    total: Decimal
    discount_total: Decimal
    changes: Mapping[str, Any]
    from_state: SessionState | None = None
    reason: str | None = None

    @property
    def changed_fields(self) -> list[str]:
        """The names of the input's fields that changed, sorted."""
        return [name for name in INPUT_FIELDS if name in self.changes]


def event(
    type_: EventType, before: CustomerSession | None, after: CustomerSession, actor: str, reason: str | None = None
) -> SessionEvent:
    """The event that turns ``before`` into ``after``."""
    return SessionEvent(
        type=type_,
        version=after.version,
        occurred=after.updated,
        actor=actor,
        state=after.state,
        total=after.total,
        discount_total=after.discount_total,
        changes=changes(entity(before) if before else {}, entity(after)),
        from_state=before.state if before else None,
        reason=reason or None,
    )


def changes(before: Entity, after: Entity) -> Entity:
    """The keys of ``after`` whose value is new."""
    return {key: value for key, value in after.items() if key not in before or before[key] != value}
