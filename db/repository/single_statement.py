"""PostgreSQL: store a session, its lines and its event in one statement, to save round trips to the server.

Such a statement is a transaction by itself where none has begun. All its parts see the rows as they were before it.
"""

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Select,
    Table,
    bindparam,
    case,
    column,
    exists,
    func,
    literal_column,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from db.domain.events import SessionEvent
from db.domain.money import PLACES, to_units
from db.domain.session import CustomerSession
from db.engine import json
from db.engine.errors import WriteConflict
from db.engine.statements import AutocommitStatement, in_transaction
from db.repository.active_campaigns import forget_version
from db.repository.core import APPLICATION, CART_ITEM, DISCOUNT, EVENT, IDENTIFIER, PROFILE, SESSION
from db.repository.ids import next_of_sequence
from db.repository.load import AT_VERSION, at_version, version_changed
from db.repository.mapper import COLUMNS, LINE, Values, event_row, part_rows, session_row
from db.repository.profiles import IS_FIRST_SESSION, NO_SALES, insert_or_lock, lock_profile, new_profile, sales
from db.tables.columns import Amount, JsonText

PARTS = (CART_ITEM, IDENTIFIER, DISCOUNT)  # a new session has no returns
RETURNING = (SESSION.c.application_id, SESSION.c.id, SESSION.c.first_session)
AMOUNTS = {table: [name for name in COLUMNS[table] if isinstance(table.c[name].type, Amount)] for table in PARTS}
MAX_UPDATES = 256  # cached forms of the UPDATE, one for each set of columns that change together


def insert_session(
    connection: Connection, session: CustomerSession, event: SessionEvent, campaigns_version: int | None
) -> int | None:
    """Store a new session with its event, and create its profile if it is missing. Return its id.

    ``session`` and ``event`` say that it is its profile's first; the statement finds out whether it is. Returns None
    where the integration ID is taken. Raises WriteConflict where the application's campaigns are at another version, or
    another session of the profile was stored meanwhile; in a transaction that has begun, the lock of the profile
    prevents that.
    """
    parameters = {
        **session_row(session),
        "application_id": session.application_id,
        "id": session.id,
        **prefixed("event", event_row(event)),
        "changes_if_not_first": {**event.changes, "firstSession": False},
        "at_campaigns": campaigns_version,
    }
    if session.profile_id is not None:
        if in_transaction(connection):
            lock_profile(connection, session.application_id, session.profile_id, session.created)
        profile = {**new_profile(session.application_id, session.profile_id, session.created), **sales(session)}
        parameters |= prefixed("profile", profile)
    rows = part_rows(session)
    tables = tuple(table for table in PARTS if rows[table])
    parameters |= {table.name: to_json(table, rows[table]) for table in tables}
    inserted = inserting(session.profile_id is not None, tables).first(connection, parameters)
    if inserted.id is None and not inserted.taken:
        forget_version(connection, session.application_id)
        raise WriteConflict(f"campaigns or a session of profile {session.profile_id} were stored at the same time")
    session_id: int | None = inserted.id
    return session_id


def update_session(
    connection: Connection,
    before: CustomerSession,
    columns: Mapping[str, Any],
    lines: Sequence[Values],
    added_sales: Mapping[str, int] | None,
    event: SessionEvent,
    campaigns_version: int | None,
) -> None:
    """Store changed columns and lines of a session with the event, and add to the sums of its profile.

    Raises WriteConflict if ``before`` is outdated, or the application's campaigns are at another version.
    """
    # Without the prefix, SQLAlchemy would also set a column of the profile that has the name of a session's.
    parameters = {**prefixed("session", columns), **prefixed("event", event_row(event)), **at_version(before)}
    if lines:
        parameters[CART_ITEM.name] = to_json(CART_ITEM, lines)
    if added_sales:
        parameters |= prefixed("added", added_sales)
    parameters["at_campaigns"] = campaigns_version
    if not updating(tuple(columns), bool(lines), bool(added_sales)).rows(connection, parameters):
        forget_version(connection, before.application_id)
        raise version_changed(before)


def prefixed(prefix: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as parameters that differ from those of other tables."""
    return {f"{prefix}_{name}": value for name, value in row.items()}


def to_json(table: Table, rows: Sequence[Values]) -> str:
    """Return rows of a part as JSON for ``insert_part``, with amounts in the unit in which they are stored."""
    objects = [dict(zip(COLUMNS[table], row, strict=True)) for row in rows]
    for each in objects:
        each.update({name: to_units(each[name], PLACES) for name in AMOUNTS[table] if each[name] is not None})
    return json.dumps(objects)


@cache
def inserting(of_profile: bool, tables: Sequence[Table]) -> AutocommitStatement:
    """Return the statement of ``insert_session``: it returns the id, and whether the integration ID is taken."""
    same_name = exists().where(
        SESSION.c.application_id == parameter(SESSION, "application_id"),
        SESSION.c.integration_id == parameter(SESSION, "integration_id"),
    )
    taken = select(select(same_name.label("taken")).cte("existing")).scalar_subquery()
    free = ~taken & at_campaigns_version(parameter(SESSION, "application_id"))
    source = locked_profile(free) if of_profile else select(true().label("free")).where(free).cte("free")
    values = {name: parameter(SESSION, name) for name in ("application_id", *COLUMNS[SESSION])}
    values |= {"id": next_of_sequence(SESSION), "first_session": IS_FIRST_SESSION if of_profile else true()}
    new = select(*values.values()).select_from(source)
    inserted = insert(SESSION).from_select(list(values), new).returning(*RETURNING).cte("inserted")
    changes = case(
        (inserted.c.first_session, parameter(EVENT, "changes", "event_changes")),
        else_=parameter(EVENT, "changes", "changes_if_not_first"),
    )
    parts = [insert_part(table, inserted).cte(f"{table.name}_inserted") for table in tables]
    answer = select(select(inserted.c.id).scalar_subquery().label("id"), taken.label("taken"))
    return AutocommitStatement(answer.add_cte(*parts, insert_event(inserted, changes)))


def locked_profile(free: ColumnElement[bool]) -> CTE:
    """Return the CTE that locks the profile, and creates it if it is missing, if the session can be stored.

    It is empty where another session of the profile was stored since the statement began, since the statement cannot
    see that session. Storing one updates the profile's row, which changes its xmin.
    """
    key = {name: parameter(PROFILE, name, f"profile_{name}") for name in ("application_id", "integration_id")}
    read = PROFILE.alias("read")
    xmin_read = (
        select(literal_column("read.xmin")).select_from(read).where(*(read.c[name] == key[name] for name in key))
    ).scalar_subquery()
    application = (  # locked before the profile, as an import does: in another order each could wait for the other
        select(APPLICATION.c.application_id)
        .where(APPLICATION.c.application_id == key["application_id"])
        .with_for_update(read=True, key_share=True)
        .cte("locked_application")
    )
    values = {name: parameter(PROFILE, name, f"profile_{name}") for name in PROFILE.c.keys()}  # noqa: SIM118
    values["application_id"] = application.c.application_id
    statement = insert(PROFILE).from_select(list(values), select(*values.values()).where(free))
    locked = insert_or_lock(statement, literal_column(f"{PROFILE.name}.xmin") == xmin_read)
    return locked.returning(PROFILE.c.application_id).cte("locked_profile")


@lru_cache(maxsize=MAX_UPDATES)
def updating(columns: Sequence[str], lines: bool, sales: bool) -> AutocommitStatement:
    """Return the statement of ``update_session``. It returns nothing where the session is at another version."""
    updated = (
        update(SESSION)
        .where(AT_VERSION, at_campaigns_version(bindparam("at_application", type_=SESSION.c.application_id.type)))
        .values({name: parameter(SESSION, name, f"session_{name}") for name in columns})
        .returning(*RETURNING, SESSION.c.profile_id)
        .cte("updated_session")
    )
    parts = [insert_event(updated, parameter(EVENT, "changes", "event_changes"))]
    if sales:  # reads the updated session, so that its row is locked before that of the profile
        row = PROFILE.c.application_id == updated.c.application_id, PROFILE.c.integration_id == updated.c.profile_id
        sums = {name: PROFILE.c[name] + parameter(PROFILE, name, f"added_{name}") for name in NO_SALES}
        statement = update(PROFILE).where(*row).values(sums)
        parts.append(statement.returning(PROFILE.c.application_id).cte("updated_profile"))
    if lines:
        statement = insert_part(CART_ITEM, updated)
        new = {name: statement.excluded[name] for name in LINE}
        upsert = statement.on_conflict_do_update(index_elements=CART_ITEM.primary_key.columns, set_=new)
        parts.append(upsert.cte("upserted_lines"))
    return AutocommitStatement(select(updated.c.id).add_cte(*parts))


def at_campaigns_version(application_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that the campaigns of the application are at a version; null stands for any."""
    wanted = bindparam("at_campaigns", type_=APPLICATION.c.campaigns_version.type)
    stored = select(APPLICATION.c.campaigns_version).where(APPLICATION.c.application_id == application_id)
    return or_(wanted.is_(None), stored.scalar_subquery() == wanted)


def insert_part(table: Table, session: CTE) -> Any:
    """Return the INSERT of a part's rows, for the session that the same statement stores."""
    columns = [column(name, table.c[name].type) for name in COLUMNS[table]]
    rows = func.json_to_recordset(bindparam(table.name, type_=JsonText())).table_valued(*columns)
    new: Select[Any] = select(session.c.application_id, session.c.id, *rows.render_derived(with_types=True).c)
    return insert(table).from_select(["application_id", "session_id", *COLUMNS[table]], new)


def insert_event(session: CTE, changes: ColumnElement[Any]) -> CTE:
    """Return the INSERT of the event. Its id is assigned after the transaction has written the session's row."""
    values: dict[str, Any] = {name: parameter(EVENT, name, f"event_{name}") for name in COLUMNS[EVENT]}
    values |= {
        "application_id": session.c.application_id,
        "session_id": session.c.id,
        "id": next_of_sequence(EVENT),
        "changes": changes,
    }
    return insert(EVENT).from_select(list(values), select(*values.values())).returning(EVENT.c.id).cte("inserted_event")


def parameter(table: Table, name: str, called: str | None = None) -> Any:
    """Return a parameter of a column's type."""
    return bindparam(called or name, type_=table.c[name].type)
