"""The facts that an evaluation sees: the session's content, its profile, its codes, and the application's settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from decimal import Decimal
from typing import Any

from db.domain.cart import CartLine
from db.domain.money import ZERO, RoundingMode
from db.domain.promotions.code import Code


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationSettings:
    """The settings of an application that an evaluation depends on."""

    minor_digits: int
    rounding: RoundingMode
    time_zone: tzinfo


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileFacts:
    """A profile as it was before this session: its closed sessions, and the sum of their net totals."""

    id: str
    closed_sessions: int = 0
    total_sales: Decimal = ZERO
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFacts:
    """A session's content. ``manual`` are the discounts that the caller gave; ``profile`` is None for a guest.

    ``coupon`` and ``referral`` are as entered, ``coupon_code`` and ``referral_code`` the codes that they stand for.
    """

    cart: Sequence[CartLine] = ()
    manual: Mapping[str, Decimal] = field(default_factory=dict)
    profile: ProfileFacts | None = None
    first_session: bool = True
    identifiers: Sequence[str] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    coupon: str | None = None
    referral: str | None = None
    coupon_code: Code | None = None
    referral_code: Code | None = None

    @property
    def profile_id(self) -> str | None:
        """The profile's ID, or None for a guest."""
        return self.profile.id if self.profile else None
