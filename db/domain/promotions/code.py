"""Codes: coupons and referrals. They are printable ASCII, compared without surrounding blanks and in upper case."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from db.domain.errors import InvalidInput, Refusal
from db.domain.promotions.campaign_state import CampaignState

MAX_CODE = 100
PRINTABLE = re.compile(r"[ -~]+")


class CodeKind(StrEnum):
    """The kind of a code. The values are stored in the database."""

    COUPON = "coupon"
    REFERRAL = "referral"


class CampaignRequirement(StrEnum):
    """The code that a session needs for a campaign. The values are stored in the database."""

    NOTHING = "nothing"
    COUPON = "coupon"
    REFERRAL = "referral"


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A coupon or a referral, with the uses that closed sessions have made of it.

    A coupon may have a recipient. A referral has an advocate, and may have a friend. Either is a profile ID.
    """

    kind: CodeKind
    code: str
    campaign_id: int
    id: int = 0  # assigned by the database
    campaign_state: CampaignState = CampaignState.ACTIVE
    starts: datetime | None = None
    ends: datetime | None = None
    usage_limit: int | None = None
    used: int = 0
    recipient: str | None = None
    advocate: str | None = None
    friend: str | None = None

    @property
    def used_up(self) -> bool:
        """Whether no use is left."""
        return self.usage_limit is not None and self.used >= self.usage_limit


def normalize(entered: str) -> str | None:
    """Return the text by which a code is found, or None if no code can be equal to ``entered``.

    The test for ASCII comes first, since the upper case of some other letters is ASCII.
    """
    trimmed = entered.strip()
    return trimmed.upper() if PRINTABLE.fullmatch(trimmed) and len(entered) <= MAX_CODE else None


def code_problems(code: str, path: tuple[str, ...]) -> Sequence[Refusal]:
    """Return the refusal of a new code that is blank, too long or not printable ASCII."""
    if not 1 <= len(code) <= MAX_CODE:
        problem = f"Expected 1 to {MAX_CODE} characters, got {len(code)}."
    elif not PRINTABLE.fullmatch(code):
        problem = "Expected printable ASCII characters only."
    elif not code.strip():
        problem = "Expected a code, got only blanks."
    else:
        return ()
    return [InvalidInput(path=path, problem=problem)]


def requirement_problems(kind: CodeKind, requires: CampaignRequirement) -> Sequence[Refusal]:
    """Return the refusal of a code for a campaign that does not require a code of its kind."""
    if requires.name == kind.name:
        return ()
    problem = f"Expected a campaign that requires {kind.name}; this one requires {requires.name}."
    return [InvalidInput(path=("campaignId",), problem=problem)]


def window_problems(starts: datetime | None, ends: datetime | None) -> Sequence[Refusal]:
    """Return the refusal of an end that is not after the start. The window of a campaign or a code is half open."""
    if starts is None or ends is None or starts < ends:
        return ()
    return [InvalidInput(path=("ends",), problem="Expected a time after starts.")]


def usage_limit_problems(usage_limit: int | None) -> Sequence[Refusal]:
    """Return the refusal of a usage limit below 1."""
    if usage_limit is None or usage_limit >= 1:
        return ()
    return [InvalidInput(path=("usageLimit",), problem=f"Expected 1 or more, got {usage_limit}.")]
