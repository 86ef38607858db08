"""Create all tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001_initial"
down_revision = None

# Not imported from db/tables/columns.py: a released revision never changes, and those types may.
TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
TIME = sa.String(24).with_variant(postgresql.TIMESTAMP(timezone=True, precision=3), "postgresql")
AMOUNT = sa.BigInteger()
JSON = sa.Text().with_variant(postgresql.JSONB(), "postgresql")
EXACT_JSON = sa.Text().with_variant(postgresql.JSON(), "postgresql")  # keeps the text as it was written
SEQUENCES = ("customer_session_id", "session_event_id")  # SQLite has one writer, which counts by itself
SCALARS = ("string", "number", "boolean", "time", "location")
ATTRIBUTE_TYPES = (*SCALARS, "string_list", "number_list", "time_list", "location_list")
STATES = ("open", "closed", "partially_returned", "cancelled")


def one_of(table: str, column: str, *values: str, nullable: bool = False) -> sa.Column[str]:
    """Return a text column with a CHECK constraint for its values."""
    type_ = sa.Enum(*values, name=f"ck_{table}_{column}", native_enum=False, create_constraint=True)
    return sa.Column(column, type_, nullable=nullable)


def index(table: str, *columns: str, where: str | None = None) -> None:
    """Create an index led by ``application_id`` and named after its columns; with ``where``, a partial one."""
    columns = ("application_id", *columns)
    filled = sa.text(where) if where else None
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns, sqlite_where=filled, postgresql_where=filled)


def references(table: str, other: str, **columns: str) -> sa.ForeignKeyConstraint:
    """Return a foreign key within an application; ``columns`` maps columns to columns of the other table."""
    return sa.ForeignKeyConstraint(
        ["application_id", *columns],
        [f"{other}.{name}" for name in ("application_id", *columns.values())],
        name=f"fk_{table}_{other}",
    )


def upgrade() -> None:
    """Create each table after the tables that it refers to."""
    op.create_table(
        "application",
        sa.Column("application_id", sa.Integer, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("currency", sa.String, nullable=False),
        sa.Column("minor_digits", sa.Integer, nullable=False),
        sa.Column("time_zone", sa.String, nullable=False),
        one_of("application", "rounding_mode", "half_up", "half_even", "down"),
        one_of("application", "unknown_attributes", "reject", "ignore"),
        sa.Column("created", TIME, nullable=False),
        sa.PrimaryKeyConstraint("application_id", name="pk_application"),
        sa.CheckConstraint("minor_digits BETWEEN 0 AND 4", name="ck_application_minor_digits"),
    )
    op.create_table(
        "api_key",
        sa.Column("application_id", sa.Integer, nullable=False),
        sa.Column("prefix", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        one_of("api_key", "role", "reader", "writer", "admin"),
        sa.Column("secret_hash", sa.LargeBinary, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("expires", TIME),
        sa.Column("revoked", TIME),
        sa.Column("last_used", TIME),
        sa.PrimaryKeyConstraint("application_id", "prefix", name="pk_api_key"),
        sa.CheckConstraint("(role = 'admin') = (application_id = 0)", name="ck_api_key_scope"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "token_secret",
        sa.Column("application_id", sa.Integer, nullable=False),
        sa.Column("prefix", TEXT, nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("application_id", "prefix", name="pk_token_secret"),
        references("token_secret", "api_key", prefix="prefix"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "customer_profile",
        sa.Column("application_id", sa.Integer, nullable=False),
        sa.Column("integration_id", TEXT, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("updated", TIME, nullable=False),
        sa.Column("attributes", JSON, nullable=False),
        sa.Column("closed_sessions", sa.Integer, nullable=False),
        sa.Column("sales_whole", sa.BigInteger, nullable=False),
        sa.Column("sales_fraction", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("application_id", "integration_id", name="pk_customer_profile"),
        references("customer_profile", "application"),
        sa.CheckConstraint("closed_sessions >= 0", name="ck_customer_profile_closed_sessions"),
        sa.CheckConstraint("sales_whole >= 0 AND sales_fraction >= 0", name="ck_customer_profile_sales"),
        sqlite_with_rowid=False,
    )
    index("customer_profile", "created", "integration_id")
    op.create_table(
        "attribute_definition",
        sa.Column("application_id", sa.Integer, nullable=False),
        one_of("attribute_definition", "entity", "customer_session", "cart_item", "customer_profile"),
        sa.Column("name", TEXT, nullable=False),
        one_of("attribute_definition", "type", *ATTRIBUTE_TYPES),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("allowed_values", JSON),
        sa.Column("editable", sa.Boolean, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.PrimaryKeyConstraint("application_id", "entity", "name", name="pk_attribute_definition"),
        references("attribute_definition", "application"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "customer_session",
        sa.Column("application_id", sa.Integer, nullable=False),
        sa.Column("id", sa.BigInteger, nullable=False),
        sa.Column("integration_id", TEXT, nullable=False),
        sa.Column("profile_id", TEXT),
        one_of("customer_session", "state", *STATES),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("first_session", sa.Boolean, nullable=False),
        sa.Column("minor_digits", sa.Integer, nullable=False),
        sa.Column("total", AMOUNT, nullable=False),
        sa.Column("discount_total", AMOUNT, nullable=False),
        sa.Column("returned_total", AMOUNT, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("updated", TIME, nullable=False),
        sa.Column("closed", TIME),
        sa.Column("cancelled", TIME),
        sa.Column("coupon", TEXT),
        sa.Column("referral", TEXT),
        sa.Column("attributes", JSON, nullable=False),
        sa.PrimaryKeyConstraint("application_id", "id", name="pk_customer_session"),
        references("customer_session", "application"),
        references("customer_session", "customer_profile", profile_id="integration_id"),
        sa.UniqueConstraint(
            "application_id", "integration_id", name="uq_customer_session_application_id_integration_id"
        ),
        sa.CheckConstraint("version >= 1", name="ck_customer_session_version"),
        sa.CheckConstraint("total >= 0 AND total < 1000000000000000000", name="ck_customer_session_total"),
        sa.CheckConstraint(
            "discount_total >= 0 AND discount_total <= total", name="ck_customer_session_discount_total"
        ),
        sa.CheckConstraint(
            "returned_total >= 0 AND returned_total <= total - discount_total",
            name="ck_customer_session_returned_total",
        ),
        sa.CheckConstraint("updated >= created", name="ck_customer_session_updated"),
        sa.CheckConstraint("state IN ('open', 'cancelled') OR closed IS NOT NULL", name="ck_customer_session_closed"),
        sa.CheckConstraint("(state = 'cancelled') = (cancelled IS NOT NULL)", name="ck_customer_session_cancelled"),
        sqlite_with_rowid=False,
    )
    for columns in (["created"], ["updated"], ["total"], ["state", "created"], ["first_session", "created"]):
        index("customer_session", *columns, "id")
    for columns in (
        ["profile_id", "updated"],  # of two that fit, SQLite takes the later
        ["profile_id", "created"],
        ["coupon", "created"],
        ["referral", "created"],
        ["closed"],
    ):
        index("customer_session", *columns, "id", where=f"{columns[0]} IS NOT NULL")
    op.create_table(
        "cart_item",
        sa.Column("application_id", sa.Integer, nullable=False),
        sa.Column("session_id", sa.BigInteger, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("sku", TEXT, nullable=False),
        sa.Column("name", TEXT),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("returned_quantity", sa.Integer, nullable=False),
        sa.Column("price", AMOUNT, nullable=False),
        sa.Column("discount_share", AMOUNT, nullable=False),
        sa.Column("returned_total", AMOUNT, nullable=False),
        sa.Column("category", TEXT),
        sa.Column("product_name", TEXT),
        sa.Column("weight", AMOUNT),
        sa.Column("height", AMOUNT),
        sa.Column("width", AMOUNT),
        sa.Column("length", AMOUNT),
        sa.Column("attributes", JSON, nullable=False),
        sa.PrimaryKeyConstraint("application_id", "session_id", "position", name="pk_cart_item"),
        references("cart_item", "customer_session", session_id="id"),
        sa.CheckConstraint("position >= 0", name="ck_cart_item_position"),
        sa.CheckConstraint("quantity >= 1", name="ck_cart_item_quantity"),
        sa.CheckConstraint(
            "returned_quantity >= 0 AND returned_quantity <= quantity", name="ck_cart_item_returned_quantity"
        ),
        sa.CheckConstraint("price >= 0", name="ck_cart_item_price"),
        sa.CheckConstraint("discount_share >= 0", name="ck_cart_item_discount_share"),
        sa.CheckConstraint("returned_total >= 0", name="ck_cart_item_returned_total"),
        sqlite_with_rowid=False,
    )
    index("cart_item", "sku", "session_id")
    op.create_table(
        "session_identifier",
        sa.Column("application_id", sa.Integer, nullable=False),
        sa.Column("session_id", sa.BigInteger, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("identifier", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("application_id", "session_id", "position", name="pk_session_identifier"),
        references("session_identifier", "customer_session", session_id="id"),
        sa.UniqueConstraint(
            "application_id",
            "identifier",
            "session_id",
            name="uq_session_identifier_application_id_identifier_session_id",
        ),
        sa.CheckConstraint("position >= 0", name="ck_session_identifier_position"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "session_discount",
        sa.Column("application_id", sa.Integer, nullable=False),
        sa.Column("session_id", sa.BigInteger, nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("amount", AMOUNT, nullable=False),
        sa.PrimaryKeyConstraint("application_id", "session_id", "label", name="pk_session_discount"),
        references("session_discount", "customer_session", session_id="id"),
        sa.CheckConstraint("amount >= 0", name="ck_session_discount_amount"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "session_event",
        sa.Column("application_id", sa.Integer, nullable=False),
        sa.Column("session_id", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("id", sa.BigInteger, nullable=False),
        one_of("session_event", "type", "created", "updated", "closed", "items_returned", "cancelled"),
        sa.Column("occurred", TIME, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        one_of("session_event", "state", *STATES),
        one_of("session_event", "from_state", *STATES, nullable=True),
        sa.Column("total", AMOUNT, nullable=False),
        sa.Column("discount_total", AMOUNT, nullable=False),
        sa.Column("reason", TEXT),
        sa.Column("changed_fields", JSON, nullable=False),
        sa.Column("changes", EXACT_JSON, nullable=False),
        sa.PrimaryKeyConstraint("application_id", "session_id", "version", name="pk_session_event"),
        references("session_event", "customer_session", session_id="id"),
        sa.UniqueConstraint("application_id", "id", name="uq_session_event_application_id_id"),
        sa.CheckConstraint("version >= 1", name="ck_session_event_version"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "session_return",
        sa.Column("application_id", sa.Integer, nullable=False),
        sa.Column("session_id", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("amount", AMOUNT, nullable=False),
        sa.PrimaryKeyConstraint("application_id", "session_id", "version", name="pk_session_return"),
        references("session_return", "session_event", session_id="session_id", version="version"),
        sa.CheckConstraint("amount >= 0", name="ck_session_return_amount"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "returned_item",
        sa.Column("application_id", sa.Integer, nullable=False),
        sa.Column("session_id", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("amount", AMOUNT, nullable=False),
        sa.PrimaryKeyConstraint("application_id", "session_id", "version", "position", name="pk_returned_item"),
        references("returned_item", "session_return", session_id="session_id", version="version"),
        references("returned_item", "cart_item", session_id="session_id", position="position"),
        sa.CheckConstraint("quantity >= 1", name="ck_returned_item_quantity"),
        sa.CheckConstraint("amount >= 0", name="ck_returned_item_amount"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "idempotency",
        sa.Column("application_id", sa.Integer, nullable=False),
        sa.Column("key_prefix", TEXT, nullable=False),
        sa.Column("idempotency_key", TEXT, nullable=False),
        sa.Column("input_hash", sa.LargeBinary, nullable=False),
        sa.Column("outcome", JSON, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.PrimaryKeyConstraint("application_id", "key_prefix", "idempotency_key", name="pk_idempotency"),
        references("idempotency", "application"),
        sqlite_with_rowid=False,
    )
    index("idempotency", "created")
    if op.get_context().dialect.name == "postgresql":
        for sequence in SEQUENCES:
            op.execute(sa.schema.CreateSequence(sa.Sequence(sequence)))


def downgrade() -> None:
    """Drop all tables, in the opposite order."""
    for table in (
        "idempotency",
        "returned_item",
        "session_return",
        "session_event",
        "session_discount",
        "session_identifier",
        "cart_item",
        "customer_session",
        "attribute_definition",
        "customer_profile",
        "token_secret",
        "api_key",
        "application",
    ):
        op.drop_table(table)
    if op.get_context().dialect.name == "postgresql":
        for sequence in SEQUENCES:
            op.execute(sa.schema.DropSequence(sa.Sequence(sequence)))
