"""Codes: coupons and referrals."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, Sequence, UniqueConstraint, text
from sqlmodel import Field

from db.domain.promotions.code import CodeKind
from db.tables.base import CLUSTERED, Row, belongs_to
from db.tables.columns import CodePoints, UtcTime, by_value


def code_index(*columns: str, where: str | None = None) -> Index:
    """Return an index for lists of codes, in the order of the normalized code, of the rows that meet a condition."""
    condition = text(where) if where else None
    columns = ("application_id", *columns, "normalized")
    return Index(None, *columns, sqlite_where=condition, postgresql_where=condition)


Sequence("code_id", metadata=Row.metadata)  # PostgreSQL only, see customer_session.py


class CodeRow(Row, table=True):
    """A coupon or a referral. ``code`` is as it was created, ``normalized`` the text by which it is found.

    ``used`` counts the closed sessions that used it, less those that were cancelled. Recipient, advocate and friend are
    profile IDs; the profiles need not exist yet.
    """

    __tablename__ = "code"
    __table_args__ = (
        UniqueConstraint("application_id", "kind", "normalized"),
        belongs_to("campaign", campaign_id="id"),
        code_index("campaign_id"),
        code_index("kind", "batch", where="batch IS NOT NULL"),
        code_index("kind", "recipient_id", where="recipient_id IS NOT NULL"),
        code_index("kind", "used"),
        CheckConstraint("used >= 0", "used"),
        CheckConstraint("usage_limit >= 1", "usage_limit"),
        CheckConstraint("ends > starts", "ends"),
        CheckConstraint("(kind = 'referral') = (advocate_id IS NOT NULL)", "advocate_id"),
        CheckConstraint("kind = 'referral' OR friend_id IS NULL", "friend_id"),
        CheckConstraint("kind = 'coupon' OR (recipient_id IS NULL AND batch IS NULL)", "recipient_id"),
        CLUSTERED,
    )

    application_id: int = Field(primary_key=True)
    id: int = Field(primary_key=True, sa_type=BigInteger)
    kind: CodeKind = Field(sa_type=by_value(CodeKind, "kind"))
    code: str = Field(sa_type=CodePoints)
    normalized: str = Field(sa_type=CodePoints)
    campaign_id: int = Field(sa_type=BigInteger)
    recipient_id: str | None = Field(default=None, sa_type=CodePoints)
    advocate_id: str | None = Field(default=None, sa_type=CodePoints)
    friend_id: str | None = Field(default=None, sa_type=CodePoints)
    starts: datetime | None = Field(default=None, sa_type=UtcTime)
    ends: datetime | None = Field(default=None, sa_type=UtcTime)
    usage_limit: int | None = None
    used: int
    batch: str | None = Field(default=None, sa_type=CodePoints)
    created: datetime = Field(sa_type=UtcTime)
