"""A session into its tables: only what has changed, with the event that tells it, in the caller's transaction."""

from collections.abc import Mapping, Sequence, Sized
from dataclasses import fields
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, Text, and_, bindparam, cast, delete, func, insert, update

from db.domain.cart import CartLine
from db.domain.events import SessionEvent
from db.domain.session import CustomerSession, SessionReturn
from db.repository.core import (
    CART_ITEM,
    CHANNEL,
    DISCOUNT,
    EVENT,
    IDENTIFIER,
    RETURN,
    RETURNED_ITEM,
    SESSION,
    NextId,
    insert_in,
)
from db.statements import Statement

Key = Mapping[str, Any]
OWN = [column.name for column in SESSION.c]  # each is an attribute of the session
LINE = [field.name for field in fields(CartLine)]
EVENT_FACTS = [column.name for column in EVENT.c if column.name not in ("application_id", "session_id", "id")]


def of_session(table: Table) -> ColumnElement[bool]:
    """The rows of one session."""
    return and_(table.c.application_id == bindparam("application_id"), table.c.session_id == bindparam("session_id"))


# Statements are made once, which takes longer than to run them. In an UPDATE no parameter of the WHERE can have the
# name of a column.
CHANGE = Statement(
    update(SESSION)
    .where(
        SESSION.c.application_id == bindparam("of_application"),
        SESSION.c.id == bindparam("of_session"),
        SESSION.c.version == bindparam("of_version"),
    )
    .returning(SESSION.c.id)
)
CUT = Statement(delete(CART_ITEM).where(of_session(CART_ITEM), CART_ITEM.c.position >= bindparam("length")))
CLEAR = {table: Statement(delete(table).where(of_session(table))) for table in (IDENTIFIER, DISCOUNT)}
PUT = {table: Statement(insert(table).inline()) for table in (IDENTIFIER, DISCOUNT, RETURN, RETURNED_ITEM)}


@cache
def adding(dialect: str) -> Statement:
    """The INSERT of a session, which answers its id, or nothing where the integration ID is taken."""
    statement = insert_in(dialect, SESSION).values(id=NextId(SESSION))
    return Statement(statement.on_conflict_do_nothing().returning(SESSION.c.id))


@cache
def appending(dialect: str) -> Statement:
    """The INSERT of an event. On PostgreSQL listeners hear of it when the transaction commits."""
    statement = insert_in(dialect, EVENT).values(id=NextId(EVENT)).inline()
    if dialect != "postgresql":
        return Statement(statement)
    return Statement(statement.returning(func.pg_notify(CHANNEL, cast(EVENT.c.application_id, Text))))


@cache
def putting_line(dialect: str) -> Statement:
    """The INSERT of a line, or the UPDATE of the one in its place."""
    statement = insert_in(dialect, CART_ITEM)
    statement = statement.on_conflict_do_update(
        index_elements=CART_ITEM.primary_key.columns, set_={name: statement.excluded[name] for name in LINE}
    )
    return Statement(statement)


class LostUpdate(Exception):
    """A session moved on while this transaction held it: the lock makes it impossible, the version proves it."""


def add(connection: Connection, session: CustomerSession, event: SessionEvent) -> int | None:
    """Write a new session. Answers its id, or None where its integration ID is taken."""
    new = {**row(session), "within": session.application_id}
    del new["id"]  # the statement finds it
    made = adding(connection.dialect.name).first(connection, new)
    if made is None:
        return None
    number: int = made.id
    key = {"application_id": session.application_id, "session_id": number}
    put_lines(connection, key, (), session.cart)
    put_identifiers(connection, key, (), session.identifiers)
    put_discounts(connection, key, {}, session.discounts)
    append(connection, key, event)
    return number


def save(connection: Connection, before: CustomerSession, after: CustomerSession, event: SessionEvent) -> None:
    """Write what makes ``after`` out of ``before``. Raises LostUpdate."""
    old = row(before)
    changed = {name: value for name, value in row(after).items() if value != old[name]}
    unmoved = {"of_application": before.application_id, "of_session": before.id, "of_version": before.version}
    if not CHANGE.rows(connection, {**changed, **unmoved}):
        raise LostUpdate(f"session {before.id} of application {before.application_id} is past version {before.version}")
    key = {"application_id": after.application_id, "session_id": after.id}
    put_lines(connection, key, before.cart, after.cart)
    put_identifiers(connection, key, before.identifiers, after.identifiers)
    put_discounts(connection, key, before.discounts, after.discounts)
    append(connection, key, event)
    for made in after.returns[len(before.returns) :]:
        add_return(connection, key, made)


def row(session: CustomerSession) -> dict[str, Any]:
    """The session's own row; each column is an attribute of the session."""
    return {name: getattr(session, name) for name in OWN}


def put_lines(connection: Connection, key: Key, before: Sequence[CartLine], after: Sequence[CartLine]) -> None:
    """Write the lines that differ. A row stays where it is: returned units refer to it."""
    if before == after:
        return
    if len(after) < len(before):
        CUT.rows(connection, {**key, "length": len(after)})
    lines = [
        {**key, "position": position, **{name: getattr(line, name) for name in LINE}}
        for position, line in enumerate(after)
        if position >= len(before) or line != before[position]
    ]
    if lines:
        putting_line(connection.dialect.name).for_each(connection, lines)


def put_identifiers(connection: Connection, key: Key, before: Sequence[str], after: Sequence[str]) -> None:
    """Write all of them anew where they differ."""
    if before != after:
        identifiers = [{**key, "position": index, "identifier": each} for index, each in enumerate(after)]
        put_all(connection, IDENTIFIER, key, before, identifiers)


def put_discounts(
    connection: Connection, key: Key, before: Mapping[str, Decimal], after: Mapping[str, Decimal]
) -> None:
    """Write all of them anew where they differ."""
    if before != after:
        discounts = [{**key, "label": label, "amount": amount} for label, amount in after.items()]
        put_all(connection, DISCOUNT, key, before, discounts)


def put_all(connection: Connection, table: Table, key: Key, before: Sized, after: Sequence[Key]) -> None:
    """Write all of a short list anew."""
    if before:
        CLEAR[table].rows(connection, key)
    if after:
        PUT[table].for_each(connection, after)


def append(connection: Connection, key: Key, event: SessionEvent) -> None:
    """Add to the session's history, and to the feed of its application."""
    facts = {**key, **{name: getattr(event, name) for name in EVENT_FACTS}, "within": key["application_id"]}
    appending(connection.dialect.name).rows(connection, facts)


def add_return(connection: Connection, key: Key, made: SessionReturn) -> None:
    """Write one return and what went back."""
    key = {**key, "version": made.version}
    PUT[RETURN].rows(connection, {**key, "created": made.created, "amount": made.amount})
    items = [
        {**key, "position": item.position, "quantity": item.quantity, "amount": item.amount} for item in made.items
    ]
    PUT[RETURNED_ITEM].for_each(connection, items)
