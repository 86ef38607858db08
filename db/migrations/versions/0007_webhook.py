"""Add webhooks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007_webhook"
down_revision = "0006_merged_with"

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
TIME = sa.String(24).with_variant(postgresql.TIMESTAMP(timezone=True, precision=3), "postgresql")
JSON = sa.Text().with_variant(postgresql.JSONB(), "postgresql")
SEQUENCE = sa.Sequence("webhook_id")


def upgrade() -> None:
    """Create the table; on PostgreSQL also the sequence of its IDs."""
    states = sa.Enum("active", "paused", "failing", name="ck_webhook_state", native_enum=False, create_constraint=True)
    op.create_table(
        "webhook",
        sa.Column("application_id", sa.Integer, nullable=False),
        sa.Column("id", sa.BigInteger, nullable=False),
        sa.Column("url", TEXT, nullable=False),
        sa.Column("document", TEXT, nullable=False),
        sa.Column("types", JSON),
        sa.Column("state", states, nullable=False),
        sa.Column("secrets", JSON, nullable=False),
        sa.Column("after_id", sa.BigInteger, nullable=False),
        sa.Column("acknowledged", JSON, nullable=False),
        sa.Column("retries", JSON, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("last_attempt", TIME),
        sa.Column("last_status", sa.Integer),
        sa.Column("last_error", TEXT),
        sa.Column("next_attempt", TIME),
        sa.Column("created", TIME, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("lease_holder", TEXT),
        sa.Column("lease_until", TIME),
        sa.PrimaryKeyConstraint("application_id", "id", name="pk_webhook"),
        sa.ForeignKeyConstraint(["application_id"], ["application.application_id"], name="fk_webhook_application"),
        sa.CheckConstraint("after_id >= 0", name="ck_webhook_after_id"),
        sa.CheckConstraint("failures >= 0", name="ck_webhook_failures"),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.schema.CreateSequence(SEQUENCE))


def downgrade() -> None:
    """Remove the table and the sequence."""
    op.drop_table("webhook")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.schema.DropSequence(SEQUENCE))
