"""The base class of the tables, and the parts of their definitions that they share."""

from typing import Any, ClassVar

from sqlalchemy import ForeignKeyConstraint, MetaData
from sqlmodel import SQLModel


class Row(SQLModel):
    """The base class of all tables. Every constraint has a name, which migrations can refer to."""

    metadata: ClassVar[MetaData] = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


# On SQLite, rows are stored in the order of the primary key, so one application's rows are adjacent.
CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False}


def belongs_to(table: str, **columns: str) -> ForeignKeyConstraint:
    """Return a foreign key within one application; ``columns`` maps columns to columns of the other table."""
    return ForeignKeyConstraint(
        ["application_id", *columns], [f"{table}.{name}" for name in ("application_id", *columns.values())]
    )
