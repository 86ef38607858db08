"""A session into its tables: only what has changed, with the event that tells it, in the caller's transaction."""

from collections.abc import Mapping, Sequence, Sized
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, insert, update
from sqlalchemy.dialects import sqlite

from db.domain.cart import CartLine
from db.domain.events import EventType, SessionEvent, make_event
from db.domain.session import CustomerSession, SessionReturn
from db.engine.statements import Statement, begin
from db.repository import single_statement as at_once
from db.repository.core import (
    CART_ITEM,
    DISCOUNT,
    EVENT,
    IDENTIFIER,
    RETURN,
    RETURNED_ITEM,
    SESSION,
    NextId,
)
from db.repository.profiles import is_first
from db.repository.rows import (
    LINE,
    UNMOVED,
    changed,
    changed_lines,
    discount_rows,
    facts,
    identifier_rows,
    moved_on,
    of_session,
    row,
    unmoved,
)

Key = Mapping[str, Any]


# Statements are made once, which takes longer than to run them.
CHANGE = Statement(update(SESSION).where(UNMOVED).returning(SESSION.c.id))
CUT = Statement(delete(CART_ITEM).where(of_session(CART_ITEM), CART_ITEM.c.position >= bindparam("length")))
CLEAR = {table: Statement(delete(table).where(of_session(table))) for table in (IDENTIFIER, DISCOUNT)}
PUT = {table: Statement(insert(table).inline()) for table in (IDENTIFIER, DISCOUNT, RETURN, RETURNED_ITEM)}
ADD = Statement(  # answers nothing where the integration ID is taken
    sqlite.insert(SESSION).values(id=NextId(SESSION)).on_conflict_do_nothing().returning(SESSION.c.id)
)
APPEND = Statement(insert(EVENT).values(id=NextId(EVENT)).inline())
PUT_LINE = sqlite.insert(CART_ITEM)
PUT_LINES = Statement(
    PUT_LINE.on_conflict_do_update(
        index_elements=CART_ITEM.primary_key.columns, set_={name: PUT_LINE.excluded[name] for name in LINE}
    )
)


def add(connection: Connection, session: CustomerSession, actor: str) -> int | None:
    """Write a new session with its event, and its profile where that is not known.

    Whether it is its profile's first is found out on the way. Answers its id, or None where its integration ID is
    taken. Raises WriteConflict.
    """
    if connection.dialect.name == "postgresql":
        return at_once.add(connection, session, make_event(EventType.CREATED, None, session, actor))
    if not is_first(connection, session, session.created):
        session = replace(session, first_session=False)
    new = {**row(session), "within": session.application_id}
    del new["id"]  # the statement finds it
    made = ADD.first(connection, new)
    if made is None:
        return None
    number: int = made.id
    key = {"application_id": session.application_id, "session_id": number}
    put_lines(connection, key, (), session.cart)
    put_identifiers(connection, key, (), session.identifiers)
    put_discounts(connection, key, {}, session.discounts)
    append(connection, key, make_event(EventType.CREATED, None, session, actor))
    return number


def save(connection: Connection, before: CustomerSession, after: CustomerSession, made: SessionEvent) -> None:
    """Write what makes ``after`` out of ``before``, with the event. Raises WriteConflict where it has moved on."""
    key = {"application_id": after.application_id, "session_id": after.id}
    if connection.dialect.name == "postgresql":
        if not at_once.suffices(before, after):
            begin(connection)
        at_once.save(connection, before, after, made)
        cut_lines(connection, key, before.cart, after.cart)
    else:
        change(connection, before, after)
        put_lines(connection, key, before.cart, after.cart)
        append(connection, key, made)
    put_identifiers(connection, key, before.identifiers, after.identifiers)
    put_discounts(connection, key, before.discounts, after.discounts)
    for each in after.returns[len(before.returns) :]:
        add_return(connection, key, each)


def change(connection: Connection, before: CustomerSession, after: CustomerSession) -> None:
    """Write what is new in the session's own row. Raises WriteConflict."""
    if not CHANGE.rows(connection, {**changed(before, after), **unmoved(before)}):
        raise moved_on(before)


def put_lines(connection: Connection, key: Key, before: Sequence[CartLine], after: Sequence[CartLine]) -> None:
    """Write the lines that differ. A row stays where it is: returned units refer to it."""
    cut_lines(connection, key, before, after)
    if lines := changed_lines(before, after):
        PUT_LINES.for_each(connection, [{**key, **line} for line in lines])


def cut_lines(connection: Connection, key: Key, before: Sequence[CartLine], after: Sequence[CartLine]) -> None:
    """Remove the lines behind the last one."""
    if len(after) < len(before):
        CUT.rows(connection, {**key, "length": len(after)})


def put_identifiers(connection: Connection, key: Key, before: Sequence[str], after: Sequence[str]) -> None:
    """Write all of them anew where they differ."""
    if before != after:
        put_all(connection, IDENTIFIER, key, before, identifier_rows(after))


def put_discounts(
    connection: Connection, key: Key, before: Mapping[str, Decimal], after: Mapping[str, Decimal]
) -> None:
    """Write all of them anew where they differ."""
    if before != after:
        put_all(connection, DISCOUNT, key, before, discount_rows(after))


def put_all(connection: Connection, table: Table, key: Key, before: Sized, after: Sequence[Key]) -> None:
    """Write all of a short list anew."""
    if before:
        CLEAR[table].rows(connection, key)
    if after:
        PUT[table].for_each(connection, [{**key, **each} for each in after])


def append(connection: Connection, key: Key, made: SessionEvent) -> None:
    """Add to the session's history, and to the feed of its application."""
    APPEND.rows(connection, {**key, **facts(made), "within": key["application_id"]})


def add_return(connection: Connection, key: Key, made: SessionReturn) -> None:
    """Write one return and what went back."""
    key = {**key, "version": made.version}
    PUT[RETURN].rows(connection, {**key, "created": made.created, "amount": made.amount})
    items = [
        {**key, "position": item.position, "quantity": item.quantity, "amount": item.amount} for item in made.items
    ]
    PUT[RETURNED_ITEM].for_each(connection, items)
