"""The JSON form of a session, used by events, import and export. Amounts are Decimals; absent codes are ""."""

from typing import Any

from db.domain.cart import MEASURES, CartLine
from db.domain.decimals import normalize
from db.domain.session import CustomerSession, SessionReturn
from db.domain.times import format_time

Entity = dict[str, Any]


def to_entity(session: CustomerSession) -> Entity:
    """Convert a session. Keys are in the order of the export; closed, cancelled and returns are left out if unset."""
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
        "discounts": {label: normalize(amount) for label, amount in session.discounts.items()},
        "updated": format_time(session.updated),
    }
    if session.closed:
        shape["closed"] = format_time(session.closed)
    if session.cancelled:
        shape["cancelled"] = format_time(session.cancelled)
    if session.returns:
        shape["returns"] = [session_return(each) for each in session.returns]
    return shape


def cart_item(line: CartLine) -> Entity:
    """Convert one line. Keys without a value are left out."""
    shape: Entity = {"sku": line.sku}
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
