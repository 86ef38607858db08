"""Campaigns with their revisions, reserved labels and limits, and the counters of the limits."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, Sequence, UniqueConstraint, text
from sqlmodel import Field

from db.domain.promotions.campaign import Stacking
from db.domain.promotions.campaign_state import CampaignState
from db.domain.promotions.code import CampaignRequirement
from db.domain.promotions.limit import LimitMeasure, LimitPeriod, LimitSubject, WhenShort
from db.tables.base import CLUSTERED, Row, belongs_to
from db.tables.columns import Amount, CodePoints, ExactJson, UtcTime, by_value

ACTIVE = text("state = 'active'")

# PostgreSQL only, see customer_session.py
Sequence("campaign_id", metadata=Row.metadata)
Sequence("campaign_limit_id", metadata=Row.metadata)


class CampaignRow(Row, table=True):
    """A campaign. ``revision`` is the newest; the columns from ``name`` to ``requires`` repeat parts of its content."""

    __tablename__ = "campaign"
    __table_args__ = (
        UniqueConstraint("application_id", "name"),
        belongs_to("application"),
        Index(None, "application_id", "rank", "id"),
        Index(None, "application_id", "state", "rank", "id"),
        Index(None, "application_id", "requires", "rank", "id", sqlite_where=ACTIVE, postgresql_where=ACTIVE),
        CheckConstraint("revision >= 1", "revision"),
        CheckConstraint("ends > starts", "ends"),
        CheckConstraint("updated >= created", "updated"),
        CLUSTERED,
    )

    application_id: int = Field(primary_key=True)
    id: int = Field(primary_key=True, sa_type=BigInteger)
    name: str = Field(sa_type=CodePoints)
    notes: str | None = Field(default=None, sa_type=CodePoints)
    starts: datetime | None = Field(default=None, sa_type=UtcTime)
    ends: datetime | None = Field(default=None, sa_type=UtcTime)
    rank: int
    stacking: Stacking = Field(sa_type=by_value(Stacking, "stacking"))
    best_of: str | None = Field(default=None, sa_type=CodePoints)
    requires: CampaignRequirement = Field(sa_type=by_value(CampaignRequirement, "requires"))
    state: CampaignState = Field(sa_type=by_value(CampaignState, "state"))
    revision: int
    created: datetime = Field(sa_type=UtcTime)
    updated: datetime = Field(sa_type=UtcTime)


class CampaignRevisionRow(Row, table=True):
    """The content of a campaign from one change of it on. It has the shape of CreateCampaignInput and never changes."""

    __tablename__ = "campaign_revision"
    __table_args__ = (
        belongs_to("campaign", campaign_id="id"),
        CheckConstraint("revision >= 1", "revision"),
        CLUSTERED,
    )

    application_id: int = Field(primary_key=True)
    campaign_id: int = Field(primary_key=True, sa_type=BigInteger)
    revision: int = Field(primary_key=True)
    content: dict[str, Any] = Field(sa_type=ExactJson)
    created: datetime = Field(sa_type=UtcTime)


class CampaignLabelRow(Row, table=True):
    """The label of a rule of a campaign that is ACTIVE or PAUSED. The key reserves it within the application."""

    __tablename__ = "campaign_label"
    __table_args__ = (
        belongs_to("campaign", campaign_id="id"),
        Index(None, "application_id", "campaign_id"),
        CLUSTERED,
    )

    application_id: int = Field(primary_key=True)
    label: str = Field(primary_key=True, sa_type=CodePoints)
    campaign_id: int = Field(sa_type=BigInteger)


class CampaignLimitRow(Row, table=True):
    """A limit of a campaign, identified by measure, subject and period over all revisions.

    ``max`` is a number of uses or an amount. ``position`` is the place in the newest revision, or null if it has no
    such limit any more: the counters remain, and count again if a later revision has it.
    """

    __tablename__ = "campaign_limit"
    __table_args__ = (
        UniqueConstraint("application_id", "campaign_id", "measure", "per", "period"),
        belongs_to("campaign", campaign_id="id"),
        CheckConstraint("position >= 0", "position"),
        CheckConstraint("max >= 0", "max"),
        CheckConstraint("measure = 'discount' OR when_short = 'skip'", "cut"),
        CLUSTERED,
    )

    application_id: int = Field(primary_key=True)
    id: int = Field(primary_key=True, sa_type=BigInteger)
    campaign_id: int = Field(sa_type=BigInteger)
    measure: LimitMeasure = Field(sa_type=by_value(LimitMeasure, "measure"))
    per: LimitSubject = Field(sa_type=by_value(LimitSubject, "per"))
    period: LimitPeriod = Field(sa_type=by_value(LimitPeriod, "period"))
    position: int | None = None
    max: Decimal = Field(sa_type=Amount)
    when_short: WhenShort = Field(sa_type=by_value(WhenShort, "when_short"))


class LimitCounterRow(Row, table=True):
    """The use of a limit by one subject in one period: the sum of its postings.

    ``subject`` is empty if the limit is for the whole campaign. ``starts`` is the local date on which the period
    begins, and empty if it is EVER.
    """

    __tablename__ = "limit_counter"
    __table_args__ = (
        belongs_to("campaign_limit", limit_id="id"),
        CheckConstraint("used >= 0", "used"),
        CLUSTERED,
    )

    application_id: int = Field(primary_key=True)
    limit_id: int = Field(primary_key=True, sa_type=BigInteger)
    subject: str = Field(primary_key=True, sa_type=CodePoints)
    starts: str = Field(primary_key=True, sa_type=CodePoints)
    used: Decimal = Field(sa_type=Amount)
