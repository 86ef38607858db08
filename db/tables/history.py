"""The history of sessions: events, returns and idempotency records."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, Sequence, UniqueConstraint
from sqlmodel import Field

from db.domain.events import EventType
from db.domain.lifecycle import SessionState
from db.tables.base import CLUSTERED, Row, belongs_to
from db.tables.columns import Amount, CodePoints, ExactJson, Json, UtcTime, by_value

Sequence("session_event_id", metadata=Row.metadata)  # PostgreSQL only, see customer_session.py


class SessionEventRow(Row, table=True):
    """An accepted change. ``version`` numbers the events of a session, ``id`` those of all sessions.

    ``merged_with`` is the integration ID of the other session of a merge.
    """

    __tablename__ = "session_event"
    __table_args__ = (
        belongs_to("customer_session", session_id="id"),
        UniqueConstraint("application_id", "id"),
        CheckConstraint("version >= 1", "version"),
        CLUSTERED,
    )

    application_id: int = Field(primary_key=True)
    session_id: int = Field(primary_key=True, sa_type=BigInteger)
    version: int = Field(primary_key=True)
    id: int = Field(sa_type=BigInteger)
    type: EventType = Field(sa_type=by_value(EventType, "type"))
    occurred: datetime = Field(sa_type=UtcTime)
    actor: str = Field(sa_type=CodePoints)
    state: SessionState = Field(sa_type=by_value(SessionState, "state"))
    from_state: SessionState | None = Field(default=None, sa_type=by_value(SessionState, "from_state"))
    total: Decimal = Field(sa_type=Amount)
    discount_total: Decimal = Field(sa_type=Amount)
    reason: str | None = Field(default=None, sa_type=CodePoints)
    merged_with: str | None = Field(default=None, sa_type=CodePoints)
    changed_fields: list[str] = Field(sa_type=Json)
    changes: dict[str, Any] = Field(sa_type=ExactJson)


class SessionReturnRow(Row, table=True):
    """A return, identified by the version of the session that it created."""

    __tablename__ = "session_return"
    __table_args__ = (
        belongs_to("session_event", session_id="session_id", version="version"),
        CheckConstraint("amount >= 0", "amount"),
        CLUSTERED,
    )

    application_id: int = Field(primary_key=True)
    session_id: int = Field(primary_key=True, sa_type=BigInteger)
    version: int = Field(primary_key=True)
    created: datetime = Field(sa_type=UtcTime)
    amount: Decimal = Field(sa_type=Amount)


class ReturnedItemRow(Row, table=True):
    """The units of one cart line that were returned in one return."""

    __tablename__ = "returned_item"
    __table_args__ = (
        belongs_to("session_return", session_id="session_id", version="version"),
        belongs_to("cart_item", session_id="session_id", position="position"),
        CheckConstraint("quantity >= 1", "quantity"),
        CheckConstraint("amount >= 0", "amount"),
        CLUSTERED,
    )

    application_id: int = Field(primary_key=True)
    session_id: int = Field(primary_key=True, sa_type=BigInteger)
    version: int = Field(primary_key=True)
    position: int = Field(primary_key=True)
    quantity: int
    amount: Decimal = Field(sa_type=Amount)


class IdempotencyRow(Row, table=True):
    """A change with an idempotency key: the hash of its input, and the outcome that a repeat answers with."""

    __tablename__ = "idempotency"
    __table_args__ = (belongs_to("application"), Index(None, "application_id", "created"), CLUSTERED)

    application_id: int = Field(primary_key=True)
    key_prefix: str = Field(primary_key=True, sa_type=CodePoints)
    idempotency_key: str = Field(primary_key=True, sa_type=CodePoints)
    input_hash: bytes
    outcome: dict[str, Any] = Field(sa_type=Json)
    created: datetime = Field(sa_type=UtcTime)
