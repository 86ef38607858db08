"""Webhooks."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Sequence
from sqlmodel import Field

from db.domain.webhook import WebhookState
from db.tables.base import CLUSTERED, Row, belongs_to
from db.tables.columns import CodePoints, Json, UtcTime, by_value

Sequence("webhook_id", metadata=Row.metadata)  # PostgreSQL only, see customer_session.py


class WebhookRow(Row, table=True):
    """A webhook, and its place in the application's history.

    All events up to ``after_id`` have been acknowledged. Of the events after it, ``acknowledged`` lists the IDs of
    those that have been, and ``retries`` those whose attempts have failed. ``types`` holds names of ``EventType``.
    ``secrets`` lists the secrets that sign, each with the time at which it stops, the newest first. ``revision`` counts
    the changes by clients. The process ``lease_holder`` sends the events until ``lease_until``.
    """

    __tablename__ = "webhook"
    __table_args__ = (
        belongs_to("application"),
        CheckConstraint("after_id >= 0", "after_id"),
        CheckConstraint("failures >= 0", "failures"),
        CLUSTERED,
    )

    application_id: int = Field(primary_key=True)
    id: int = Field(primary_key=True, sa_type=BigInteger)
    url: str = Field(sa_type=CodePoints)
    document: str = Field(sa_type=CodePoints)
    types: list[str] | None = Field(default=None, sa_type=Json)
    state: WebhookState = Field(sa_type=by_value(WebhookState, "state"))
    secrets: list[Any] = Field(sa_type=Json)
    after_id: int = Field(sa_type=BigInteger)
    acknowledged: list[int] = Field(sa_type=Json)
    retries: list[Any] = Field(sa_type=Json)
    failures: int = 0
    last_attempt: datetime | None = Field(default=None, sa_type=UtcTime)
    last_status: int | None = None
    last_error: str | None = Field(default=None, sa_type=CodePoints)
    next_attempt: datetime | None = Field(default=None, sa_type=UtcTime)
    created: datetime = Field(sa_type=UtcTime)
    revision: int = 1
    lease_holder: str | None = Field(default=None, sa_type=CodePoints)
    lease_until: datetime | None = Field(default=None, sa_type=UtcTime)
