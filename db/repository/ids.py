"""IDs of new rows, which no other row of the application's table has or ever had.

A cursor or a webhook's place names an event by its ID, so the ID of a row that was removed is not given again.
"""

from collections.abc import Sequence
from functools import cache

from sqlalchemy import BigInteger, ColumnElement, Connection, Integer, Table, bindparam, func, literal_column, select
from sqlalchemy.dialects import sqlite

from db.engine.statements import Statement
from db.repository.core import LAST_ID

COUNT: ColumnElement[int] = bindparam("count", type_=Integer())


def next_ids(connection: Connection, table: Table, application_id: int, count: int = 1) -> Sequence[int]:
    """Return IDs for new rows, in order.

    On PostgreSQL the transaction is given its own ID first: a reader that follows the events by their IDs then does not
    pass one that is not committed yet.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_current_xact_id()))
        ids = select(next_of_sequence(table)).select_from(func.generate_series(1, COUNT))
        return connection.execute(ids, {"count": count}).scalars().all()
    names = {"application_id": application_id, "table_name": table.name}
    last: int = taking(table).first(connection, {**names, "within": application_id, "count": count}).last_id
    return range(last - count + 1, last + 1)


def next_of_sequence(table: Table) -> ColumnElement[int]:
    """Return the expression of a table's next ID, on PostgreSQL."""
    return literal_column(f"nextval('{table.name}_id')", BigInteger())


def next_on_sqlite(table: Table) -> ColumnElement[int]:
    """Return the expression of a table's next ID on SQLite, which has one writer at a time.

    The parameter ``within`` is the application. Sessions and events are inserted with it: they write no last ID.
    """
    within: ColumnElement[int] = bindparam("within", type_=Integer())
    newest = select(func.coalesce(func.max(table.c.id), 0)).where(table.c.application_id == within)
    last = select(LAST_ID.c.last_id).where(
        LAST_ID.c.application_id == within, LAST_ID.c.table_name == literal_column(f"'{table.name}'")
    )
    greatest: ColumnElement[int] = func.max(newest.scalar_subquery(), func.coalesce(last.scalar_subquery(), 0))
    return greatest + literal_column("1")


@cache
def taking(table: Table) -> Statement:
    """Return the statement that gives IDs of a table on SQLite, and writes the last of them."""
    new = sqlite.insert(LAST_ID).values(last_id=next_on_sqlite(table) - literal_column("1") + COUNT)
    return Statement(
        new.on_conflict_do_update(
            index_elements=LAST_ID.primary_key.columns, set_={"last_id": new.excluded.last_id}
        ).returning(LAST_ID.c.last_id)
    )
