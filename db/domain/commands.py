"""What can be asked for, as values. A field that was left out is UNSET; None clears it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from db.domain.attributes import AttributeDefinition, AttributeEntity, UnknownAttributes
from db.domain.cart import CartLine, ReturnRequest
from db.domain.discounts import Discount
from db.domain.lifecycle import SessionState
from db.domain.money import RoundingMode


class Unset(Enum):
    """The type of UNSET."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionContent:
    """What a shopper's integration may set on an open session. Lists replace the whole list; attributes merge."""

    profile_id: str | Unset | None = UNSET
    coupon: str | Unset | None = UNSET
    referral: str | Unset | None = UNSET
    cart_items: Sequence[CartLine] | Unset | None = UNSET
    identifiers: Sequence[str] | Unset | None = UNSET
    attributes: Mapping[str, Any] | Unset | None = UNSET
    discounts: Sequence[Discount] | Unset | None = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCommand:
    """Names the session, and says how a repeat is known."""

    application_id: int
    integration_id: str
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSession(SessionCommand):
    """A new session, OPEN or CLOSED."""

    state: SessionState = SessionState.OPEN
    content: SessionContent = field(default_factory=SessionContent)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateSession(SessionCommand):
    """New content for an open session."""

    content: SessionContent = field(default_factory=SessionContent)
    expected_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpsertSession(SessionCommand):
    """An update where the session exists, a creation where it does not."""

    content: SessionContent = field(default_factory=SessionContent)


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseSession(SessionCommand):
    """The purchase is made."""

    expected_total: Decimal | None = None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelSession(SessionCommand):
    """The purchase is off."""

    reason: str | None = None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnItems(SessionCommand):
    """Units that come back."""

    items: Sequence[ReturnRequest]
    expected_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateProfile:
    """Attributes of a profile, which merge by name. A profile that is not known is made."""

    application_id: int
    integration_id: str
    attributes: Mapping[str, Any]
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateAttributeDefinition:
    """A new attribute of an application."""

    application_id: int
    definition: AttributeDefinition


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateAttributeDefinition:
    """What may change in an attribute; its type is fixed, and values that are set stay as they are."""

    application_id: int
    entity: AttributeEntity
    name: str
    description: str | Unset | None = UNSET
    allowed_values: Sequence[str] | Unset | None = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSessionToken:
    """What opens one session, for so many seconds; the rest of what a token says is no matter of the session."""

    application_id: int
    integration_id: str
    expires_in: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateApplication:
    """A new owner of sessions. ``currency`` is an ISO 4217 code, ``time_zone`` an IANA name."""

    name: str
    currency: str
    time_zone: str = "UTC"
    rounding_mode: RoundingMode = RoundingMode.HALF_UP
    unknown_attributes: UnknownAttributes = UnknownAttributes.REJECT


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateApplication:
    """New settings of an application; its currency and rounding are fixed."""

    application_id: int
    name: str | Unset = UNSET
    time_zone: str | Unset = UNSET
    unknown_attributes: UnknownAttributes | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateKey:
    """A new key. An ADMIN key belongs to no application; any other to one."""

    application_id: int | None
    name: str
    role: str
    expires: datetime | None = None
