"""What every table shares."""

from typing import Any, ClassVar

from sqlalchemy import ForeignKeyConstraint, MetaData
from sqlmodel import SQLModel


class Row(SQLModel):
    """The base of all tables: one metadata, with a name for every constraint, so that migrations can speak of them."""

    metadata: ClassVar[MetaData] = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


# SQLite: the primary key is the table, so that one application's rows lie together.
CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False}


def belongs_to(table: str, **columns: str) -> ForeignKeyConstraint:
    """A foreign key within one application: ``column="column of the other table"``."""
    return ForeignKeyConstraint(
        ["application_id", *columns], [f"{table}.{name}" for name in ("application_id", *columns.values())]
    )
