"""Commands on campaigns, coupons and referrals. UNSET leaves a field as it is; None clears it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from db.domain.commands import UNSET, Unset
from db.domain.promotions.campaign_state import CampaignState
from db.domain.promotions.code_pattern import DEFAULT_CHARACTERS

MAX_GENERATED = 10_000  # codes at once
MAX_IMPORTED = 1_000
DEFAULT_PATTERN = "########"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionCommand:
    """A command in one application. With the same idempotency key it is carried out once."""

    application_id: int
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateCampaign(PromotionCommand):
    """Create a campaign. ``content`` has the shape of CreateCampaignInput, without applicationId and state."""

    content: Mapping[str, Any]
    state: CampaignState = CampaignState.DRAFT


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateCampaign(PromotionCommand):
    """Change a campaign. ``changes`` are fields of its content; None clears a field that can be null."""

    campaign_id: int
    changes: Mapping[str, Any]
    state: CampaignState | None = None
    expected_revision: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateCode(PromotionCommand):
    """The fields of a new code."""

    campaign_id: int
    starts: datetime | None = None
    ends: datetime | None = None
    usage_limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateCoupon(CreateCode):
    """Create one coupon. Only the recipient can use it, if there is one."""

    code: str
    recipient_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateReferral(CreateCode):
    """Create one referral, with a random code if none is given."""

    advocate_id: str
    code: str | None = None
    friend_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateCoupons(CreateCode):
    """Create coupons with random codes."""

    count: int
    batch: str
    pattern: str = DEFAULT_PATTERN
    characters: str = DEFAULT_CHARACTERS


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCoupons(CreateCode):
    """Create coupons with given codes."""

    codes: Sequence[str]
    batch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateCode(PromotionCommand):
    """Change a code."""

    code_id: int
    starts: datetime | Unset | None = UNSET
    ends: datetime | Unset | None = UNSET
    usage_limit: int | Unset | None = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateCoupon(UpdateCode):
    """Change a coupon."""

    recipient_id: str | Unset | None = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateReferral(UpdateCode):
    """Change a referral."""

    friend_id: str | Unset | None = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class EndCoupons(PromotionCommand):
    """End all coupons of a batch now."""

    campaign_id: int
    batch: str
