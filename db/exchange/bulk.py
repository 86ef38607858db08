"""Many new sessions into their tables, hundreds of rows with one statement.

While a statement of many rows runs, Python is free to read the next lines of a file. With a statement for each row it
would be handed to and fro all the time.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Table, select

from db.domain.session import CustomerSession
from db.exchange.history import Told
from db.repository.core import CART_ITEM, DISCOUNT, EVENT, IDENTIFIER, PROFILE, RETURN, RETURNED_ITEM, SESSION, next_id
from db.repository.save import EVENT_FACTS, LINE

Row = tuple[Any, ...]
OWN = [column.name for column in SESSION.c if column.name not in ("application_id", "id")]  # attributes of a session
PART = ("application_id", "session_id")
COLUMNS: Mapping[Table, Sequence[str]] = {  # each table after what it refers to
    PROFILE: ("application_id", "integration_id", "created", "updated", "attributes"),
    SESSION: ("application_id", "id", *OWN),
    CART_ITEM: (*PART, "position", *LINE),
    IDENTIFIER: (*PART, "position", "identifier"),
    DISCOUNT: (*PART, "label", "amount"),
    EVENT: (*PART, "id", *EVENT_FACTS),
    RETURN: (*PART, "version", "created", "amount"),
    RETURNED_ITEM: (*PART, "version", "position", "quantity", "amount"),
}
own_values, event_values, line_values = attrgetter(*OWN), attrgetter(*EVENT_FACTS), attrgetter(*LINE)
NEXT = {table: select(next_id(table)) for table in (SESSION, EVENT)}
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
    next_session, next_event = (
        connection.execute(NEXT[table], {"within": application_id}).scalar_one() for table in (SESSION, EVENT)
    )
    tables: dict[Table, list[Row]] = {table: [] for table in COLUMNS}
    tables[PROFILE].extend(profiles(application_id, new))
    for session_id, each in enumerate(new, next_session):
        key = (application_id, session_id)
        tables[SESSION].append((*key, *own_values(each.session)))
        add_parts(tables, key, each.session)
        for event in each.events:
            tables[EVENT].append((*key, next_event + len(tables[EVENT]), *event_values(event)))
    for table, rows in tables.items():
        insert_rows(connection, table, rows)


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
    """Write rows, but for profiles that are there. What SQLAlchemy does for each value is done for a column at once."""
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
    for index, (name, values) in enumerate(zip(COLUMNS[table], columns, strict=False)):
        bound = table.c[name].type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
        if bound:
            columns[index] = [None if value is None else bound(value) for value in values]
    values = list(zip(*columns, strict=True))
    start = 0
    for size in SIZES:
        while len(values) - start >= size:
            some = values[start : start + size]
            connection.exec_driver_sql(inserting(table, size), tuple(chain.from_iterable(some)))
            start += size


def inserting(table: Table, size: int) -> str:
    """The INSERT of so many rows."""
    row = f"({', '.join('?' * len(COLUMNS[table]))})"
    there = " ON CONFLICT DO NOTHING" * (table is PROFILE)
    return f"INSERT INTO {table.name} ({', '.join(COLUMNS[table])}) VALUES {', '.join([row] * size)}{there}"  # noqa: S608  # our own names
