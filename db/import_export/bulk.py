"""Many new sessions into their tables, hundreds of rows with one statement.

While a statement of many rows runs, Python is free to read the next lines of a file. With a statement for each row it
would be handed to and fro all the time.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Dialect, Integer, Table, bindparam, func, select, text
from sqlalchemy.util import await_only

from db.domain.session import CustomerSession
from db.import_export.history import Told
from db.repository.core import (
    CART_ITEM,
    DISCOUNT,
    EVENT,
    IDENTIFIER,
    PROFILE,
    RETURN,
    RETURNED_ITEM,
    SESSION,
    NextId,
)
from db.repository.rows import EVENT_FACTS, LINE, OWN

Row = tuple[Any, ...]
WITHOUT_KEY = [name for name in OWN if name not in ("application_id", "id")]
PART = ("application_id", "session_id")
COLUMNS: Mapping[Table, Sequence[str]] = {  # each table after what it refers to
    PROFILE: ("application_id", "integration_id", "created", "updated", "attributes"),
    SESSION: ("application_id", "id", *WITHOUT_KEY),
    CART_ITEM: (*PART, "position", *LINE),
    IDENTIFIER: (*PART, "position", "identifier"),
    DISCOUNT: (*PART, "label", "amount"),
    EVENT: (*PART, "id", *EVENT_FACTS),
    RETURN: (*PART, "version", "created", "amount"),
    RETURNED_ITEM: (*PART, "version", "position", "quantity", "amount"),
}
own_values, event_values, line_values = attrgetter(*WITHOUT_KEY), attrgetter(*EVENT_FACTS), attrgetter(*LINE)
NEXT = {table: select(NextId(table)) for table in (SESSION, EVENT)}
NEXT_OF_SEQUENCE = {
    table: select(NextId(table)).select_from(func.generate_series(1, bindparam("count", type_=Integer())))
    for table in (SESSION, EVENT)
}
OF_UNKNOWN_SIZE = text(f"""
    SELECT oid::regclass::text FROM pg_class WHERE reltuples <= 0
    AND oid = (SELECT tableoid FROM {SESSION.name} WHERE application_id = :application_id LIMIT 1)""")  # noqa: S608  # our own name
ROOM = (  # for SQLite: indexes that stay in memory, and pages that are changed many times before they are moved
    "PRAGMA cache_size = -32768",
    "PRAGMA wal_autocheckpoint = 16000",
)
SIZES = (256, 32, 4, 1)  # rows of a statement: few texts, so that each is prepared once


def add_all(connection: Connection, application_id: int, new: Sequence[Told]) -> None:
    """Write new sessions of one application, with their profiles and their histories, numbered in the order given."""
    if not new:
        return
    if connection.dialect.name == "sqlite":
        for pragma in ROOM:
            connection.exec_driver_sql(pragma)
    session_ids = new_ids(connection, SESSION, application_id, len(new))
    event_ids = iter(new_ids(connection, EVENT, application_id, sum(len(each.events) for each in new)))
    tables: dict[Table, list[Row]] = {table: [] for table in COLUMNS}
    tables[PROFILE].extend(profiles(application_id, new))
    for session_id, each in zip(session_ids, new, strict=True):
        key = (application_id, session_id)
        tables[SESSION].append((*key, *own_values(each.session)))
        add_parts(tables, key, each.session)
        for event in each.events:
            tables[EVENT].append((*key, next(event_ids), *event_values(event)))
    for table, rows in tables.items():
        insert_rows(connection, table, rows)
    if connection.dialect.name == "postgresql":
        look_at_size(connection, application_id)


def look_at_size(connection: Connection, application_id: int) -> None:
    """Let PostgreSQL know that the sessions are no longer few, in their table or in its partition.

    It plans the checks of foreign keys once, and for an empty table in a way that reads all sessions for each check.
    """
    for table in connection.execute(OF_UNKNOWN_SIZE, {"application_id": application_id}).scalars():
        connection.exec_driver_sql(f"ANALYZE {table}")


def new_ids(connection: Connection, of: Table, application_id: int, count: int) -> Sequence[int]:
    """So many ids of new rows, in order.

    On PostgreSQL the transaction has its own number before it takes any: who follows the events by their ids does not
    pass one that is still to be committed.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_current_xact_id()))
        return connection.execute(NEXT_OF_SEQUENCE[of], {"count": count}).scalars().all()
    first: int = connection.execute(NEXT[of], {"within": application_id}).scalar_one()
    return range(first, first + count)


def profiles(application_id: int, new: Sequence[Told]) -> Iterator[Row]:
    """The row of each profile, which is as old as its first session in the file."""
    created = {each.session.profile_id: each.session.created for each in reversed(new)}
    for profile_id, moment in created.items():
        if profile_id is not None:
            yield application_id, profile_id, moment, moment, {}


def add_parts(tables: Mapping[Table, list[Row]], key: Row, session: CustomerSession) -> None:
    """Add the rows of all that a session holds."""
    tables[CART_ITEM].extend([(*key, position, *line_values(line)) for position, line in enumerate(session.cart)])
    tables[IDENTIFIER].extend((*key, position, each) for position, each in enumerate(session.identifiers))
    tables[DISCOUNT].extend((*key, label, amount) for label, amount in session.discounts.items())
    for made in session.returns:
        tables[RETURN].append((*key, made.version, made.created, made.amount))
        for item in made.items:
            tables[RETURNED_ITEM].append((*key, made.version, item.position, item.quantity, item.amount))


def insert_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Write rows, but for profiles that are there."""
    if not rows:
        return
    values = bound(connection.dialect, table, rows)
    if connection.dialect.name == "postgresql":
        copy_rows(connection, table, values)
        return
    start = 0
    for size in SIZES:
        while len(values) - start >= size:
            some = values[start : start + size]
            connection.exec_driver_sql(inserting(table, [row_of("?" * len(some[0]))] * size), tuple(chain(*some)))
            start += size


def copy_rows(connection: Connection, table: Table, values: Sequence[Row]) -> None:
    """Write rows as PostgreSQL takes them fastest. COPY cannot pass over what is there."""
    columns = COLUMNS[table]
    if table is PROFILE:
        marks = row_of(f"${number}" for number, _ in enumerate(columns, 1))
        connection.exec_driver_sql(inserting(table, [marks]), list(values))
    else:
        adapted: Any = connection.connection.dbapi_connection
        driver = connection.dialect.get_driver_connection(adapted)
        await_only(driver.copy_records_to_table(table.name, records=values, columns=columns))


def bound(dialect: Dialect, table: Table, rows: Sequence[Row]) -> list[Row]:
    """The rows as the driver takes them. What SQLAlchemy does for each value is done for a column at once."""
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
    for index, (name, values) in enumerate(zip(COLUMNS[table], columns, strict=False)):
        if bind := table.c[name].type.dialect_impl(dialect).bind_processor(dialect):
            columns[index] = [None if value is None else bind(value) for value in values]
    return list(zip(*columns, strict=True))


def row_of(values: Iterable[str]) -> str:
    """A row in SQL."""
    return f"({', '.join(values)})"


def inserting(table: Table, rows: Iterable[str]) -> str:
    """The INSERT of some rows."""
    there = " ON CONFLICT DO NOTHING" * (table is PROFILE)
    return f"INSERT INTO {table.name} {row_of(COLUMNS[table])} VALUES {', '.join(rows)}{there}"  # noqa: S608  # our own names
