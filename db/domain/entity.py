"""The entity's own JSON shape: what events, import and export speak. Amounts are Decimals; absent codes are ""."""

from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from db.domain.cart import MEASURES, CartLine
from db.domain.session import CustomerSession, SessionReturn

Entity = dict[str, Any]


def entity(session: CustomerSession) -> Entity:
    """All that a session holds, in the order in which it is exported. What has no value yet is left out at the end."""
    shape: Entity = {
        "integrationId": session.integration_id,
        "created": rfc_3339(session.created),
        "applicationId": session.application_id,
        "profileId": session.profile_id or "",
        "coupon": session.coupon or "",
        "referral": session.referral or "",
        "state": session.state.value,
        "cartItems": [cart_item(line) for line in session.cart],
        "identifiers": list(session.identifiers),
        "total": plain(session.total),
        "attributes": dict(session.attributes),
        "firstSession": session.first_session,
        "discounts": {label: plain(amount) for label, amount in session.discounts.items()},
        "updated": rfc_3339(session.updated),
    }
    if session.closed:
        shape["closed"] = rfc_3339(session.closed)
    if session.cancelled:
        shape["cancelled"] = rfc_3339(session.cancelled)
    if session.returns:
        shape["returns"] = [session_return(each) for each in session.returns]
    return shape


def cart_item(line: CartLine) -> Entity:
    """One line; what it does not say is left out."""
    shape: Entity = {"sku": line.sku}
    if line.name is not None:
        shape["name"] = line.name
    shape["quantity"] = line.quantity
    shape["price"] = plain(line.price)
    if line.category is not None:
        shape["category"] = line.category
    if line.product_name is not None:
        shape["product"] = {"name": line.product_name}
    for measure in MEASURES:
        if (value := getattr(line, measure)) is not None:
            shape[measure] = plain(value)
    if line.attributes:
        shape["attributes"] = dict(line.attributes)
    if line.returned_quantity:
        shape["returnedQuantity"] = line.returned_quantity
    return shape


def session_return(made: SessionReturn) -> Entity:
    """One return, with the version of the session that it made."""
    return {
        "version": made.version,
        "created": rfc_3339(made.created),
        "items": [
            {"position": item.position, "quantity": item.quantity, "amount": plain(item.amount)} for item in made.items
        ],
        "amount": plain(made.amount),
    }


def plain(amount: Decimal) -> Decimal:
    """The same amount with no more digits than it needs: 29.30 is 29.3, 30.00 is 30."""
    return amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount.normalize()


@lru_cache(maxsize=64)  # a change prints its own moment into the session's row, its event and its changes
def rfc_3339(moment: datetime) -> str:
    """UTC, to the millisecond: 2026-03-01T10:00:00.000Z."""
    in_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return f"{in_utc.isoformat(timespec='milliseconds').removesuffix('+00:00')}Z"
