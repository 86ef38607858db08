"""What keys sign session tokens with."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "token_secret",
        sa.Column("application_id", sa.Integer, nullable=False),
        sa.Column("prefix", TEXT, nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("application_id", "prefix", name="pk_token_secret"),
        sa.ForeignKeyConstraint(
            ["application_id", "prefix"], ["api_key.application_id", "api_key.prefix"], name="fk_token_secret_api_key"
        ),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("token_secret")
