"""Store the last ID of each table, so that SQLite does not use the ID of a removed row again."""

import sqlalchemy as sa
from alembic import op

revision = "0002_last_id"
down_revision = "0001_initial"

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
NUMBERED = ("customer_session", "session_event")


def upgrade() -> None:
    """Begin at the greatest ID of each table. PostgreSQL has sequences, so its table stays empty."""
    op.create_table(
        "last_id",
        sa.Column("application_id", sa.Integer, nullable=False),
        sa.Column("table_name", TEXT, nullable=False),
        sa.Column("last_id", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("application_id", "table_name", name="pk_last_id"),
        sa.ForeignKeyConstraint(["application_id"], ["application.application_id"], name="fk_last_id_application"),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "sqlite":
        for table in NUMBERED:
            op.execute(
                f"INSERT INTO last_id SELECT application_id, '{table}', max(id) FROM {table} GROUP BY application_id"  # noqa: S608  # our own names
            )


def downgrade() -> None:
    """Remove the table."""
    op.drop_table("last_id")
