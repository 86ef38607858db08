"""Session events: one for each accepted change, with the values that changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from db.domain.entity import Entity, to_entity
from db.domain.lifecycle import SessionState
from db.domain.session import CustomerSession


class EventType(StrEnum):
    """The kind of change that an event records."""

    CREATED = "created"
    UPDATED = "updated"
    CLOSED = "closed"
    ITEMS_RETURNED = "items_returned"
    CANCELLED = "cancelled"


# The input fields that an update can change. The entity's JSON has them under the same names.
INPUT_FIELDS = ("attributes", "cartItems", "coupon", "discounts", "identifiers", "profileId", "referral")


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEvent:
    """One accepted change. ``changes`` holds the new value of each key of the entity that changed.

    No change removes a key, so merging the ``changes`` of all events in order gives the entity.
    """

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
        """The names of the input fields that changed, sorted."""
        return [name for name in INPUT_FIELDS if name in self.changes]


def make_event(
    type_: EventType, before: CustomerSession | None, after: CustomerSession, actor: str, reason: str | None = None
) -> SessionEvent:
    """Build the event of the change from ``before`` to ``after``; ``before`` is None for a new session."""
    return SessionEvent(
        type=type_,
        version=after.version,
        occurred=after.updated,
        actor=actor,
        state=after.state,
        total=after.total,
        discount_total=after.discount_total,
        changes=changed_values(to_entity(before) if before else {}, to_entity(after)),
        from_state=before.state if before else None,
        reason=reason or None,
    )


def changed_values(before: Entity, after: Entity) -> Entity:
    """Return the keys of ``after`` with a value that differs from ``before``."""
    return {key: value for key, value in after.items() if key not in before or before[key] != value}
