"""The IDs that were given last."""

from sqlalchemy import BigInteger
from sqlmodel import Field

from db.tables.base import CLUSTERED, Row, belongs_to
from db.tables.columns import CodePoints


class LastIdRow(Row, table=True):
    """The ID that was given last in one table of an application, whether its row still exists or not.

    SQLite only: PostgreSQL has sequences.
    """

    __tablename__ = "last_id"
    __table_args__ = (belongs_to("application"), CLUSTERED)

    application_id: int = Field(primary_key=True)
    table_name: str = Field(primary_key=True, sa_type=CodePoints)
    last_id: int = Field(sa_type=BigInteger)
