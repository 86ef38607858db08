"""PostgreSQL: the rows of a change with one statement. Each way to the server takes longer than most statements do.

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
from db.repository.core import APPLICATION, CART_ITEM, DISCOUNT, EVENT, IDENTIFIER, PROFILE, SESSION, NextId
from db.repository.profiles import hold
from db.repository.rows import (
    EVENT_FACTS,
    LINE,
    OWN,
    UNMOVED,
    changed,
    changed_lines,
    discount_rows,
    facts,
    identifier_rows,
    moved_on,
    row,
    unmoved,
)
from db.tables.columns import Amount, PlainJson

COLUMNS: Mapping[Table, Sequence[str]] = {
    CART_ITEM: ("position", *LINE),
    IDENTIFIER: ("position", "identifier"),
    DISCOUNT: ("label", "amount"),
}
WRITTEN = (SESSION.c.application_id, SESSION.c.id, SESSION.c.first_session)
FORMS = 256  # of the statement that changes a session: one for each set of columns that change together


def add(connection: Connection, session: CustomerSession, event: SessionEvent) -> int | None:
    """Write a new session with its event, and its profile where that is not known.

    Both take the session for its profile's first; whether it is, is found out on the way. Answers its id, or None where
    its integration ID is taken. Raises WriteConflict where another session of the profile came between, which none can
    where a transaction has begun.
    """
    if session.profile_id is not None and in_transaction(connection):
        hold(connection, session.application_id, session.profile_id, session.created)
    parts = {
        CART_ITEM: changed_lines((), session.cart),
        IDENTIFIER: identifier_rows(session.identifiers),
        DISCOUNT: discount_rows(session.discounts),
    }
    filled = tuple(table for table, rows in parts.items() if rows)
    parameters = {
        **row(session),
        **told(event),
        "changes_of_another": {**event.changes, "firstSession": False},
        **{table.name: printed(table, parts[table]) for table in filled},
    }
    made = adding(session.profile_id is not None, filled).first(connection, parameters)
    if made.id is None and not made.taken:
        raise WriteConflict(f"another session of profile {session.profile_id} came between")
    number: int | None = made.id
    return number


def save(connection: Connection, before: CustomerSession, after: CustomerSession, event: SessionEvent) -> None:
    """Write what differs in the session's row and its lines, with the event. Raises WriteConflict."""
    new, lines = changed(before, after), changed_lines(before.cart, after.cart)
    parameters = {**new, **told(event), **unmoved(before)}
    if lines:
        parameters[CART_ITEM.name] = printed(CART_ITEM, lines)
    if not changing(tuple(new), bool(lines)).rows(connection, parameters):
        raise moved_on(before)


def suffices(before: CustomerSession, after: CustomerSession) -> bool:
    """Whether there is nothing to write but what ``save`` writes."""
    return (
        len(before.cart) <= len(after.cart)
        and before.identifiers == after.identifiers
        and before.discounts == after.discounts
        and before.returns == after.returns
    )


def told(event: SessionEvent) -> dict[str, Any]:
    """The parameters of an event."""
    return {f"event_{name}": value for name, value in facts(event).items()}


def printed(table: Table, rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows of a part as JSON, amounts as they are kept."""
    amounts = [name for name in COLUMNS[table] if isinstance(table.c[name].type, Amount)]
    return json.dumps([{**each, **{name: units(each[name]) for name in amounts}} for each in rows])


def units(amount: Any) -> int | None:
    """An amount as it is kept."""
    return None if amount is None else to_units(amount, PLACES)


@cache
def adding(of_profile: bool, tables: Sequence[Table]) -> AutocommitStatement:
    """The statement of ``add``; it answers the id, if any, and whether the integration ID is taken."""
    there = exists().where(
        SESSION.c.application_id == given(SESSION, "application_id"),
        SESSION.c.integration_id == given(SESSION, "integration_id"),
    )
    taken = select(select(there.label("taken")).cte("there")).scalar_subquery()
    held = holding(taken) if of_profile else select(true().label("held")).where(~taken).cte("held")
    values = {name: given(SESSION, name) for name in OWN}
    values |= {"id": NextId(SESSION), "first_session": is_first() if of_profile else true()}
    new = select(*values.values()).select_from(held)
    made = insert(SESSION).from_select(list(values), new).returning(*WRITTEN).cte("made")
    changes = case(
        (made.c.first_session, given(EVENT, "changes", "event_changes")),
        else_=given(EVENT, "changes", "changes_of_another"),
    )
    parts = [part(table, made).cte(f"{table.name}_added") for table in tables]
    answer = select(select(made.c.id).scalar_subquery().label("id"), taken.label("taken"))
    return AutocommitStatement(answer.add_cte(*parts, appending(made, changes)))


def holding(taken: ColumnElement[Any]) -> CTE:
    """The profile, made where it is not known, and kept from others.

    There is none where another session of it was written since this statement began, which does not see that session:
    whoever writes one writes its profile's row anew.
    """
    seen = PROFILE.alias("seen")
    key = (seen.c.application_id == given(PROFILE, "application_id"), seen.c.integration_id == of_profile())
    unmoved = (
        literal_column(f"{PROFILE.name}.xmin")
        == select(literal_column("seen.xmin")).select_from(seen).where(*key).scalar_subquery()
    )
    created = given(SESSION, "created")
    shared = (  # before the profile, as an import takes both: in another order each would wait for the other
        select(APPLICATION.c.application_id)
        .where(APPLICATION.c.application_id == given(PROFILE, "application_id"))
        .with_for_update(read=True, key_share=True)
        .cte("shared")
    )
    new = select(shared.c.application_id, of_profile(), created, created, literal_column("'{}'::jsonb"))
    statement = insert(PROFILE).from_select(
        ["application_id", "integration_id", "created", "updated", "attributes"], new.where(~taken)
    )
    return (
        statement.on_conflict_do_update(
            constraint=f"pk_{PROFILE.name}", set_={"updated": PROFILE.c.updated}, where=unmoved
        )
        .returning(PROFILE.c.application_id)
        .cte("held")
    )


def is_first() -> ColumnElement[bool]:
    """Whether the profile has no session yet."""
    return ~exists().where(
        SESSION.c.application_id == given(SESSION, "application_id"), SESSION.c.profile_id == of_profile()
    )


@lru_cache(maxsize=FORMS)
def changing(columns: Sequence[str], lines: bool) -> AutocommitStatement:
    """The statement of ``save``; it answers nothing where the session has moved on."""
    moved = (
        update(SESSION)
        .where(UNMOVED)
        .values({name: given(SESSION, name) for name in columns})
        .returning(*WRITTEN)
        .cte("moved")
    )
    parts = [appending(moved, given(EVENT, "changes", "event_changes"))]
    if lines:
        put: Any = part(CART_ITEM, moved)
        new = {name: put.excluded[name] for name in LINE}
        parts.append(put.on_conflict_do_update(index_elements=CART_ITEM.primary_key.columns, set_=new).cte("put"))
    return AutocommitStatement(select(moved.c.id).add_cte(*parts))


def part(table: Table, of: CTE) -> Any:
    """The INSERT of a part's rows, for a session that is written in the same statement."""
    columns = [column(name, table.c[name].type) for name in COLUMNS[table]]
    rows = func.json_to_recordset(bindparam(table.name, type_=PlainJson())).table_valued(*columns)
    new: Select[Any] = select(of.c.application_id, of.c.id, *rows.render_derived(with_types=True).c)
    return insert(table).from_select(["application_id", "session_id", *COLUMNS[table]], new)


def appending(of: CTE, changes: ColumnElement[Any]) -> CTE:
    """The INSERT of the event. Its id is given to a transaction that has written the session's row before."""
    values: dict[str, Any] = {name: given(EVENT, name, f"event_{name}") for name in EVENT_FACTS}
    values |= {"application_id": of.c.application_id, "session_id": of.c.id, "id": NextId(EVENT), "changes": changes}
    return insert(EVENT).from_select(list(values), select(*values.values())).returning(EVENT.c.id).cte("appended")


def given(table: Table, name: str, called: str | None = None) -> Any:
    """A parameter of a column's type."""
    return bindparam(called or name, type_=table.c[name].type)


def of_profile() -> Any:
    """The parameter that names the profile."""
    return given(SESSION, "profile_id")
