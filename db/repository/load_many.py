"""Load many sessions at a time: for export, import and check."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, bindparam, select

from db.domain.session import CustomerSession
from db.repository.core import DISCOUNT, SESSION, InList, TextList
from db.repository.mapper import COLUMNS, PARTS, SESSION_FIELDS, TOTALS, to_session

PAGE = 500


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session with the totals that are stored in its row, by column, and the shares of its discounts, by label."""

    session: CustomerSession
    totals: Mapping[str, Decimal]
    discount_shares: Mapping[str, Any]


def select_sessions(condition: ColumnElement[bool]) -> Select[Any]:
    """Return the statement that reads sessions' own rows in order of their ids."""
    columns = (SESSION.c[name] for name in (*SESSION_FIELDS, *TOTALS))
    return (
        select(*columns)
        .where(SESSION.c.application_id == bindparam("application_id"), condition)
        .order_by(SESSION.c.id)
    )


def select_part(table: Table) -> Select[Any]:
    """Return the statement that reads one part of some sessions, in the order of its key."""
    return (
        select(table.c.session_id, *(table.c[name] for name in COLUMNS[table]))
        .where(
            table.c.application_id == bindparam("application_id"),
            table.c.session_id.in_(bindparam("session_ids", expanding=True)),
        )
        .order_by(*table.primary_key)
    )


NEXT_IDS = (
    select(SESSION.c.id)
    .where(SESSION.c.application_id == bindparam("application_id"), SESSION.c.id > bindparam("after"))
    .order_by(SESSION.c.id)
    .limit(PAGE)
)
BY_ID = select_sessions(SESSION.c.id.in_(bindparam("ids", expanding=True)))
BY_INTEGRATION_ID = select_sessions(InList(SESSION.c.integration_id, bindparam("integration_ids", type_=TextList())))
SELECT_PART = {table: select_part(table) for table in PARTS}


def id_pages(connection: Connection, application_id: int) -> Iterator[Sequence[int]]:
    """Yield the ids of all sessions of an application in order, a page at a time."""
    after = 0
    while ids := connection.execute(NEXT_IDS, {"application_id": application_id, "after": after}).scalars().all():
        yield ids
        after = ids[-1]


def load_by_ids(connection: Connection, application_id: int, ids: Sequence[int]) -> list[StoredSession]:
    """Return the sessions with these ids in order."""
    rows = connection.execute(BY_ID, {"application_id": application_id, "ids": ids}).all()
    return with_parts(connection, application_id, rows)


def load_by_integration_ids(
    connection: Connection, application_id: int, integration_ids: Sequence[str]
) -> dict[str, CustomerSession]:
    """Return the sessions with these integration IDs, by integration ID."""
    names = {"application_id": application_id, "integration_ids": integration_ids}
    found = with_parts(connection, application_id, connection.execute(BY_INTEGRATION_ID, names).all())
    return {each.session.integration_id: each.session for each in found}


def with_parts(connection: Connection, application_id: int, rows: Sequence[Row[Any]]) -> list[StoredSession]:
    """Return the sessions of some rows, with all their parts."""
    if not rows:
        return []
    names = {"application_id": application_id, "session_ids": [row.id for row in rows]}
    parts: defaultdict[int, dict[Table, list[Any]]] = defaultdict(lambda: {table: [] for table in PARTS})
    for table in PARTS:
        for session_id, *values in connection.execute(SELECT_PART[table], names):
            parts[session_id][table].append(values)
    return [
        StoredSession(
            to_session(row, parts[row.id]),
            {name: getattr(row, name) for name in TOTALS},
            {label: shares for label, *_, shares in parts[row.id][DISCOUNT]},
        )
        for row in rows
    ]
