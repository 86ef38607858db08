"""Records of idempotency keys can be found by their age."""

from alembic import op

revision = "0003"
down_revision = "0002"

NAME = "ix_idempotency_application_id_created"


def upgrade() -> None:
    """Make the index."""
    op.create_index(NAME, "idempotency", ["application_id", "created"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index(NAME, "idempotency")
