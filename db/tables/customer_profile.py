"""Profiles and attribute definitions."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index
from sqlmodel import Field

from db.domain.attribute_definition import AttributeEntity, AttributeType
from db.tables.base import CLUSTERED, Row, belongs_to
from db.tables.columns import CodePoints, Json, UtcTime, by_value


class CustomerProfileRow(Row, table=True):
    """A customer. ``updated`` is when the profile itself last changed, not its sessions.

    ``closed_sessions`` counts the sessions that are a sale. The sum of their totals can exceed a BIGINT of
    ten-thousandths, so it is stored in two parts: ``sales_whole`` units, and ``sales_fraction`` ten-thousandths.
    """

    __tablename__ = "customer_profile"
    __table_args__ = (
        belongs_to("application"),
        Index(None, "application_id", "created", "integration_id"),
        CheckConstraint("closed_sessions >= 0", "closed_sessions"),
        CheckConstraint("sales_whole >= 0 AND sales_fraction >= 0", "sales"),
        CLUSTERED,
    )

    application_id: int = Field(primary_key=True)
    integration_id: str = Field(primary_key=True, sa_type=CodePoints)
    created: datetime = Field(sa_type=UtcTime)
    updated: datetime = Field(sa_type=UtcTime)
    attributes: dict[str, Any] = Field(sa_type=Json)
    closed_sessions: int = 0
    sales_whole: int = Field(default=0, sa_type=BigInteger)
    sales_fraction: int = Field(default=0, sa_type=BigInteger)


class AttributeDefinitionRow(Row, table=True):
    """An attribute that an application has defined for one entity type."""

    __tablename__ = "attribute_definition"
    __table_args__ = (belongs_to("application"), CLUSTERED)

    application_id: int = Field(primary_key=True)
    entity: AttributeEntity = Field(primary_key=True, sa_type=by_value(AttributeEntity, "entity"))
    name: str = Field(primary_key=True, sa_type=CodePoints)
    type: AttributeType = Field(sa_type=by_value(AttributeType, "type"))
    description: str = Field(sa_type=CodePoints)
    allowed_values: list[str] | None = Field(default=None, sa_type=Json)
    editable: bool
    created: datetime = Field(sa_type=UtcTime)
