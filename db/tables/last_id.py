"""The last ID of each table, removed rows included."""

from sqlalchemy import DDL, BigInteger, event
from sqlmodel import Field

from db.tables.base import CLUSTERED, Row, belongs_to
from db.tables.columns import CodePoints

KEEP_LAST_ID = DDL(  # type: ignore[no-untyped-call]  # SQLAlchemy types neither
    """CREATE TRIGGER %(table)s_removed AFTER DELETE ON %(table)s BEGIN
    INSERT INTO last_id VALUES (OLD.application_id, '%(table)s', OLD.id)
    ON CONFLICT (application_id, table_name) DO UPDATE SET last_id = max(last_id, excluded.last_id);
END"""
).execute_if(dialect="sqlite")
for name in ("customer_session", "session_event"):
    event.listen(Row.metadata.tables[name], "after_create", KEEP_LAST_ID)


class LastIdRow(Row, table=True):
    """The greatest ID of one table of an application that must not be given again.

    A new session or event gets the ID after this and all IDs of the table: their rows are many, so they write a last ID
    only where they are removed, by a trigger. Other tables write it with each new row. SQLite only: PostgreSQL has
    sequences.
    """

    __tablename__ = "last_id"
    __table_args__ = (belongs_to("application"), CLUSTERED)

    application_id: int = Field(primary_key=True)
    table_name: str = Field(primary_key=True, sa_type=CodePoints)
    last_id: int = Field(sa_type=BigInteger)
