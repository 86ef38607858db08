"""Insert many new sessions, hundreds of rows with one statement.

While a statement of many rows runs, Python is free to read the next lines of a file. With a statement for each row,
the threads would hand the interpreter lock to each other all the time.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import Connection, Dialect, Table, text
from sqlalchemy.util import await_only

from db.domain.events import SessionEvent
from db.domain.session import CustomerSession
from db.repository.core import EVENT, PROFILE, SESSION
from db.repository.ids import next_ids
from db.repository.mapper import COLUMNS, KEYS, event_values, part_rows, session_values
from db.repository.profiles import NO_SALES, new_profile, sales

Row = tuple[Any, ...]
ALL_COLUMNS: Mapping[Table, Sequence[str]] = {  # each table after those that it refers to
    PROFILE: [column.name for column in PROFILE.c],
    **{table: (*KEYS[table], *COLUMNS[table]) for table in KEYS},
}
NEVER_ANALYZED = text(f"""
    SELECT oid::regclass::text FROM pg_class WHERE reltuples <= 0
    AND oid = (SELECT tableoid FROM {SESSION.name} WHERE application_id = :application_id LIMIT 1)""")  # noqa: S608  # our own name
SQLITE_PRAGMAS = (  # keep the indexes in memory, and change a page many times before it is copied to the database
    "PRAGMA cache_size = -32768",
    "PRAGMA wal_autocheckpoint = 16000",
)
ADD_SALES = " ON CONFLICT (application_id, integration_id) DO UPDATE SET " + ", ".join(
    f"{name} = {PROFILE.name}.{name} + excluded.{name}" for name in NO_SALES
)
ROWS_PER_STATEMENT = (256, 32, 4, 1)  # few sizes, so that each statement is prepared once


class SessionWithEvents(NamedTuple):
    """A new session, and its events from the first to the last."""

    session: CustomerSession
    events: Sequence[SessionEvent]


def insert_sessions(connection: Connection, application_id: int, new: Sequence[SessionWithEvents]) -> None:
    """Insert new sessions of one application with their events and profiles. Ids are given in the order of ``new``."""
    if not new:
        return
    if connection.dialect.name == "sqlite":
        for pragma in SQLITE_PRAGMAS:
            connection.exec_driver_sql(pragma)
    session_ids = next_ids(connection, SESSION, application_id, len(new))
    event_ids = iter(next_ids(connection, EVENT, application_id, sum(len(events) for _, events in new)))
    rows: dict[Table, list[Row]] = {table: [] for table in ALL_COLUMNS}
    rows[PROFILE].extend(profile_rows(application_id, [session for session, _ in new]))
    for session_id, (session, events) in zip(session_ids, new, strict=True):
        key = (application_id, session_id)
        rows[SESSION].append((*key, *session_values(session)))
        rows[EVENT].extend((*key, next(event_ids), *event_values(event)) for event in events)
        for table, values in part_rows(session).items():
            rows[table].extend((*key, *each) for each in values)
    for table, values in rows.items():
        insert_rows(connection, table, values)
    if connection.dialect.name == "postgresql":
        analyze(connection, application_id)


def analyze(connection: Connection, application_id: int) -> None:
    """Let PostgreSQL count the sessions in a table, or partition, that it knows as empty.

    It plans the checks of foreign keys once, and for an empty table it plans to scan all sessions for each check.
    """
    for table in connection.execute(NEVER_ANALYZED, {"application_id": application_id}).scalars():
        connection.exec_driver_sql(f"ANALYZE {table}")


def profile_rows(application_id: int, sessions: Sequence[CustomerSession]) -> Iterator[Row]:
    """Yield a row for each profile, created with the first of its sessions, with the sums of all."""
    profiles: dict[str, dict[str, Any]] = {}
    for session in sessions:
        if (profile_id := session.profile_id) is not None:
            profile = profiles.setdefault(profile_id, new_profile(application_id, profile_id, session.created))
            for name, value in sales(session).items():
                profile[name] += value
    for profile in profiles.values():
        yield tuple(profile[name] for name in ALL_COLUMNS[PROFILE])


def insert_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows of one table. To profiles that exist only the sums are added."""
    if not rows:
        return
    values = to_driver(connection.dialect, table, rows)
    if connection.dialect.name == "postgresql":
        copy_rows(connection, table, values)
        return
    start = 0
    for size in ROWS_PER_STATEMENT:
        while len(values) - start >= size:
            some = values[start : start + size]
            marks = in_parentheses("?" * len(some[0]))
            connection.exec_driver_sql(insert_statement(table, [marks] * size), tuple(chain(*some)))
            start += size


def copy_rows(connection: Connection, table: Table, values: Sequence[Row]) -> None:
    """Insert rows by COPY, PostgreSQL's fastest way; profiles by INSERT, since COPY cannot update those that exist."""
    columns = ALL_COLUMNS[table]
    if table is PROFILE:
        marks = in_parentheses(f"${number}" for number, _ in enumerate(columns, 1))
        connection.exec_driver_sql(insert_statement(table, [marks]), list(values))
    else:
        adapted: Any = connection.connection.dbapi_connection
        driver = connection.dialect.get_driver_connection(adapted)
        await_only(driver.copy_records_to_table(table.name, records=values, columns=columns))


def to_driver(dialect: Dialect, table: Table, rows: Sequence[Row]) -> list[Row]:
    """Return the rows as the driver takes them. SQLAlchemy converts value by value; this converts whole columns."""
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
    for index, (name, values) in enumerate(zip(ALL_COLUMNS[table], columns, strict=True)):
        if bind := table.c[name].type.dialect_impl(dialect).bind_processor(dialect):
            columns[index] = [None if value is None else bind(value) for value in values]
    return list(zip(*columns, strict=True))


def in_parentheses(values: Iterable[str]) -> str:
    """Return a list of values in SQL."""
    return f"({', '.join(values)})"


def insert_statement(table: Table, rows: Iterable[str]) -> str:
    """Return the INSERT of some rows."""
    conflict = ADD_SALES if table is PROFILE else ""
    columns = in_parentheses(ALL_COLUMNS[table])
    return f"INSERT INTO {table.name} {columns} VALUES {', '.join(rows)}{conflict}"  # noqa: S608  # our own names
