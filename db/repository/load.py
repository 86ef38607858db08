"""Load one session consistently: in one statement, or under a lock of its row."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, bindparam, func, select

from db.domain import text
from db.domain.errors import Refused, SessionNotFound
from db.domain.session import CustomerSession
from db.engine.errors import WriteConflict
from db.engine.statements import AutocommitStatement, Statement, in_transaction
from db.repository.active_campaigns import note_version
from db.repository.applications import load_rules
from db.repository.core import APPLICATION, CART_ITEM, RETURN, RETURNED_ITEM, SESSION
from db.repository.mapper import COLUMNS, PARTS, SESSION_FIELDS, to_session

SESSION_ID: ColumnElement[Any] = bindparam("session_id")


def of_session(table: Table, session_id: ColumnElement[Any] = SESSION_ID) -> ColumnElement[bool]:
    """Return the condition that a part's row belongs to one session."""
    return and_(table.c.application_id == bindparam("application_id"), table.c.session_id == session_id)


def select_part(table: Table) -> Statement:
    """Return the statement that reads one part of a session, in the order of its key."""
    columns = [table.c[name] for name in COLUMNS[table]]
    return Statement(select(*columns).where(of_session(table)).order_by(*table.primary_key))


def part_as_array(table: Table) -> ColumnElement[Any]:
    """Return one part of a session as an array of rows, to be read beside the session's own row on PostgreSQL."""
    rows = (
        select(func.row(*(table.c[name] for name in COLUMNS[table])))
        .where(of_session(table, SESSION.c.id))
        .order_by(*table.primary_key)
        .correlate(SESSION)
    )
    return func.array(rows.scalar_subquery()).label(table.name)


BY_NAME = (
    SESSION.c.application_id == bindparam("application_id"),
    SESSION.c.integration_id == bindparam("integration_id"),
)
# In an UPDATE no parameter of the WHERE can have the name of a column.
AT_VERSION = and_(
    SESSION.c.application_id == bindparam("at_application"),
    SESSION.c.id == bindparam("at_session"),
    SESSION.c.version == bindparam("at_version"),
)
CAMPAIGNS_VERSION = (
    select(APPLICATION.c.campaigns_version)
    .where(APPLICATION.c.application_id == bindparam("application_id"))
    .scalar_subquery()
    .label("campaigns_version")
)
SELECT_SESSION = select(*(SESSION.c[name] for name in SESSION_FIELDS), CAMPAIGNS_VERSION).where(*BY_NAME)
SELECT_UNLOCKED = AutocommitStatement(SELECT_SESSION)
SELECT_LOCKED = Statement(SELECT_SESSION.with_for_update())
SELECT_WITH_PARTS = AutocommitStatement(SELECT_SESSION.add_columns(*map(part_as_array, PARTS)))
SELECT_PART = {table: select_part(table) for table in PARTS}
LOCK_AT_VERSION = Statement(select(SESSION.c.id).where(AT_VERSION).with_for_update())
SELECT_ID = Statement(select(SESSION.c.id).where(*BY_NAME))
SELECT_INTEGRATION_ID = Statement(
    select(SESSION.c.integration_id).where(
        SESSION.c.application_id == bindparam("application_id"), SESSION.c.id == bindparam("session_id")
    )
)


def find_session(connection: Connection, application_id: int, integration_id: str) -> CustomerSession | None:
    """Return the session, or None where there is none. It is locked until the transaction ends, if one has begun.

    Raises Refused with InvalidInput for an invalid integration ID.
    """
    names = session_name(application_id, integration_id)
    row = (SELECT_LOCKED if in_transaction(connection) else SELECT_WITH_PARTS).first(connection, names)
    if row is None:
        return None
    note_version(connection, application_id, row.campaigns_version)
    return with_parts(connection, application_id, row)


def read_session(connection: Connection, application_id: int, integration_id: str) -> CustomerSession | None:
    """Return the session, or None where there is none, in a transaction that only reads. Raises as ``find_session``."""
    row = SELECT_UNLOCKED.first(connection, session_name(application_id, integration_id))
    return None if row is None else with_parts(connection, application_id, row)


def with_parts(connection: Connection, application_id: int, row: Any) -> CustomerSession:
    """Return the session of a row. Its parts are read, unless the row has them."""
    key = {"application_id": application_id, "session_id": row.id}

    def part(table: Table) -> Sequence[Any]:
        array = getattr(row, table.name, None)
        statement = SELECT_PART[table]
        return statement.rows(connection, key) if array is None else statement.read(connection, key, array)

    parts = {table: part(table) for table in PARTS if table not in (RETURN, RETURNED_ITEM)}
    returned = any(line.returned_quantity for line in parts[CART_ITEM])
    parts |= {table: part(table) if returned else () for table in (RETURN, RETURNED_ITEM)}
    return to_session(row, parts)


def load_session(connection: Connection, application_id: int, integration_id: str) -> CustomerSession:
    """Return the session, locked as by ``find_session``.

    Raises Refused with SessionNotFound, or with NotFound for an unknown application.
    """
    session = find_session(connection, application_id, integration_id)
    if session is None:
        raise not_found(connection, application_id, integration_id)
    return session


def lock_session(connection: Connection, session: CustomerSession) -> None:
    """Lock a loaded session until the transaction ends. Raises WriteConflict where it has changed since.

    The session is locked before any other row: in another order two transactions could wait for each other.
    """
    if in_transaction(connection):
        return
    if LOCK_AT_VERSION.first(connection, at_version(session)) is None:
        raise version_changed(session)


def load_session_id(connection: Connection, application_id: int, integration_id: str) -> int:
    """Return the id of the session without a lock. Raises as ``load_session`` does."""
    row = SELECT_ID.first(connection, session_name(application_id, integration_id))
    if row is None:
        raise not_found(connection, application_id, integration_id)
    session_id: int = row.id
    return session_id


def find_integration_id(connection: Connection, application_id: int, session_id: int) -> str | None:
    """Return the integration ID of the session with this id, or None where there is none."""
    row = SELECT_INTEGRATION_ID.first(connection, {"application_id": application_id, "session_id": session_id})
    return row and row.integration_id


def session_name(application_id: int, integration_id: str) -> Mapping[str, Any]:
    """Return the parameters that name a session. Raises Refused with InvalidInput for an invalid integration ID."""
    if found := text.key_problems(integration_id, ("integrationId",)):
        raise Refused(*found)
    return {"application_id": application_id, "integration_id": integration_id}


def not_found(connection: Connection, application_id: int, integration_id: str) -> Refused:
    """Return the refusal for a missing session. Raises Refused with NotFound for an unknown application."""
    load_rules(connection, application_id)
    return Refused(SessionNotFound(integration_id=integration_id))


def at_version(session: CustomerSession) -> dict[str, Any]:
    """Return the parameters of AT_VERSION."""
    return {"at_application": session.application_id, "at_session": session.id, "at_version": session.version}


def version_changed(session: CustomerSession) -> WriteConflict:
    """Return the error for a session that is no longer at its version."""
    return WriteConflict(
        f"session {session.id} of application {session.application_id} is past version {session.version}"
    )
