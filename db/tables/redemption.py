"""Redemptions: the discounts that campaigns gave to closed sessions, and their postings to counters."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlmodel import Field

from db.tables.base import CLUSTERED, Row, belongs_to
from db.tables.columns import Amount, CodePoints, Json, UtcTime

WITH_CODE = text("code_id IS NOT NULL")


class RedemptionRow(Row, table=True):
    """The discount that one campaign gave one closed session. The session has no foreign key: it may be deleted first.

    ``shares`` lists [position, ten-thousandths] for each line with a share. ``reversed`` is when the session was
    cancelled.
    """

    __tablename__ = "redemption"
    __table_args__ = (
        belongs_to("campaign_revision", campaign_id="campaign_id", revision="revision"),
        belongs_to("code", code_id="id"),
        Index(None, "application_id", "campaign_id", "created", "session_id"),
        Index(
            None,
            *("application_id", "code_id", "created", "session_id"),
            sqlite_where=WITH_CODE,
            postgresql_where=WITH_CODE,
        ),
        CheckConstraint("amount > 0", "amount"),
        CheckConstraint("returned_amount >= 0 AND returned_amount <= amount", "returned_amount"),
        CLUSTERED,
    )

    application_id: int = Field(primary_key=True)
    session_id: int = Field(primary_key=True, sa_type=BigInteger)
    campaign_id: int = Field(primary_key=True, sa_type=BigInteger)
    revision: int
    code_id: int | None = Field(default=None, sa_type=BigInteger)
    amount: Decimal = Field(sa_type=Amount)
    returned_amount: Decimal = Field(sa_type=Amount)
    shares: list[list[int]] = Field(sa_type=Json)
    created: datetime = Field(sa_type=UtcTime)
    reversed: datetime | None = Field(default=None, sa_type=UtcTime)


class PostingRow(Row, table=True):
    """The addition of a redemption to a counter: 1 use, or the discount, less what was returned; 0 once reversed."""

    __tablename__ = "posting"
    __table_args__ = (
        belongs_to("redemption", session_id="session_id", campaign_id="campaign_id"),
        belongs_to("limit_counter", limit_id="limit_id", subject="subject", starts="starts"),
        CheckConstraint("amount >= 0", "amount"),
        CLUSTERED,
    )

    application_id: int = Field(primary_key=True)
    session_id: int = Field(primary_key=True, sa_type=BigInteger)
    campaign_id: int = Field(primary_key=True, sa_type=BigInteger)
    limit_id: int = Field(primary_key=True, sa_type=BigInteger)
    subject: str = Field(primary_key=True, sa_type=CodePoints)
    starts: str = Field(primary_key=True, sa_type=CodePoints)
    amount: Decimal = Field(sa_type=Amount)
