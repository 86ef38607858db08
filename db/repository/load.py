"""A session out of its tables. The row is locked before its parts are read, so that all are of one moment."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, Table, bindparam, select

from db.domain import text
from db.domain.cart import CartLine, ReturnedItem
from db.domain.errors import Refused, SessionNotFound
from db.domain.session import MAX_ID, CustomerSession, SessionReturn
from db.repository.applications import settings
from db.repository.core import CART_ITEM, DISCOUNT, IDENTIFIER, RETURN, RETURNED_ITEM, SESSION
from db.statements import Statement

NAMED = (
    SESSION.c.application_id == bindparam("application_id"),
    SESSION.c.integration_id == bindparam("integration_id"),
)
ROW = Statement(
    select(*(SESSION.c[field.name] for field in fields(CustomerSession) if field.name in SESSION.c))
    .where(*NAMED)
    .with_for_update()
)
NUMBER = Statement(select(SESSION.c.id).where(*NAMED))
NAME = Statement(
    select(SESSION.c.integration_id).where(
        SESSION.c.application_id == bindparam("application_id"), SESSION.c.id == bindparam("session_id")
    )
)


def part(of: Table, *columns: str) -> Statement:
    """The statement that reads what one session has in a table, in order of its key."""
    return Statement(
        select(*(of.c[name] for name in columns))
        .where(of.c.application_id == bindparam("application_id"), of.c.session_id == bindparam("session_id"))
        .order_by(*of.primary_key)
    )


CART = part(CART_ITEM, *(field.name for field in fields(CartLine)))
IDENTIFIERS = part(IDENTIFIER, "identifier")
DISCOUNTS = part(DISCOUNT, "label", "amount")
RETURNS = part(RETURN, "version", "created", "amount")
RETURNED_ITEMS = part(RETURNED_ITEM, "version", "position", "quantity", "amount")


def find(connection: Connection, application_id: int, integration_id: str) -> CustomerSession | None:
    """The session, kept from others until the transaction ends; None where there is none.

    Raises Refused with InvalidInput where no session can have the integration ID.
    """
    names = names_of(application_id, integration_id)
    row = ROW.first(connection, names)
    if row is None:
        return None
    key = {"application_id": application_id, "session_id": row.id}
    cart = tuple(CartLine(**line._asdict()) for line in CART.rows(connection, key))
    return CustomerSession(
        **row._asdict(),
        cart=cart,
        identifiers=tuple(identifier for (identifier,) in IDENTIFIERS.rows(connection, key)),
        discounts=dict(DISCOUNTS.rows(connection, key)),
        returns=returns(connection, key) if any(line.returned_quantity for line in cart) else (),
    )


def take(connection: Connection, application_id: int, integration_id: str) -> CustomerSession:
    """The same; raises Refused with SessionNotFound, or with NotFound where there is not even the application."""
    session = find(connection, application_id, integration_id)
    if session is None:
        raise missing(connection, application_id, integration_id)
    return session


def number_of(connection: Connection, application_id: int, integration_id: str) -> int:
    """The id of the session, which is kept from nobody. Raises as ``take`` does."""
    found = NUMBER.first(connection, names_of(application_id, integration_id))
    if found is None:
        raise missing(connection, application_id, integration_id)
    number: int = found.id
    return number


def integration_id_of(connection: Connection, application_id: int, session_id: int) -> str | None:
    """The integration ID of a session by its number; None where there is none."""
    found = NAME.first(connection, {"application_id": application_id, "session_id": session_id})
    return found and found.integration_id


def names_of(application_id: int, integration_id: str) -> Mapping[str, Any]:
    """What a session is found by. Raises Refused with InvalidInput where no session can have the integration ID."""
    if found := [*text.problems(integration_id, ("integrationId",), least=1, most=MAX_ID)]:
        raise Refused(*found)
    return {"application_id": application_id, "integration_id": integration_id}


def missing(connection: Connection, application_id: int, integration_id: str) -> Refused:
    """The refusal where there is no such session. Raises Refused with NotFound where there is no such application."""
    settings(connection, application_id)
    return Refused(SessionNotFound(integration_id=integration_id))


def returns(connection: Connection, key: Mapping[str, Any]) -> tuple[SessionReturn, ...]:
    """The returns of one session, in the order in which they were made."""
    items: dict[int, list[ReturnedItem]] = {}
    for version, *item in RETURNED_ITEMS.rows(connection, key):
        items.setdefault(version, []).append(ReturnedItem(*item))
    return tuple(
        SessionReturn(**made._asdict(), items=tuple(items[made.version])) for made in RETURNS.rows(connection, key)
    )
