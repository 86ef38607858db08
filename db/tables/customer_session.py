"""Customer sessions with their cart lines, identifiers and discounts."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, Sequence, UniqueConstraint, text
from sqlmodel import Field

from db.domain.lifecycle import SessionState
from db.tables.base import CLUSTERED, Row, belongs_to
from db.tables.columns import Amount, CodePoints, Json, UtcTime, by_value


def list_index(*columns: str, where: str | None = None) -> Index:
    """Return an index for lists of sessions, by an order, or by a filter and then an order.

    ``where`` names a column that is null for many sessions; the index is partial, without these.
    """
    filled = text(f"{where} IS NOT NULL") if where else None
    return Index(None, "application_id", *columns, "id", sqlite_where=filled, postgresql_where=filled)


# PostgreSQL only: SQLite has the table last_id.
Sequence("customer_session_id", metadata=Row.metadata)


class CustomerSessionRow(Row, table=True):
    """A session. ``minor_digits`` is copied from its application, so that amounts are formatted without a join.

    ``evaluation`` is the newest evaluation of its promotions, or null if no campaign was evaluated.
    ``size`` is an upper bound of the bytes of JSON in which its texts, attributes, lines, discounts and returns can
    be answered once.
    """

    __tablename__ = "customer_session"
    __table_args__ = (
        UniqueConstraint("application_id", "integration_id"),
        belongs_to("application"),
        belongs_to("customer_profile", profile_id="integration_id"),
        list_index("created"),
        list_index("updated"),
        list_index("total"),
        list_index("state", "created"),
        list_index("first_session", "created"),
        list_index("profile_id", "updated", where="profile_id"),  # of two that fit, SQLite takes the later
        list_index("profile_id", "created", where="profile_id"),
        list_index("coupon", "created", where="coupon"),
        list_index("referral", "created", where="referral"),
        list_index("closed", where="closed"),
        CheckConstraint("version >= 1", "version"),
        CheckConstraint("total >= 0 AND total < 1000000000000000000", "total"),
        CheckConstraint("discount_total >= 0 AND discount_total <= total", "discount_total"),
        CheckConstraint("returned_total >= 0 AND returned_total <= total - discount_total", "returned_total"),
        CheckConstraint("updated >= created", "updated"),
        CheckConstraint("state IN ('open', 'cancelled') OR closed IS NOT NULL", "closed"),
        CheckConstraint("(state = 'cancelled') = (cancelled IS NOT NULL)", "cancelled"),
        CLUSTERED,
    )

    application_id: int = Field(primary_key=True)
    id: int = Field(primary_key=True, sa_type=BigInteger)
    integration_id: str = Field(sa_type=CodePoints)
    profile_id: str | None = Field(default=None, sa_type=CodePoints)
    state: SessionState = Field(sa_type=by_value(SessionState, "state"))
    version: int = 1
    first_session: bool
    minor_digits: int
    total: Decimal = Field(sa_type=Amount)
    discount_total: Decimal = Field(sa_type=Amount)
    returned_total: Decimal = Field(sa_type=Amount)
    created: datetime = Field(sa_type=UtcTime)
    updated: datetime = Field(sa_type=UtcTime)
    closed: datetime | None = Field(default=None, sa_type=UtcTime)
    cancelled: datetime | None = Field(default=None, sa_type=UtcTime)
    coupon: str | None = Field(default=None, sa_type=CodePoints)
    referral: str | None = Field(default=None, sa_type=CodePoints)
    attributes: dict[str, Any] = Field(sa_type=Json)
    evaluation: dict[str, Any] | None = Field(default=None, sa_type=Json)
    size: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class CartItemRow(Row, table=True):
    """A line of a session's cart. ``id`` stays with the line when it moves to another position."""

    __tablename__ = "cart_item"
    __table_args__ = (
        belongs_to("customer_session", session_id="id"),
        Index(None, "application_id", "sku", "session_id"),
        CheckConstraint("position >= 0", "position"),
        CheckConstraint("quantity >= 1", "quantity"),
        CheckConstraint("returned_quantity >= 0 AND returned_quantity <= quantity", "returned_quantity"),
        CheckConstraint("price >= 0", "price"),
        CheckConstraint("discount_share >= 0", "discount_share"),
        CheckConstraint("returned_total >= 0", "returned_total"),
        CLUSTERED,
    )

    application_id: int = Field(primary_key=True)
    session_id: int = Field(primary_key=True, sa_type=BigInteger)
    position: int = Field(primary_key=True)
    id: str = Field(sa_type=CodePoints)
    sku: str = Field(sa_type=CodePoints)
    name: str | None = Field(default=None, sa_type=CodePoints)
    quantity: int
    returned_quantity: int = 0
    price: Decimal = Field(sa_type=Amount)
    discount_share: Decimal = Field(sa_type=Amount)
    returned_total: Decimal = Field(sa_type=Amount)
    category: str | None = Field(default=None, sa_type=CodePoints)
    product_name: str | None = Field(default=None, sa_type=CodePoints)
    weight: Decimal | None = Field(default=None, sa_type=Amount)
    height: Decimal | None = Field(default=None, sa_type=Amount)
    width: Decimal | None = Field(default=None, sa_type=Amount)
    length: Decimal | None = Field(default=None, sa_type=Amount)
    attributes: dict[str, Any] = Field(sa_type=Json)


class IdentifierRow(Row, table=True):
    """An identifier of a session."""

    __tablename__ = "session_identifier"
    __table_args__ = (
        belongs_to("customer_session", session_id="id"),
        UniqueConstraint("application_id", "identifier", "session_id"),
        CheckConstraint("position >= 0", "position"),
        CLUSTERED,
    )

    application_id: int = Field(primary_key=True)
    session_id: int = Field(primary_key=True, sa_type=BigInteger)
    position: int = Field(primary_key=True)
    identifier: str = Field(sa_type=CodePoints)


class DiscountRow(Row, table=True):
    """A discount of a session. Of a discount that the caller gave, ``campaign_name`` and ``revision`` are null.

    ``campaign_name`` is the name at the evaluation; ``campaign_id`` is null if this database does not have the
    campaign. ``shares`` lists [position, ten-thousandths] for each line with a share. It is null for the only discount
    of a session: its shares are those of the lines.
    """

    __tablename__ = "session_discount"
    __table_args__ = (
        belongs_to("customer_session", session_id="id"),
        CheckConstraint("amount >= 0", "amount"),
        CLUSTERED,
    )

    application_id: int = Field(primary_key=True)
    session_id: int = Field(primary_key=True, sa_type=BigInteger)
    label: str = Field(primary_key=True, sa_type=CodePoints)
    amount: Decimal = Field(sa_type=Amount)
    campaign_id: int | None = Field(default=None, sa_type=BigInteger)
    campaign_name: str | None = Field(default=None, sa_type=CodePoints)
    revision: int | None = None
    shares: list[list[int]] | None = Field(default=None, sa_type=Json)
