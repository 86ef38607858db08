"""Many new sessions into their tables with one statement a table."""

from collections.abc import Mapping, Sequence
from functools import cache
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Table, insert, select

from db.domain.session import CustomerSession
from db.exchange.history import Told
from db.repository.core import (
    CART_ITEM,
    DISCOUNT,
    EVENT,
    IDENTIFIER,
    PROFILE,
    RETURN,
    RETURNED_ITEM,
    SESSION,
    Insert,
    insert_in,
    next_id,
)
from db.repository.save import EVENT_FACTS, LINE

Rows = list[dict[str, Any]]
OWN = SESSION.c.keys()  # each is an attribute of the session
own_values, event_values, line_values = attrgetter(*OWN), attrgetter(*EVENT_FACTS), attrgetter(*LINE)
NEXT = {table: select(next_id(table)) for table in (SESSION, EVENT)}
FILLED = (SESSION, CART_ITEM, IDENTIFIER, DISCOUNT, EVENT, RETURN, RETURNED_ITEM)  # each after what it refers to


@cache
def adding_profile(dialect: str) -> Insert:
    """The INSERT of a profile that may be there."""
    return insert_in(dialect, PROFILE).on_conflict_do_nothing(index_elements=PROFILE.primary_key.columns)


def add_all(connection: Connection, application_id: int, new: Sequence[Told]) -> None:
    """Write new sessions of one application, with their profiles and their histories, numbered in the order given."""
    if not new:
        return
    profiles = [profile(each.session) for each in new if each.session.profile_id is not None]
    if profiles:
        connection.execute(adding_profile(connection.dialect.name), profiles)
    next_session, next_event = (
        connection.execute(NEXT[table], {"within": application_id}).scalar_one() for table in (SESSION, EVENT)
    )
    tables: dict[Table, Rows] = {table: [] for table in FILLED}
    for session_id, each in enumerate(new, next_session):
        key = {"application_id": application_id, "session_id": session_id}
        tables[SESSION].append({**dict(zip(OWN, own_values(each.session), strict=True)), "id": session_id})
        add_parts(tables, key, each.session)
        for event in each.events:
            told = dict(zip(EVENT_FACTS, event_values(event), strict=True))
            tables[EVENT].append({**key, **told, "id": next_event + len(tables[EVENT])})
    for table, rows in tables.items():
        if rows:
            insert_rows(connection, table, rows)


def insert_rows(connection: Connection, table: Table, rows: Rows) -> None:
    """Write rows that all have the same keys. What SQLAlchemy does for each row of a statement is done once for all."""
    compiled = insert(table).compile(dialect=connection.dialect, column_keys=list(rows[0]))
    columns = []
    for name in compiled.positiontup or ():
        processor = table.c[name].type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
        values = [row[name] for row in rows]
        columns.append([processor(value) for value in values] if processor else values)
    connection.exec_driver_sql(str(compiled), list(zip(*columns, strict=True)))


def profile(session: CustomerSession) -> dict[str, Any]:
    """The row of a session's profile, which is as old as its first session in the file."""
    return {
        "application_id": session.application_id,
        "integration_id": session.profile_id,
        "created": session.created,
        "updated": session.created,
        "attributes": {},
    }


def add_parts(tables: Mapping[Table, Rows], key: Mapping[str, Any], session: CustomerSession) -> None:
    """Add the rows of all that a session holds."""
    for position, line in enumerate(session.cart):
        tables[CART_ITEM].append({**key, "position": position, **dict(zip(LINE, line_values(line), strict=True))})
    for position, identifier in enumerate(session.identifiers):
        tables[IDENTIFIER].append({**key, "position": position, "identifier": identifier})
    for label, amount in session.discounts.items():
        tables[DISCOUNT].append({**key, "label": label, "amount": amount})
    for made in session.returns:
        of_return = {**key, "version": made.version}
        tables[RETURN].append({**of_return, "created": made.created, "amount": made.amount})
        for item in made.items:
            tables[RETURNED_ITEM].append(
                {**of_return, "position": item.position, "quantity": item.quantity, "amount": item.amount}
            )
