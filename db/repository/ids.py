"""IDs of new rows, which no other row of the application's table has or ever had.

A cursor or a webhook's place names an event by its ID, so the ID of a row that was removed is not given again.
"""

from collections.abc import Sequence

from sqlalchemy import BigInteger, ColumnElement, Connection, Integer, Table, bindparam, func, literal_column, select
from sqlalchemy.dialects import sqlite

from db.engine.statements import Statement
from db.repository.core import LAST_ID

NEW = sqlite.insert(LAST_ID)
TAKE = Statement(
    NEW.on_conflict_do_update(
        index_elements=LAST_ID.primary_key.columns, set_={"last_id": LAST_ID.c.last_id + NEW.excluded.last_id}
    ).returning(LAST_ID.c.last_id)
)
COUNT = func.generate_series(1, bindparam("count", type_=Integer()))


def next_ids(connection: Connection, table: Table, application_id: int, count: int = 1) -> Sequence[int]:
    """Return IDs for new rows, in order.

    On PostgreSQL the transaction is given its own ID first: a reader that follows the events by their IDs then does not
    pass one that is not committed yet.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_current_xact_id()))
        ids = select(next_of_sequence(table)).select_from(COUNT)
        return connection.execute(ids, {"count": count}).scalars().all()
    last: int = TAKE.first(
        connection, {"application_id": application_id, "table_name": str(table.name), "last_id": count}
    ).last_id
    return range(last - count + 1, last + 1)


def next_of_sequence(table: Table) -> ColumnElement[int]:
    """Return the expression of a table's next ID, on PostgreSQL."""
    return literal_column(f"nextval('{table.name}_id')", BigInteger())
