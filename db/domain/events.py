"""Session events: one for each accepted change, with the values that changed.

The values are those of the session's JSON form, which import and export use too: amounts are Decimals, absent codes "".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from db.domain.cart import MEASURES, CartLine
from db.domain.decimals import normalize
from db.domain.lifecycle import SessionState
from db.domain.promotions.allocated_discount import AllocatedDiscount
from db.domain.session import CustomerSession, SessionReturn
from db.domain.times import format_time

Entity = dict[str, Any]


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
    merged_with: str | None = None  # the integration ID of the other session of a merge

    @property
    def changed_fields(self) -> list[str]:
        """The names of the input fields that changed, sorted."""
        return [name for name in INPUT_FIELDS if name in self.changes]


def make_event(
    type_: EventType,
    before: CustomerSession | None,
    after: CustomerSession,
    actor: str,
    reason: str | None = None,
    merged_with: str | None = None,
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
        merged_with=merged_with,
    )


def changed_values(before: Entity, after: Entity) -> Entity:
    """Return the keys of ``after`` with a value that differs from ``before``."""
    return {key: value for key, value in after.items() if key not in before or before[key] != value}


def to_entity(session: CustomerSession) -> Entity:
    """Convert a session. Keys are in the order of the export; closed, cancelled and returns are left out if unset.

    The discounts of campaigns are part of an open session as amounts alone: each change can give others.
    """
    shape: Entity = {
        "integrationId": session.integration_id,
        "created": format_time(session.created),
        "applicationId": session.application_id,
        "profileId": session.profile_id or "",
        "coupon": session.coupon or "",
        "referral": session.referral or "",
        "state": session.state.value,
        "cartItems": [cart_item(line) for line in session.cart],
        "identifiers": list(session.identifiers),
        "total": normalize(session.total),
        "attributes": dict(session.attributes),
        "firstSession": session.first_session,
        "discounts": {label: normalize(amount) for label, amount in session.discounts_by_label.items()},
        "updated": format_time(session.updated),
    }
    if session.closed:
        shape["closed"] = format_time(session.closed)
    if session.cancelled:
        shape["cancelled"] = format_time(session.cancelled)
    if session.returns:
        shape["returns"] = [session_return(each) for each in session.returns]
    if session.promotions and session.state is not SessionState.OPEN:
        shape["promotions"] = {each.label: promotion(each) | promotion_shares(each) for each in session.promotions}
    return shape


def promotion(discount: AllocatedDiscount) -> Entity:
    """Convert the discount of a campaign, without its shares, which change as long as the session is open."""
    return {"campaign": discount.campaign_name, "revision": discount.revision}


def promotion_shares(discount: AllocatedDiscount) -> Entity:
    """Convert the shares of a discount by line."""
    return {
        "shares": [{"position": position, "amount": normalize(amount)} for position, amount in discount.allocations]
    }


def cart_item(line: CartLine) -> Entity:
    """Convert one line. Keys without a value are left out."""
    shape: Entity = {"id": line.id, "sku": line.sku}
    if line.name is not None:
        shape["name"] = line.name
    shape["quantity"] = line.quantity
    shape["price"] = normalize(line.price)
    if line.category is not None:
        shape["category"] = line.category
    if line.product_name is not None:
        shape["product"] = {"name": line.product_name}
    for measure in MEASURES:
        if (value := getattr(line, measure)) is not None:
            shape[measure] = normalize(value)
    if line.attributes:
        shape["attributes"] = dict(line.attributes)
    if line.returned_quantity:
        shape["returnedQuantity"] = line.returned_quantity
    return shape


def session_return(return_: SessionReturn) -> Entity:
    """Convert one return. ``version`` is the session's version after it."""
    return {
        "version": return_.version,
        "created": format_time(return_.created),
        "items": [
            {"position": item.position, "quantity": item.quantity, "amount": normalize(item.amount)}
            for item in return_.items
        ],
        "amount": normalize(return_.amount),
    }
