"""Add the other session of a merge to events."""

import sqlalchemy as sa
from alembic import op

revision = "0006_merged_with"
down_revision = "0005_cart_line_ids"

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Add a column that is null in existing events."""
    op.add_column("session_event", sa.Column("merged_with", TEXT))


def downgrade() -> None:
    """Remove the column."""
    op.drop_column("session_event", "merged_with")
