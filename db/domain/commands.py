"""Commands: the inputs of operations. UNSET leaves a field as it is; None clears it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from db.domain.attribute_definition import AttributeDefinition, AttributeEntity, UnknownAttributes
from db.domain.cart import CartLine, LineName, ReturnRequest
from db.domain.lifecycle import SessionState
from db.domain.money import RoundingMode


class Unset(Enum):
    """The type of UNSET."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET


@dataclass(frozen=True, slots=True)
class Discount:
    """One discount. The amount is a whole number of minor units, 0 or more."""

    label: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionContent:
    """The fields that can be set on an open session. A list replaces the whole list; attributes merge by name."""

    profile_id: str | Unset | None = UNSET
    coupon: str | Unset | None = UNSET
    referral: str | Unset | None = UNSET
    cart_items: Sequence[CartLine] | Unset | None = UNSET
    identifiers: Sequence[str] | Unset | None = UNSET
    attributes: Mapping[str, Any] | Unset | None = UNSET
    discounts: Sequence[Discount] | Unset | None = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCommand:
    """Identifies the session. A command with the same idempotency key is carried out once."""

    application_id: int
    integration_id: str
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSession(SessionCommand):
    """Create a session, OPEN or CLOSED. ``require_coupon`` is checked if it is CLOSED."""

    state: SessionState = SessionState.OPEN
    require_coupon: bool = False
    content: SessionContent = field(default_factory=SessionContent)
    expected_net_total: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateSession(SessionCommand):
    """Set content of an open session."""

    content: SessionContent = field(default_factory=SessionContent)
    expected_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpsertSession(SessionCommand):
    """Update the session, or create it if it does not exist."""

    content: SessionContent = field(default_factory=SessionContent)


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseSession(SessionCommand):
    """Close the session: the purchase is complete."""

    expected_total: Decimal | None = None
    require_coupon: bool = False
    expected_net_total: Decimal | None = None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelSession(SessionCommand):
    """Cancel the session."""

    reason: str | None = None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnItems(SessionCommand):
    """Return units of cart lines."""

    items: Sequence[ReturnRequest]
    expected_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewSession:
    """Evaluate a session without storing it: a new one, or an existing one with new content.

    With ``campaign_ids`` only these campaigns are evaluated, in whatever state they are. Without ``at`` it is now.
    """

    application_id: int
    integration_id: str | None = None
    content: SessionContent = field(default_factory=SessionContent)
    at: datetime | None = None
    campaign_ids: Sequence[int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineChange:
    """New values of one cart line. The quantity 0 removes the line; quantity and price cannot be cleared."""

    line: LineName
    quantity: int | Unset | None = UNSET
    price: Decimal | Unset | None = UNSET
    name: str | Unset | None = UNSET
    category: str | Unset | None = UNSET
    product_name: str | Unset | None = UNSET
    weight: Decimal | Unset | None = UNSET
    height: Decimal | Unset | None = UNSET
    width: Decimal | Unset | None = UNSET
    length: Decimal | Unset | None = UNSET
    attributes: Mapping[str, Any] | Unset | None = UNSET

    @property
    def sets_attributes(self) -> bool:
        """Whether attributes are set or cleared."""
        return self.attributes is not UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class AddCartItems(SessionCommand):
    """Put lines into the cart. A line whose item is in the cart adds to the quantity there."""

    items: Sequence[CartLine]
    expected_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateCartItems(SessionCommand):
    """Change lines of the cart."""

    items: Sequence[LineChange]
    expected_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveCartItems(SessionCommand):
    """Remove lines of the cart."""

    lines: Sequence[LineName]
    expected_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeSessions:
    """Put the lines of one session into another, and cancel the first. The version is that of the other."""

    application_id: int
    from_integration_id: str
    into_integration_id: str
    expected_version: int | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateProfile:
    """Merge attributes into a profile by name; the profile is created if it does not exist."""

    application_id: int
    integration_id: str
    attributes: Mapping[str, Any]
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateAttributeDefinition:
    """Define an attribute of an application."""

    application_id: int
    definition: AttributeDefinition


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateAttributeDefinition:
    """Change a definition's description or allowed values. Stored values stay as they are."""

    application_id: int
    entity: AttributeEntity
    name: str
    description: str | Unset | None = UNSET
    allowed_values: Sequence[str] | Unset | None = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSessionToken:
    """Create a token for one session; ``expires_in`` is in seconds."""

    application_id: int
    integration_id: str
    expires_in: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateApplication:
    """Create an application. ``currency`` is an ISO 4217 code, ``time_zone`` an IANA name."""

    name: str
    currency: str
    time_zone: str = "UTC"
    rounding_mode: RoundingMode = RoundingMode.HALF_UP
    unknown_attributes: UnknownAttributes = UnknownAttributes.REJECT


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateApplication:
    """Change settings of an application; its currency and rounding mode cannot change."""

    application_id: int
    name: str | Unset = UNSET
    time_zone: str | Unset = UNSET
    unknown_attributes: UnknownAttributes | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateKey:
    """Create an API key. An ADMIN key has no application; any other has one."""

    application_id: int | None
    name: str
    role: str
    expires: datetime | None = None
