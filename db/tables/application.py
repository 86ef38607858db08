"""Applications and their API keys."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from db.domain.attribute_definition import UnknownAttributes
from db.domain.money import RoundingMode
from db.tables.base import CLUSTERED, Row, belongs_to
from db.tables.columns import CodePoints, UtcTime, by_value


class KeyRole(StrEnum):
    """A key's permissions. READER reads; WRITER also changes; ADMIN does everything, in every application."""

    READER = "reader"
    WRITER = "writer"
    ADMIN = "admin"


class ApplicationRow(Row, table=True):
    """An application: it owns sessions and sets their currency and rules.

    ``campaigns_version`` is 0 without campaigns. Each change that can change the evaluation of a session raises it.
    """

    __tablename__ = "application"
    __table_args__ = (CheckConstraint("minor_digits BETWEEN 0 AND 4", "minor_digits"),)

    application_id: int = Field(primary_key=True)
    name: str = Field(sa_type=CodePoints)
    currency: str
    minor_digits: int
    time_zone: str
    rounding_mode: RoundingMode = Field(sa_type=by_value(RoundingMode, "rounding_mode"))
    unknown_attributes: UnknownAttributes = Field(sa_type=by_value(UnknownAttributes, "unknown_attributes"))
    created: datetime = Field(sa_type=UtcTime)
    campaigns_version: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class ApiKeyRow(Row, table=True):
    """An API key, found by application and prefix and verified by the hash of its secret.

    An ADMIN key is for all applications; its ``application_id`` is 0, and so there is no foreign key.
    """

    __tablename__ = "api_key"
    __table_args__ = (CheckConstraint("(role = 'admin') = (application_id = 0)", "scope"), CLUSTERED)

    application_id: int = Field(primary_key=True)
    prefix: str = Field(primary_key=True, sa_type=CodePoints)
    name: str = Field(sa_type=CodePoints)
    role: KeyRole = Field(sa_type=by_value(KeyRole, "role"))
    secret_hash: bytes
    created: datetime = Field(sa_type=UtcTime)
    expires: datetime | None = Field(default=None, sa_type=UtcTime)
    revoked: datetime | None = Field(default=None, sa_type=UtcTime)
    last_used: datetime | None = Field(default=None, sa_type=UtcTime)


class TokenSecretRow(Row, table=True):
    """The secret with which a key signs session tokens, created with its first token."""

    __tablename__ = "token_secret"
    __table_args__ = (belongs_to("api_key", prefix="prefix"), CLUSTERED)

    application_id: int = Field(primary_key=True)
    prefix: str = Field(primary_key=True, sa_type=CodePoints)
    secret: bytes
