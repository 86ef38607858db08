"""Create the tables of promotions, and split the discounts of each session over its lines.

The split reads every session that has several discounts.
"""

from collections.abc import Sequence
from itertools import groupby

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003_promotions"
down_revision = "0002_last_id"

# Not imported from db/tables/columns.py: a released revision never changes, and those types may.
TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
TIME = sa.String(24).with_variant(postgresql.TIMESTAMP(timezone=True, precision=3), "postgresql")
AMOUNT = sa.BigInteger()
JSON = sa.Text().with_variant(postgresql.JSONB(), "postgresql")
EXACT_JSON = sa.Text().with_variant(postgresql.JSON(), "postgresql")  # keeps the text as it was written
SEQUENCES = ("campaign_id", "campaign_limit_id", "code_id")  # SQLite has one writer, which counts by itself
SESSIONS_AT_ONCE = 1_000

SEVERAL_DISCOUNTS = """
    SELECT application_id, session_id FROM session_discount
    WHERE (application_id, session_id) > (:application, :session)
    GROUP BY application_id, session_id HAVING count(*) > 1 ORDER BY application_id, session_id LIMIT :limit"""
LABELS = f"""
    WITH several AS ({SEVERAL_DISCOUNTS})
    SELECT each.application_id, each.session_id, each.label, each.amount, customer_session.minor_digits
    FROM several JOIN session_discount AS each USING (application_id, session_id)
    JOIN customer_session
        ON customer_session.application_id = each.application_id AND customer_session.id = each.session_id
    ORDER BY each.application_id, each.session_id, each.label"""  # noqa: S608  # a constant
LINES = f"""
    WITH several AS ({SEVERAL_DISCOUNTS})
    SELECT each.application_id, each.session_id, each.discount_share
    FROM several JOIN cart_item AS each USING (application_id, session_id)
    ORDER BY each.application_id, each.session_id, each.position"""  # noqa: S608  # a constant
STORE = """
    UPDATE session_discount SET shares = {}
    WHERE application_id = :application AND session_id = :session AND label = :label"""


def one_of(table: str, column: str, *values: str) -> sa.Column[str]:
    """Return a text column with a CHECK constraint for its values."""
    type_ = sa.Enum(*values, name=f"ck_{table}_{column}", native_enum=False, create_constraint=True)
    return sa.Column(column, type_, nullable=False)


def index(table: str, *columns: str, where: str | None = None) -> None:
    """Create an index led by ``application_id`` and named after its columns; with ``where``, a partial one."""
    columns = ("application_id", *columns)
    condition = sa.text(where) if where else None
    op.create_index(
        f"ix_{table}_{'_'.join(columns)}", table, columns, sqlite_where=condition, postgresql_where=condition
    )


def references(table: str, other: str, **columns: str) -> sa.ForeignKeyConstraint:
    """Return a foreign key within an application; ``columns`` maps columns to columns of the other table."""
    return sa.ForeignKeyConstraint(
        ["application_id", *columns],
        [f"{other}.{name}" for name in ("application_id", *columns.values())],
        name=f"fk_{table}_{other}",
    )


def unique(table: str, *columns: str) -> sa.UniqueConstraint:
    """Return a unique key led by ``application_id``."""
    columns = ("application_id", *columns)
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{'_'.join(columns)}")


def check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    """Return a CHECK constraint."""
    return sa.CheckConstraint(condition, name=f"ck_{table}_{name}")


def upgrade() -> None:
    """Create each table after the tables that it refers to."""
    create_campaigns()
    create_codes()
    create_limits()
    create_redemptions()
    if op.get_context().dialect.name == "postgresql":
        for sequence in SEQUENCES:
            op.execute(sa.schema.CreateSequence(sa.Sequence(sequence)))
    op.add_column("application", sa.Column("campaigns_version", sa.Integer, server_default="0", nullable=False))
    op.add_column("customer_session", sa.Column("evaluation", JSON))
    op.add_column("session_discount", sa.Column("campaign_id", sa.BigInteger))
    op.add_column("session_discount", sa.Column("campaign_name", TEXT))
    op.add_column("session_discount", sa.Column("revision", sa.Integer))
    op.add_column("session_discount", sa.Column("shares", JSON))
    split_discounts()


def create_campaigns() -> None:
    """Create the tables of campaigns, their revisions and their labels."""
    op.create_table(
        "campaign",
        sa.Column("application_id", sa.Integer, nullable=False),
        sa.Column("id", sa.BigInteger, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("notes", TEXT),
        sa.Column("starts", TIME),
        sa.Column("ends", TIME),
        sa.Column("rank", sa.Integer, nullable=False),
        one_of("campaign", "stacking", "stack", "stop"),
        sa.Column("best_of", TEXT),
        one_of("campaign", "requires", "nothing", "coupon", "referral"),
        one_of("campaign", "state", "draft", "active", "paused", "archived"),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("updated", TIME, nullable=False),
        sa.PrimaryKeyConstraint("application_id", "id", name="pk_campaign"),
        unique("campaign", "name"),
        references("campaign", "application"),
        check("campaign", "revision", "revision >= 1"),
        check("campaign", "ends", "ends > starts"),
        check("campaign", "updated", "updated >= created"),
        sqlite_with_rowid=False,
    )
    index("campaign", "rank", "id")
    index("campaign", "state", "rank", "id")
    index("campaign", "requires", "rank", "id", where="state = 'active'")
    op.create_table(
        "campaign_revision",
        sa.Column("application_id", sa.Integer, nullable=False),
        sa.Column("campaign_id", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("content", EXACT_JSON, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.PrimaryKeyConstraint("application_id", "campaign_id", "revision", name="pk_campaign_revision"),
        references("campaign_revision", "campaign", campaign_id="id"),
        check("campaign_revision", "revision", "revision >= 1"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "campaign_label",
        sa.Column("application_id", sa.Integer, nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("campaign_id", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("application_id", "label", name="pk_campaign_label"),
        references("campaign_label", "campaign", campaign_id="id"),
        sqlite_with_rowid=False,
    )
    index("campaign_label", "campaign_id")


def create_codes() -> None:
    """Create the table of coupons and referrals."""
    op.create_table(
        "code",
        sa.Column("application_id", sa.Integer, nullable=False),
        sa.Column("id", sa.BigInteger, nullable=False),
        one_of("code", "kind", "coupon", "referral"),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("normalized", TEXT, nullable=False),
        sa.Column("campaign_id", sa.BigInteger, nullable=False),
        sa.Column("recipient_id", TEXT),
        sa.Column("advocate_id", TEXT),
        sa.Column("friend_id", TEXT),
        sa.Column("starts", TIME),
        sa.Column("ends", TIME),
        sa.Column("usage_limit", sa.Integer),
        sa.Column("used", sa.Integer, nullable=False),
        sa.Column("batch", TEXT),
        sa.Column("created", TIME, nullable=False),
        sa.PrimaryKeyConstraint("application_id", "id", name="pk_code"),
        unique("code", "kind", "normalized"),
        references("code", "campaign", campaign_id="id"),
        check("code", "used", "used >= 0"),
        check("code", "usage_limit", "usage_limit >= 1"),
        check("code", "ends", "ends > starts"),
        check("code", "advocate_id", "(kind = 'referral') = (advocate_id IS NOT NULL)"),
        check("code", "friend_id", "kind = 'referral' OR friend_id IS NULL"),
        check("code", "recipient_id", "kind = 'coupon' OR (recipient_id IS NULL AND batch IS NULL)"),
        sqlite_with_rowid=False,
    )
    index("code", "campaign_id", "normalized")
    index("code", "kind", "batch", "normalized", where="batch IS NOT NULL")
    index("code", "kind", "recipient_id", "normalized", where="recipient_id IS NOT NULL")
    index("code", "kind", "used", "normalized")


def create_limits() -> None:
    """Create the tables of limits and their counters."""
    op.create_table(
        "campaign_limit",
        sa.Column("application_id", sa.Integer, nullable=False),
        sa.Column("id", sa.BigInteger, nullable=False),
        sa.Column("campaign_id", sa.BigInteger, nullable=False),
        one_of("campaign_limit", "measure", "uses", "discount"),
        one_of("campaign_limit", "per", "campaign", "profile", "identifier"),
        one_of("campaign_limit", "period", "ever", "day", "week", "month", "year"),
        sa.Column("position", sa.Integer),
        sa.Column("max", AMOUNT, nullable=False),
        one_of("campaign_limit", "when_short", "skip", "cut"),
        sa.PrimaryKeyConstraint("application_id", "id", name="pk_campaign_limit"),
        unique("campaign_limit", "campaign_id", "measure", "per", "period"),
        references("campaign_limit", "campaign", campaign_id="id"),
        check("campaign_limit", "position", "position >= 0"),
        check("campaign_limit", "max", "max >= 0"),
        check("campaign_limit", "cut", "measure = 'discount' OR when_short = 'skip'"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "limit_counter",
        sa.Column("application_id", sa.Integer, nullable=False),
        sa.Column("limit_id", sa.BigInteger, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("starts", TEXT, nullable=False),
        sa.Column("used", AMOUNT, nullable=False),
        sa.PrimaryKeyConstraint("application_id", "limit_id", "subject", "starts", name="pk_limit_counter"),
        references("limit_counter", "campaign_limit", limit_id="id"),
        check("limit_counter", "used", "used >= 0"),
        sqlite_with_rowid=False,
    )


def create_redemptions() -> None:
    """Create the tables of redemptions and their postings."""
    op.create_table(
        "redemption",
        sa.Column("application_id", sa.Integer, nullable=False),
        sa.Column("session_id", sa.BigInteger, nullable=False),
        sa.Column("campaign_id", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("code_id", sa.BigInteger),
        sa.Column("amount", AMOUNT, nullable=False),
        sa.Column("returned_amount", AMOUNT, nullable=False),
        sa.Column("shares", JSON, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("reversed", TIME),
        sa.PrimaryKeyConstraint("application_id", "session_id", "campaign_id", name="pk_redemption"),
        references("redemption", "campaign_revision", campaign_id="campaign_id", revision="revision"),
        references("redemption", "code", code_id="id"),
        check("redemption", "amount", "amount > 0"),
        check("redemption", "returned_amount", "returned_amount >= 0 AND returned_amount <= amount"),
        sqlite_with_rowid=False,
    )
    index("redemption", "campaign_id", "created", "session_id")
    index("redemption", "code_id", "created", "session_id", where="code_id IS NOT NULL")
    op.create_table(
        "posting",
        sa.Column("application_id", sa.Integer, nullable=False),
        sa.Column("session_id", sa.BigInteger, nullable=False),
        sa.Column("campaign_id", sa.BigInteger, nullable=False),
        sa.Column("limit_id", sa.BigInteger, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("starts", TEXT, nullable=False),
        sa.Column("amount", AMOUNT, nullable=False),
        sa.PrimaryKeyConstraint(
            *("application_id", "session_id", "campaign_id", "limit_id", "subject", "starts"), name="pk_posting"
        ),
        references("posting", "redemption", session_id="session_id", campaign_id="campaign_id"),
        references("posting", "limit_counter", limit_id="limit_id", subject="subject", starts="starts"),
        check("posting", "amount", "amount >= 0"),
        sqlite_with_rowid=False,
    )


def split_discounts() -> None:
    """Store the shares of each discount of the sessions that have several, some sessions at a time."""
    connection = op.get_bind()
    cast = "CAST(:shares AS jsonb)" if connection.dialect.name == "postgresql" else ":shares"
    store = sa.text(STORE.format(cast))
    after = {"application": 0, "session": 0, "limit": SESSIONS_AT_ONCE}
    while labels := connection.execute(sa.text(LABELS), after).all():
        lines = connection.execute(sa.text(LINES), after).all()
        by_session = {key: [row[2] for row in rows] for key, rows in groupby(lines, key=lambda row: tuple(row[:2]))}
        for (application, session), rows in groupby(labels, key=lambda row: tuple(row[:2])):
            left = by_session.get((application, session), [])
            after |= {"application": application, "session": session}
            for _, _, label, amount, minor_digits in rows:
                parts = allocate(amount, left, 10 ** (4 - minor_digits))
                left = [share - part for share, part in zip(left, parts, strict=True)]
                shares = [f"[{position}, {part}]" for position, part in enumerate(parts) if part]
                parameters = {"application": application, "session": session, "label": label}
                connection.execute(store, {**parameters, "shares": f"[{', '.join(shares)}]"})


def allocate(amount: int, weights: Sequence[int], step: int) -> list[int]:
    """Split an amount in proportion to weights, in multiples of ``step``, by largest remainder; ties to the first."""
    units, total = amount // step, sum(weights)
    if not total:
        return [0] * len(weights)
    parts, remainders = zip(*(divmod(units * weight, total) for weight in weights), strict=True)
    shares = list(parts)
    largest = sorted(range(len(weights)), key=lambda position: -remainders[position])
    for position in largest[: units - sum(shares)]:
        shares[position] += 1
    return [share * step for share in shares]


def downgrade() -> None:
    """Drop the tables in the opposite order, and the columns."""
    for table in (
        "posting",
        "redemption",
        "limit_counter",
        "campaign_limit",
        "code",
        "campaign_label",
        "campaign_revision",
        "campaign",
    ):
        op.drop_table(table)
    if op.get_context().dialect.name == "postgresql":
        for sequence in SEQUENCES:
            op.execute(sa.schema.DropSequence(sa.Sequence(sequence)))
    for column in ("campaign_id", "campaign_name", "revision", "shares"):
        op.drop_column("session_discount", column)
    op.drop_column("customer_session", "evaluation")
    op.drop_column("application", "campaigns_version")
