"""Profiles and attribute definitions."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field

from db.domain.attribute_definition import AttributeEntity, AttributeType
from db.tables.base import CLUSTERED, Row, belongs_to
from db.tables.columns import CodePoints, Json, UtcTime, by_value
from db.tables.long_text import LONG, head, keep_digest


class CustomerProfileRow(Row, table=True):
    """A customer. ``updated`` is when the profile itself last changed, not its sessions."""

    __tablename__ = "customer_profile"
    __table_args__ = (
        belongs_to("application"),
        Index("ix_customer_profile_application_id_integration_id", "application_id", head("integration_id")).ddl_if(
            dialect="postgresql"
        ),
        CLUSTERED,
    )

    application_id: int = Field(primary_key=True)
    integration_id: str = Field(primary_key=True, sa_type=LONG)
    created: datetime = Field(sa_type=UtcTime)
    updated: datetime = Field(sa_type=UtcTime)
    attributes: dict[str, Any] = Field(sa_type=Json)


keep_digest(
    Row.metadata.tables["customer_profile"],
    "integration_id",
    "digest",
    "DROP CONSTRAINT pk_customer_profile, ADD CONSTRAINT pk_customer_profile PRIMARY KEY (application_id, digest)",
)


class AttributeDefinitionRow(Row, table=True):
    """An attribute that an application has defined for one kind of entity."""

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
