"""Refusals of a close: a limit has too little left for the session's discounts, or the coupon is not accepted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from db.domain.decimals import format_decimal
from db.domain.errors import Refusal
from db.domain.promotions.allocated_discount import AllocatedDiscount
from db.domain.promotions.campaign_result import CampaignOutcome, CampaignResult
from db.domain.promotions.code_outcome import CodeOutcome
from db.domain.promotions.evaluation import Evaluation
from db.domain.promotions.limit import LimitSubject

SHORT = frozenset({CampaignOutcome.LIMIT_REACHED, CampaignOutcome.CUT})


@dataclass(frozen=True, kw_only=True)
class LimitReached(Refusal):
    """A limit has too little left for a discount that the session shows. ``per`` is None for the limit of a code.

    ``digits`` are the decimal places of ``used`` and ``max``, which are numbers of uses or amounts.
    """

    campaign_id: int
    per: LimitSubject | None
    subject: str | None
    used: Decimal
    max: Decimal
    digits: Mapping[str, int]
    actual_net_total: Decimal
    minor_digits: int
    application_id: int
    session_id: int

    @property
    def message(self) -> str:
        net = format_decimal(self.actual_net_total, self.minor_digits)
        return f"A limit has too little left for a discount that the session shows. To close it now costs {net}."


@dataclass(frozen=True, kw_only=True)
class CouponNotAccepted(Refusal):
    """The coupon of the session is not accepted. ``found`` is its outcome, or None if the session has no coupon."""

    found: CodeOutcome | None
    application_id: int
    path: tuple[str, ...] = ("requireCoupon",)

    @property
    def message(self) -> str:
        return self.found.message if self.found else "The session has no coupon."


def find_lost(shown: Sequence[AllocatedDiscount], evaluation: Evaluation) -> CampaignResult | None:
    """Return the first result with a smaller discount than the session shows, because a limit has too little left."""
    amounts: dict[int, dict[str, int]] = {}
    for each in shown:
        if each.campaign_id is not None:
            amounts.setdefault(each.campaign_id, {})[each.label] = each.units
    given: Mapping[str, int] = {each.label: each.units for each in evaluation.discounts}
    for result in evaluation.results:
        labels = amounts.get(result.campaign_id)
        if labels is None or result.outcome not in SHORT:
            continue
        if result.label is None or given.get(result.label, 0) < labels.get(result.label, 0):
            return result
    return None
