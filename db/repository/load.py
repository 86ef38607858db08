"""A session out of its tables, all of one moment: by one statement, or its row is locked before its parts are read."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, bindparam, func, select

from db.domain import text
from db.domain.cart import CartLine, ReturnedItem
from db.domain.errors import Refused, SessionNotFound
from db.domain.session import CustomerSession, SessionReturn
from db.engine.statements import AutocommitStatement, Statement, in_transaction
from db.repository.applications import settings
from db.repository.core import CART_ITEM, DISCOUNT, IDENTIFIER, RETURN, RETURNED_ITEM, SESSION
from db.repository.rows import KEPT, PARTS, UNMOVED, moved_on, of_session, unmoved

NAMED = (
    SESSION.c.application_id == bindparam("application_id"),
    SESSION.c.integration_id == bindparam("integration_id"),
)
FOUND = select(*(SESSION.c[name] for name in KEPT)).where(*NAMED)
ROW = Statement(FOUND.with_for_update())
NUMBER = Statement(select(SESSION.c.id).where(*NAMED))
STILL_THERE = Statement(select(SESSION.c.id).where(UNMOVED).with_for_update())
NAME = Statement(
    select(SESSION.c.integration_id).where(
        SESSION.c.application_id == bindparam("application_id"), SESSION.c.id == bindparam("session_id")
    )
)
PART = {
    table: Statement(select(*(table.c[name] for name in columns)).where(of_session(table)).order_by(*table.primary_key))
    for table, columns in PARTS.items()
}


def within_row(table: Table, columns: Sequence[str]) -> ColumnElement[Any]:
    """A part as an array of PostgreSQL's, beside the session's own row."""
    rows = (
        select(func.row(*(table.c[name] for name in columns)))
        .where(of_session(table, SESSION.c.id))
        .order_by(*table.primary_key)
        .correlate(SESSION)
    )
    return func.array(rows.scalar_subquery()).label(table.name)


WHOLE = AutocommitStatement(FOUND.add_columns(*(within_row(table, columns) for table, columns in PARTS.items())))


def find(connection: Connection, application_id: int, integration_id: str) -> CustomerSession | None:
    """The session, kept from others until the transaction ends, where one has begun; None where there is none.

    Raises Refused with InvalidInput where no session can have the integration ID.
    """
    names = names_of(application_id, integration_id)
    row = (ROW if in_transaction(connection) else WHOLE).first(connection, names)
    if row is None:
        return None
    key = {"application_id": application_id, "session_id": row.id}

    def part(table: Table) -> list[Any]:
        there = getattr(row, table.name, None)
        return PART[table].rows(connection, key) if there is None else PART[table].read(connection, key, there)

    cart = tuple(CartLine(**line._asdict()) for line in part(CART_ITEM))
    return CustomerSession(
        **{name: getattr(row, name) for name in KEPT},
        cart=cart,
        identifiers=tuple(identifier for (identifier,) in part(IDENTIFIER)),
        discounts=dict(part(DISCOUNT)),
        returns=returns(part(RETURN), part(RETURNED_ITEM)) if any(line.returned_quantity for line in cart) else (),
    )


def take(connection: Connection, application_id: int, integration_id: str) -> CustomerSession:
    """The same; raises Refused with SessionNotFound, or with NotFound where there is not even the application."""
    session = find(connection, application_id, integration_id)
    if session is None:
        raise missing(connection, application_id, integration_id)
    return session


def keep(connection: Connection, session: CustomerSession) -> None:
    """Keep a session that was found from others until the transaction ends. Raises WriteConflict where it has moved on.

    Whoever locks more than the session locks it before all else: in another order two would wait for each other.
    """
    if in_transaction(connection):
        return
    if STILL_THERE.first(connection, unmoved(session)) is None:
        raise moved_on(session)


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
    if found := text.key_problems(integration_id, ("integrationId",)):
        raise Refused(*found)
    return {"application_id": application_id, "integration_id": integration_id}


def missing(connection: Connection, application_id: int, integration_id: str) -> Refused:
    """The refusal where there is no such session. Raises Refused with NotFound where there is no such application."""
    settings(connection, application_id)
    return Refused(SessionNotFound(integration_id=integration_id))


def returns(made: Iterable[Any], items: Iterable[Any]) -> tuple[SessionReturn, ...]:
    """The returns of one session, in the order in which they were made."""
    of_version: dict[int, list[ReturnedItem]] = {}
    for version, *item in items:
        of_version.setdefault(version, []).append(ReturnedItem(*item))
    return tuple(SessionReturn(**each._asdict(), items=tuple(of_version[each.version])) for each in made)
