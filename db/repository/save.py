"""Store a session: only what has changed, with its event, in the caller's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update
from sqlalchemy.dialects import sqlite

from db.domain.events import EventType, SessionEvent, make_event
from db.domain.session import CustomerSession
from db.engine.errors import WriteConflict
from db.engine.statements import Statement, begin
from db.repository import single_statement
from db.repository.active_campaigns import forget_version
from db.repository.core import (
    APPLICATION,
    CART_ITEM,
    DISCOUNT,
    EVENT,
    IDENTIFIER,
    PROFILE,
    RETURN,
    RETURNED_ITEM,
    SESSION,
)
from db.repository.ids import next_on_sqlite
from db.repository.load import AT_VERSION, at_version, of_session, version_changed
from db.repository.mapper import COLUMNS, LINE, Values, event_row, part_rows, session_row
from db.repository.profiles import NO_SALES, added_sales, is_first_session, sales

Key = Mapping[str, Any]

STORED_VERSION = select(APPLICATION.c.campaigns_version).where(APPLICATION.c.application_id == bindparam("within"))
INSERT_SESSION = Statement(  # returns nothing where the integration ID is taken
    sqlite.insert(SESSION)
    .values(id=next_on_sqlite(SESSION))
    .on_conflict_do_nothing()
    .returning(SESSION.c.id, STORED_VERSION.scalar_subquery().label("campaigns_version"))
)
UPDATE_SESSION = Statement(update(SESSION).where(AT_VERSION).returning(SESSION.c.id))
ADD_SALES = Statement(
    update(PROFILE)
    .where(PROFILE.c.application_id == bindparam("of_application"), PROFILE.c.integration_id == bindparam("of_profile"))
    .values({name: PROFILE.c[name] + bindparam(f"added_{name}") for name in NO_SALES})
)
INSERT_EVENT = Statement(insert(EVENT).values(id=next_on_sqlite(EVENT)).inline())
LINES = sqlite.insert(CART_ITEM)
UPSERT_LINES = Statement(
    LINES.on_conflict_do_update(
        index_elements=CART_ITEM.primary_key.columns,
        set_={name: LINES.excluded[name] for name in LINE},
    )
)
DELETE_LINES = Statement(delete(CART_ITEM).where(of_session(CART_ITEM), CART_ITEM.c.position >= bindparam("length")))
DELETE = {table: Statement(delete(table).where(of_session(table))) for table in (IDENTIFIER, DISCOUNT)}
BESIDE_CART = (IDENTIFIER, DISCOUNT, RETURN, RETURNED_ITEM)
INSERT = {table: Statement(insert(table).inline()) for table in BESIDE_CART}


def insert_session(
    connection: Connection, session: CustomerSession, actor: str, campaigns_version: int | None
) -> int | None:
    """Store a new session with its event, and create its profile if it is missing. Return its id.

    ``first_session`` is decided here. Returns None where the integration ID is taken; raises WriteConflict, also where
    the application's campaigns are not at the version with which the session was evaluated.
    """
    if connection.dialect.name == "postgresql":
        event = make_event(EventType.CREATED, None, session, actor)
        return single_statement.insert_session(connection, session, event, campaigns_version)
    if not is_first_session(connection, session, session.created):
        session = replace(session, first_session=False)
    application_id = session.application_id
    row = {"application_id": application_id, "within": application_id, **session_row(session)}
    inserted = INSERT_SESSION.first(connection, row)
    if inserted is None:
        return None
    if inserted.campaigns_version != campaigns_version:
        forget_version(connection, application_id)
        raise WriteConflict(f"campaigns of application {application_id} were stored meanwhile")
    session_id: int = inserted.id
    if session.is_sale and session.profile_id is not None:
        add_sales(connection, session, sales(session))
    key = {"application_id": application_id, "session_id": session_id}
    rows = part_rows(session)
    upsert_lines(connection, key, rows[CART_ITEM])
    for table in (IDENTIFIER, DISCOUNT):
        insert_rows(connection, table, key, rows[table])
    insert_event(connection, key, make_event(EventType.CREATED, None, session, actor))
    return session_id


def save_session(
    connection: Connection,
    before: CustomerSession,
    after: CustomerSession,
    event: SessionEvent,
    campaigns_version: int | None = None,
) -> None:
    """Store what differs between two versions, with the event.

    Raises WriteConflict where ``before`` is out of date, or the application's campaigns are not at the version with
    which the session was evaluated.
    """
    key = {"application_id": after.application_id, "session_id": after.id}
    old, new = part_rows(before), part_rows(after)
    lines = changed_lines(old[CART_ITEM], new[CART_ITEM])
    added = added_sales(before, after)
    if connection.dialect.name == "postgresql":
        # The single statement stores neither other parts of the session nor the removal of lines.
        if any(new[table] != old[table] for table in BESIDE_CART) or len(after.cart) < len(before.cart):
            begin(connection)
        columns = changed_columns(before, after)
        single_statement.update_session(connection, before, columns, lines, added, event, campaigns_version)
    else:
        if not UPDATE_SESSION.rows(connection, {**changed_columns(before, after), **at_version(before)}):
            raise version_changed(before)
        if added:
            add_sales(connection, after, added)
        upsert_lines(connection, key, lines)
        insert_event(connection, key, event)
    if len(after.cart) < len(before.cart):
        DELETE_LINES.rows(connection, {**key, "length": len(after.cart)})
    for table in (IDENTIFIER, DISCOUNT):
        if new[table] != old[table]:
            if old[table]:
                DELETE[table].rows(connection, key)
            insert_rows(connection, table, key, new[table])
    for table in (RETURN, RETURNED_ITEM):
        insert_rows(connection, table, key, new[table][len(old[table]) :])


def add_sales(connection: Connection, session: CustomerSession, added: Mapping[str, int]) -> None:
    """Add to the sums of the session's profile."""
    names = {"of_application": session.application_id, "of_profile": session.profile_id}
    ADD_SALES.rows(connection, {**names, **{f"added_{name}": value for name, value in added.items()}})


def changed_columns(before: CustomerSession, after: CustomerSession) -> dict[str, Any]:
    """Return the columns of the session's own row that differ, with their new values."""
    old = session_row(before)
    return {name: value for name, value in session_row(after).items() if value != old[name]}


def changed_lines(before: Sequence[Values], after: Sequence[Values]) -> Sequence[Values]:
    """Return the rows of the cart that are new or differ. They are not replaced: returned items refer to them."""
    return [row for index, row in enumerate(after) if index >= len(before) or row != before[index]]


def upsert_lines(connection: Connection, key: Key, rows: Sequence[Values]) -> None:
    """Insert lines of the cart, or update those in their positions."""
    if rows:
        UPSERT_LINES.for_each(connection, with_key(CART_ITEM, key, rows))


def insert_rows(connection: Connection, table: Table, key: Key, rows: Sequence[Values]) -> None:
    """Insert rows of one of the session's parts."""
    if rows:
        INSERT[table].for_each(connection, with_key(table, key, rows))


def with_key(table: Table, key: Key, rows: Sequence[Values]) -> Sequence[Mapping[str, Any]]:
    """Return rows of a part with the names of their columns and the session's key."""
    return [{**key, **dict(zip(COLUMNS[table], row, strict=True))} for row in rows]


def insert_event(connection: Connection, key: Key, event: SessionEvent) -> None:
    """Append an event to the session's history, and so to the feed of its application."""
    INSERT_EVENT.rows(connection, {**key, "within": key["application_id"], **event_row(event)})
