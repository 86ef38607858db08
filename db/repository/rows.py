"""What the rows of a session are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from decimal import Decimal
from typing import Any

from db.domain.cart import CartLine
from db.domain.events import SessionEvent
from db.domain.session import CustomerSession
from db.repository.core import EVENT, SESSION

OWN = [column.name for column in SESSION.c]  # each is an attribute of the session
LINE = [field.name for field in fields(CartLine)]
EVENT_FACTS = [column.name for column in EVENT.c if column.name not in ("application_id", "session_id", "id")]

Rows = list[dict[str, Any]]


def row(session: CustomerSession) -> dict[str, Any]:
    """The session's own row."""
    return {name: getattr(session, name) for name in OWN}


def changed(before: CustomerSession, after: CustomerSession) -> dict[str, Any]:
    """What is new in the session's own row."""
    old = row(before)
    return {name: value for name, value in row(after).items() if value != old[name]}


def facts(event: SessionEvent) -> dict[str, Any]:
    """What an event's row tells."""
    return {name: getattr(event, name) for name in EVENT_FACTS}


def line_rows(cart: Sequence[CartLine]) -> Rows:
    """The rows of a cart, without the session's key, as are those below."""
    return changed_lines((), cart)


def changed_lines(before: Sequence[CartLine], after: Sequence[CartLine]) -> Rows:
    """The rows of the lines that are new, or differ from the one in their place."""
    return [
        {"position": position, **{name: getattr(line, name) for name in LINE}}
        for position, line in enumerate(after)
        if position >= len(before) or line != before[position]
    ]


def identifier_rows(identifiers: Sequence[str]) -> Rows:
    """The rows of a session's identifiers."""
    return [{"position": position, "identifier": each} for position, each in enumerate(identifiers)]


def discount_rows(discounts: Mapping[str, Decimal]) -> Rows:
    """The rows of a session's discounts."""
    return [{"label": label, "amount": amount} for label, amount in discounts.items()]
