"""What the rows of a session are made of, and by what they are known."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, bindparam

from db.domain.cart import CartLine
from db.domain.events import SessionEvent
from db.domain.session import CustomerSession
from db.engine.errors import WriteConflict
from db.repository.core import CART_ITEM, DISCOUNT, EVENT, IDENTIFIER, RETURN, RETURNED_ITEM, SESSION

OWN = [column.name for column in SESSION.c]  # each is an attribute of the session
KEPT = [field.name for field in fields(CustomerSession) if field.name in OWN]  # the others follow from its parts
LINE = [field.name for field in fields(CartLine)]
EVENT_FACTS = [column.name for column in EVENT.c if column.name not in ("application_id", "session_id", "id")]

PARTS: Mapping[Table, Sequence[str]] = {  # what is read of each
    CART_ITEM: LINE,
    IDENTIFIER: ("identifier",),
    DISCOUNT: ("label", "amount"),
    RETURN: ("version", "created", "amount"),
    RETURNED_ITEM: ("version", "position", "quantity", "amount"),
}

# In an UPDATE no parameter of the WHERE can have the name of a column.
UNMOVED = and_(
    SESSION.c.application_id == bindparam("of_application"),
    SESSION.c.id == bindparam("of_session"),
    SESSION.c.version == bindparam("of_version"),
)
ITS_ID: ColumnElement[Any] = bindparam("session_id")

Rows = list[dict[str, Any]]


def of_session(table: Table, session_id: ColumnElement[Any] = ITS_ID) -> ColumnElement[bool]:
    """The rows of one session."""
    return and_(table.c.application_id == bindparam("application_id"), table.c.session_id == session_id)


def unmoved(session: CustomerSession) -> dict[str, Any]:
    """The parameters of UNMOVED: the session at its version."""
    return {"of_application": session.application_id, "of_session": session.id, "of_version": session.version}


def moved_on(session: CustomerSession) -> WriteConflict:
    """What is raised where it is no longer at that version."""
    return WriteConflict(
        f"session {session.id} of application {session.application_id} is past version {session.version}"
    )


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


def changed_lines(before: Sequence[CartLine], after: Sequence[CartLine]) -> Rows:
    """The lines that are new, or differ from the one in their place. None has the session's key, nor those below."""
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
