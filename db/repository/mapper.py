"""The mapping between a session and its rows: each table's columns, rows from a session, a session from rows.

A row is a tuple of the values of ``COLUMNS``. A column that is added to a table needs an attribute of the same name in
the entity, and nothing here.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any

from sqlalchemy import Table

from db.domain.cart import CartLine, ReturnedItem
from db.domain.events import SessionEvent
from db.domain.money import to_units
from db.domain.promotions.allocated_discount import AllocatedDiscount, DiscountSource
from db.domain.promotions.record import from_record, shares_record
from db.domain.promotions.session_evaluation import allocated_discounts
from db.domain.session import CustomerSession, SessionReturn
from db.repository.core import CART_ITEM, DISCOUNT, EVENT, IDENTIFIER, RETURN, RETURNED_ITEM, SESSION

Values = Sequence[Any]

# The columns that lead each row: given by the database, or the key of the session that the row belongs to.
KEYS: Mapping[Table, Sequence[str]] = {  # each table after those that it refers to
    SESSION: ("application_id", "id"),
    CART_ITEM: ("application_id", "session_id"),
    IDENTIFIER: ("application_id", "session_id"),
    DISCOUNT: ("application_id", "session_id"),
    EVENT: ("application_id", "session_id", "id"),
    RETURN: ("application_id", "session_id"),
    RETURNED_ITEM: ("application_id", "session_id"),
}
COLUMNS: Mapping[Table, Sequence[str]] = {
    table: [column.name for column in table.c if column.name not in key] for table, key in KEYS.items()
}
PARTS = (CART_ITEM, IDENTIFIER, DISCOUNT, RETURN, RETURNED_ITEM)
LINE = [name for name in COLUMNS[CART_ITEM] if name != "position"]

# A session is read from these columns. Its totals are stored for queries, and follow from its parts.
SESSION_FIELDS = [field.name for field in fields(CustomerSession) if field.name in SESSION.c]
MINOR_DIGITS = SESSION_FIELDS.index("minor_digits")
TOTALS = [column.name for column in SESSION.c if column.name not in SESSION_FIELDS]

session_values = attrgetter(*COLUMNS[SESSION])
event_values = attrgetter(*COLUMNS[EVENT])
line_values = attrgetter(*LINE)


def session_row(session: CustomerSession) -> dict[str, Any]:
    """Return the columns of the session's own row, without its key."""
    return dict(zip(COLUMNS[SESSION], session_values(session), strict=True))


def event_row(event: SessionEvent) -> dict[str, Any]:
    """Return the columns of an event's row, without its key."""
    return dict(zip(COLUMNS[EVENT], event_values(event), strict=True))


def part_rows(session: CustomerSession) -> Mapping[Table, Sequence[Values]]:
    """Return the rows of everything that a session contains, without its key."""
    return {
        CART_ITEM: [(position, *line_values(line)) for position, line in enumerate(session.cart)],
        IDENTIFIER: list(enumerate(session.identifiers)),
        DISCOUNT: discount_rows(session),
        RETURN: [(each.version, each.created, each.amount) for each in session.returns],
        RETURNED_ITEM: [
            (each.version, item.position, item.quantity, item.amount) for each in session.returns for item in each.items
        ],
    }


def to_session(row: Values, parts: Mapping[Table, Iterable[Any]]) -> CustomerSession:
    """Return the session of a row that begins with ``SESSION_FIELDS``, and of the rows of its parts in key order."""
    return CustomerSession(
        **dict(zip(SESSION_FIELDS, row, strict=False)),
        cart=tuple(CartLine(**dict(zip(LINE, values, strict=True))) for _, *values in parts[CART_ITEM]),
        identifiers=tuple(identifier for _, identifier in parts[IDENTIFIER]),
        **to_discounts(parts[DISCOUNT], row[MINOR_DIGITS]),
        returns=to_returns(parts[RETURN], parts[RETURNED_ITEM]),
    )


def discount_rows(session: CustomerSession) -> Sequence[Values]:
    """Return the rows of a session's discounts, in the order of their labels.

    The shares of a single discount of the caller are those of the lines, and not stored again.
    """
    if not session.promotions and len(session.discounts) <= 1:
        return [(label, amount, None, None, None, None) for label, amount in session.discounts.items()]
    return [
        (each.label, each.amount, each.campaign_id, each.campaign_name, each.revision, shares_record(each))
        for each in allocated_discounts(session)
    ]


def to_discounts(rows: Iterable[Values], minor_digits: int) -> dict[str, Any]:
    """Return the fields ``discounts`` and ``promotions`` of a session."""
    discounts, promotions = {}, []
    for label, amount, campaign_id, campaign_name, revision, shares in rows:
        if campaign_name is None:
            discounts[label] = amount
            continue
        promotions.append(
            AllocatedDiscount(
                units=to_units(amount, minor_digits),
                shares=from_record(shares, minor_digits),
                minor_digits=minor_digits,
                label=label,
                source=DiscountSource.CAMPAIGN,
                campaign_id=campaign_id,
                campaign_name=campaign_name,
                revision=revision,
            )
        )
    return {"discounts": discounts, "promotions": tuple(promotions)}


def to_returns(returns: Iterable[Values], items: Iterable[Values]) -> tuple[SessionReturn, ...]:
    """Return the returns of one session in order, each with its items."""
    of_version: defaultdict[int, list[ReturnedItem]] = defaultdict(list)
    for version, position, quantity, amount in items:
        of_version[version].append(ReturnedItem(position, quantity, amount))
    return tuple(
        SessionReturn(version=version, created=created, items=tuple(of_version[version]), amount=amount)
        for version, created, amount in returns
    )
