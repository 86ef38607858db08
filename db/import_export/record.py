"""One line of a file as a record: the entity's own JSON, read, and held against no rule yet."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from db.domain.cart import CartLine, ReturnedItem
from db.domain.commands import SessionContent
from db.domain.discounts import Discount
from db.domain.errors import Refusal, Refused, quote
from db.domain.lifecycle import SessionState
from db.domain.session import SessionReturn
from db.import_export.shape import Path, Shape, inexact, parsed

# Written by an export where firstSession is not what the order of the lines says: sessions have changed profiles.
STANDS = "firstSessionStands"

FIELDS = frozenset(
    {
        *("integrationId", "created", "applicationId", "profileId", "coupon", "referral", "state", "cartItems"),
        *("identifiers", "total", "attributes", "firstSession", "discounts", "updated"),
    }
)
IN_TIME = FIELDS | {"closed", "cancelled", "returns", STANDS}
LINE = frozenset({"sku", "quantity", "price"})
WHOLE_LINE = LINE | {
    "name",
    "category",
    "product",
    "weight",
    "height",
    "width",
    "length",
    "attributes",
    "returnedQuantity",
}
PRODUCT = frozenset({"name"})
RETURN = frozenset({"version", "created", "items", "amount"})
ITEM = frozenset({"position", "quantity", "amount"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What one line says. ``returned`` has the returned quantity of each cart line."""

    integration_id: str
    created: datetime
    updated: datetime
    closed: datetime | None
    cancelled: datetime | None
    state: SessionState
    profile_id: str | None
    content: SessionContent
    total: Decimal
    first_session: bool
    stands: bool
    returned: tuple[int, ...]
    returns: tuple[SessionReturn, ...]


def read_record(content: bytes) -> Record:
    """The record of one line. Raises Refused with everything that is not of the right shape.

    ``applicationId`` is that of the file's origin, and means nothing here. A session that is closed or cancelled and
    does not say when was so at ``updated``.
    """
    found: list[Refusal] = []
    shape = Shape(parsed(content), (), found, FIELDS, IN_TIME)
    state, updated = read_state(shape), shape.moment("updated")
    closed, cancelled = shape.moment_or_none("closed"), shape.moment_or_none("cancelled")
    shape.integer("applicationId")
    lines = [
        (read_line(value, ("cartItems", str(index)), found)) for index, value in enumerate(shape.items("cartItems"))
    ]
    record = Record(
        integration_id=shape.text("integrationId"),
        created=shape.moment("created"),
        updated=updated,
        closed=updated if closed is None and state is SessionState.CLOSED else closed,
        cancelled=updated if cancelled is None and state is SessionState.CANCELLED else cancelled,
        state=state,
        profile_id=shape.text("profileId") or None,
        content=SessionContent(
            profile_id=shape.text("profileId"),
            coupon=shape.text("coupon"),
            referral=shape.text("referral"),
            cart_items=[line for line, _ in lines],
            identifiers=shape.texts("identifiers"),
            attributes=inexact(shape.object("attributes")),
            discounts=read_discounts(shape.object("discounts"), found),
        ),
        total=shape.amount("total"),
        first_session=shape.flag("firstSession"),
        stands=shape.flag(STANDS),
        returned=tuple(quantity for _, quantity in lines),
        returns=tuple(
            read_return(value, ("returns", str(index)), found) for index, value in enumerate(shape.items("returns"))
        ),
    )
    if found:
        raise Refused(*found)
    return record


def read_state(shape: Shape) -> SessionState:
    """One of the four."""
    value = shape.text_or_none("state")
    try:
        return SessionState(value or "")
    except ValueError:
        if value is not None:
            shape.refuse(("state",), f"Expected one of {', '.join(SessionState)}, got {quote(value)}.")
        return SessionState.OPEN


def read_line(value: Any, path: Path, found: list[Refusal]) -> tuple[CartLine, int]:
    """One line of the cart, and how much of it has been returned."""
    shape = Shape(value, path, found, LINE, WHOLE_LINE)
    product = (
        Shape(shape.object("product"), (*path, "product"), found, PRODUCT, PRODUCT)
        if "product" in shape.value
        else None
    )
    line = CartLine(
        sku=shape.text("sku"),
        quantity=shape.integer("quantity"),
        price=shape.amount("price"),
        name=shape.text_or_none("name"),
        category=shape.text_or_none("category"),
        product_name=product.text("name") if product else None,
        weight=shape.amount_or_none("weight"),
        height=shape.amount_or_none("height"),
        width=shape.amount_or_none("width"),
        length=shape.amount_or_none("length"),
        attributes=inexact(shape.object("attributes")),
    )
    return line, shape.integer("returnedQuantity")


def read_discounts(value: dict[str, Any], found: list[Refusal]) -> list[Discount]:
    """An object: label -> amount."""
    shape = Shape(value, ("discounts",), found, frozenset(), value.keys())
    return [Discount(label, shape.amount(label)) for label in value]


def read_return(value: Any, path: Path, found: list[Refusal]) -> SessionReturn:
    """One return."""
    shape = Shape(value, path, found, RETURN, RETURN)
    items = []
    for index, given in enumerate(shape.items("items")):
        item = Shape(given, (*path, "items", str(index)), found, ITEM, ITEM)
        items.append(ReturnedItem(item.integer("position"), item.integer("quantity"), item.amount("amount")))
    return SessionReturn(
        version=shape.integer("version"),
        created=shape.moment("created"),
        items=tuple(items),
        amount=shape.amount("amount"),
    )
