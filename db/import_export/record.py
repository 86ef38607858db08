"""Read one line of a file as a record: the JSON of an entity. The rules of the domain are checked later."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from db.domain.cart import CartLine, ReturnedItem
from db.domain.commands import Discount, SessionContent
from db.domain.errors import Refusal, Refused, quote
from db.domain.lifecycle import SessionState
from db.domain.session import SessionReturn
from db.import_export.json_reader import ObjectReader, Path, parse_json, to_floats
from db.import_export.recorded_promotions import RecordedPromotion, read_promotions

# Set by an export where sessions have changed profiles, so that firstSession does not follow from the order of lines.
FIRST_SESSION_STANDS = "firstSessionStands"

REQUIRED_FIELDS = frozenset(
    {
        *("integrationId", "created", "applicationId", "profileId", "coupon", "referral", "state", "cartItems"),
        *("identifiers", "total", "attributes", "firstSession", "discounts", "updated"),
    }
)
FIELDS = REQUIRED_FIELDS | {"closed", "cancelled", "returns", "promotions", FIRST_SESSION_STANDS}
REQUIRED_LINE_FIELDS = frozenset({"sku", "quantity", "price"})
LINE_FIELDS = REQUIRED_LINE_FIELDS | {
    "id",
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
PRODUCT_FIELDS = frozenset({"name"})
RETURN_FIELDS = frozenset({"version", "created", "items", "amount"})
ITEM_FIELDS = frozenset({"position", "quantity", "amount"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The values of one line, of the right types.

    Ids and quantities of returned units are beside the cart lines. An id is None where the file has none.
    """

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
    first_session_stands: bool
    line_ids: tuple[str | None, ...]
    returned_quantities: tuple[int, ...]
    returns: tuple[SessionReturn, ...]
    promotions: tuple[RecordedPromotion, ...]


def read_record(content: bytes) -> Record:
    """Return the record of one line. Raises Refused with every missing or unknown field and wrong type.

    ``applicationId`` is ignored: it is that of the exporting database. If a closed or cancelled session does not have
    the time of that, it is ``updated``.
    """
    found: list[Refusal] = []
    reader = ObjectReader(parse_json(content), (), found, REQUIRED_FIELDS, FIELDS)
    state, updated = read_state(reader), reader.time("updated")
    closed, cancelled = reader.time_or_none("closed"), reader.time_or_none("cancelled")
    reader.integer("applicationId")
    lines = [
        (read_line(value, ("cartItems", str(index)), found)) for index, value in enumerate(reader.items("cartItems"))
    ]
    discounts = read_discounts(reader.object("discounts"), found)
    amounts = {each.label: each.amount for each in discounts}
    promotions = read_promotions(reader.object("promotions"), amounts, found)
    labels = {each.label for each in promotions}
    record = Record(
        integration_id=reader.text("integrationId"),
        created=reader.time("created"),
        updated=updated,
        closed=updated if closed is None and state is SessionState.CLOSED else closed,
        cancelled=updated if cancelled is None and state is SessionState.CANCELLED else cancelled,
        state=state,
        profile_id=reader.text("profileId") or None,
        content=SessionContent(
            profile_id=reader.text("profileId"),
            coupon=reader.text("coupon"),
            referral=reader.text("referral"),
            cart_items=[line for line, _, _ in lines],
            identifiers=reader.texts("identifiers"),
            attributes=to_floats(reader.object("attributes")),
            discounts=[each for each in discounts if each.label not in labels],
        ),
        total=reader.amount("total"),
        first_session=reader.boolean("firstSession"),
        first_session_stands=reader.boolean(FIRST_SESSION_STANDS),
        line_ids=tuple(id_ for _, id_, _ in lines),
        returned_quantities=tuple(quantity for _, _, quantity in lines),
        returns=tuple(
            read_return(value, ("returns", str(index)), found) for index, value in enumerate(reader.items("returns"))
        ),
        promotions=promotions,
    )
    if found:
        raise Refused(*found)
    return record


def read_state(reader: ObjectReader) -> SessionState:
    value = reader.text_or_none("state")
    try:
        return SessionState(value or "")
    except ValueError:
        if value is not None:
            reader.refuse(("state",), f"Expected one of {', '.join(SessionState)}, got {quote(value)}.")
        return SessionState.OPEN


def read_line(value: Any, path: Path, found: list[Refusal]) -> tuple[CartLine, str | None, int]:
    """Return a cart line without its id, its id, and its returned quantity."""
    reader = ObjectReader(value, path, found, REQUIRED_LINE_FIELDS, LINE_FIELDS)
    product = (
        ObjectReader(reader.object("product"), (*path, "product"), found, PRODUCT_FIELDS, PRODUCT_FIELDS)
        if "product" in reader.value
        else None
    )
    line = CartLine(
        sku=reader.text("sku"),
        quantity=reader.integer("quantity"),
        price=reader.amount("price"),
        name=reader.text_or_none("name"),
        category=reader.text_or_none("category"),
        product_name=product.text("name") if product else None,
        weight=reader.amount_or_none("weight"),
        height=reader.amount_or_none("height"),
        width=reader.amount_or_none("width"),
        length=reader.amount_or_none("length"),
        attributes=to_floats(reader.object("attributes")),
    )
    return line, reader.text_or_none("id"), reader.integer("returnedQuantity")


def read_discounts(value: dict[str, Any], found: list[Refusal]) -> list[Discount]:
    """Return the discounts of an object from labels to amounts."""
    reader = ObjectReader(value, ("discounts",), found, frozenset(), value.keys())
    return [Discount(label, reader.amount(label)) for label in value]


def read_return(value: Any, path: Path, found: list[Refusal]) -> SessionReturn:
    reader = ObjectReader(value, path, found, RETURN_FIELDS, RETURN_FIELDS)
    items = []
    for index, given in enumerate(reader.items("items")):
        item = ObjectReader(given, (*path, "items", str(index)), found, ITEM_FIELDS, ITEM_FIELDS)
        items.append(ReturnedItem(item.integer("position"), item.integer("quantity"), item.amount("amount")))
    return SessionReturn(
        version=reader.integer("version"),
        created=reader.time("created"),
        items=tuple(items),
        amount=reader.amount("amount"),
    )
