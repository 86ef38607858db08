"""PostgreSQL finds texts of any length: by their first 500 characters, and by digests where a key has to be exact."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

NAME = "uq_customer_session_application_id_integration_id"
OF_PROFILE = "ix_customer_session_application_id_profile_id_created_id"
OF_SKU = "ix_cart_item_application_id_sku_session_id"
PROFILES = "ix_customer_profile_application_id_integration_id"
REFERS = "fk_customer_session_customer_profile"
KEY = "pk_customer_profile"


def head(column: str) -> sa.TextClause:
    """The first 500 characters."""
    return sa.text(f"left({column}, 500)")


def digest(text: str) -> str:
    """The SHA-256 of the bytes."""
    return rf"sha256(replace({text}, '\', '\\')::bytea)"


def rest(column: str) -> sa.TextClause:
    """What tells texts with the same head apart."""
    return sa.text(f"(CASE WHEN length({column}) > 500 THEN {digest(f'substr({column}, 501)')} ELSE '' END)")


def upgrade() -> None:
    """Change the keys and indexes; SQLite's hold whole texts."""
    if op.get_context().dialect.name != "postgresql":
        return
    op.drop_constraint(REFERS, "customer_session", type_="foreignkey")
    op.drop_constraint(KEY, "customer_profile", type_="primary")
    op.execute(f"ALTER TABLE customer_profile ADD COLUMN digest {generated('integration_id')}")
    op.create_primary_key(KEY, "customer_profile", ["application_id", "digest"])
    op.create_index(PROFILES, "customer_profile", ["application_id", head("integration_id")])
    op.execute(f"ALTER TABLE customer_session ADD COLUMN profile_digest {generated('profile_id')}")
    key = ["application_id", "profile_digest"], ["application_id", "digest"]
    op.create_foreign_key(REFERS, "customer_session", "customer_profile", *key)
    op.drop_constraint(NAME, "customer_session", type_="unique")
    op.create_index(
        NAME, "customer_session", ["application_id", head("integration_id"), rest("integration_id")], unique=True
    )
    index_again(head("profile_id"), head("sku"))


def downgrade() -> None:
    """Change them back. A text that is too long for a whole index stands in the way."""
    if op.get_context().dialect.name != "postgresql":
        return
    op.drop_constraint(REFERS, "customer_session", type_="foreignkey")
    op.drop_column("customer_session", "profile_digest")
    op.drop_index(PROFILES, "customer_profile")
    op.drop_constraint(KEY, "customer_profile", type_="primary")
    op.drop_column("customer_profile", "digest")
    op.create_primary_key(KEY, "customer_profile", ["application_id", "integration_id"])
    key = ["application_id", "profile_id"], ["application_id", "integration_id"]
    op.create_foreign_key(REFERS, "customer_session", "customer_profile", *key)
    op.drop_index(NAME, "customer_session")
    op.create_unique_constraint(NAME, "customer_session", ["application_id", "integration_id"])
    index_again("profile_id", "sku")


def generated(column: str) -> str:
    """A column that PostgreSQL keeps itself."""
    return f"bytea GENERATED ALWAYS AS ({digest(column)}) STORED"


def index_again(profile_id: str | sa.TextClause, sku: str | sa.TextClause) -> None:
    """Make the indexes of filters with other columns."""
    op.drop_index(OF_PROFILE, "customer_session")
    columns = ["application_id", profile_id, "created", "id"]
    op.create_index(OF_PROFILE, "customer_session", columns, postgresql_where=sa.text("profile_id IS NOT NULL"))
    op.drop_index(OF_SKU, "cart_item")
    op.create_index(OF_SKU, "cart_item", ["application_id", sku, "session_id"])
