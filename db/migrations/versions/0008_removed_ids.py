"""Write a last ID where the newest session or event is removed, no longer with each new one. SQLite only."""

from alembic import op

revision = "0008_removed_ids"
down_revision = "0007_webhook"

TABLES = ("customer_session", "session_event")
NEWEST = "SELECT application_id, '{table}', max(id) FROM {table} GROUP BY application_id"
TRIGGER = """CREATE TRIGGER {table}_removed AFTER DELETE ON {table} BEGIN
    INSERT INTO last_id VALUES (OLD.application_id, '{table}', OLD.id)
    ON CONFLICT (application_id, table_name) DO UPDATE SET last_id = max(last_id, excluded.last_id);
END"""


def upgrade() -> None:
    """Create the triggers. A last ID that a row still has need not be stored."""
    if op.get_bind().dialect.name == "sqlite":
        for table in TABLES:
            newest = NEWEST.format(table=table)
            op.execute(f"DELETE FROM last_id WHERE (application_id, table_name, last_id) IN ({newest})")  # noqa: S608  # names of our own
            op.execute(TRIGGER.format(table=table))


def downgrade() -> None:
    """Remove the triggers, and store the last IDs."""
    if op.get_bind().dialect.name == "sqlite":
        for table in TABLES:
            op.execute(f"DROP TRIGGER {table}_removed")
            op.execute(
                f"INSERT INTO last_id SELECT * FROM ({NEWEST.format(table=table)}) WHERE true"  # noqa: S608  # names of our own
                " ON CONFLICT (application_id, table_name) DO UPDATE SET last_id = max(last_id, excluded.last_id)"
            )
