"""A redemption: the discount of one campaign for one closed session, and its postings to counters."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from db.domain.promotions.allocated_discount import AllocatedDiscount, LineShares, pair_shares, sum_shares
from db.domain.promotions.basket import Basket
from db.domain.promotions.code import Code
from db.domain.promotions.limit import CounterKey, LimitMeasure
from db.domain.promotions.trial import Trial


class Posting(NamedTuple):
    """An addition to a counter: 1 use, or a discount in minor units."""

    key: CounterKey
    amount: int


@dataclass(slots=True, kw_only=True)  # a frozen one takes more than twice as long to make
class Redemption(LineShares):
    """The discount that one campaign gives, with the code that it used."""

    campaign_id: int
    revision: int
    code: Code | None
    postings: tuple[Posting, ...]


def make_redemption(trial: Trial, discounts: Sequence[AllocatedDiscount], basket: Basket) -> Redemption:
    """Return the redemption of a campaign that gives these discounts. It is charged to all limits of the campaign."""
    units = trial.units
    return Redemption(
        units=units,
        shares=discounts[0].shares if len(discounts) == 1 else merge_shares(discounts, basket),
        minor_digits=basket.minor_digits,
        campaign_id=trial.campaign.id,
        revision=trial.campaign.revision,
        code=trial.code,
        postings=tuple(
            [Posting(charge.key, 1 if charge.limit.measure is LimitMeasure.USES else units) for charge in trial.charges]
        ),
    )


def merge_shares(discounts: Sequence[AllocatedDiscount], basket: Basket) -> tuple[tuple[int, int], ...]:
    """Return the sums of several discounts' shares by line."""
    return pair_shares(basket.positions, sum_shares(discounts, len(basket.lines)))
