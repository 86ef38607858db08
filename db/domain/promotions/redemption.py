"""A redemption: what one campaign gives one session, and its postings to counters. It is recorded at the close."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from db.domain.money import from_units
from db.domain.promotions.allocated_discount import Allocation, allocate_to_lines
from db.domain.promotions.basket import Basket
from db.domain.promotions.eligibility import campaign_code
from db.domain.promotions.limit import CounterKey, LimitMeasure
from db.domain.promotions.trial import Trial


class Posting(NamedTuple):
    """An addition to a counter: 1 use, or a discount in minor units."""

    key: CounterKey
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Redemption:
    """What one campaign gives. ``code`` is the code that it used, as it was created."""

    campaign_id: int
    revision: int
    code: str | None
    amount: Decimal
    allocations: tuple[Allocation, ...]
    postings: tuple[Posting, ...]


def make_redemption(trial: Trial, basket: Basket) -> Redemption:
    """Return the redemption of a campaign that gives something. All limits are posted to, of uses and of discounts."""
    campaign, units = trial.campaign, trial.units
    code = campaign_code(campaign, basket.session)
    local = basket.local.date()
    return Redemption(
        campaign_id=campaign.id,
        revision=campaign.revision,
        code=code.code if code else None,
        amount=from_units(units, basket.minor_digits),
        allocations=allocate_to_lines(basket.positions, sum_shares(trial, len(basket.lines)), basket.minor_digits),
        postings=tuple(
            Posting(key, 1 if limit.measure is LimitMeasure.USES else units)
            for limit in campaign.limits
            for key in limit.counter_keys(campaign.id, basket.session, local)
        ),
    )


def sum_shares(trial: Trial, lines: int) -> Sequence[int]:
    """Return the sum of each line's shares of the campaign's awards."""
    shares = [0] * lines
    for award in trial.awards:
        for position, share in zip(award.claim.positions, award.shares, strict=True):
            shares[position] += share
    return shares
