"""The evaluation of a session: which discounts its campaigns give, to which lines, and why."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from decimal import Decimal

from db.domain.decimals import format_decimal
from db.domain.money import allocate_units, from_units
from db.domain.promotions.allocated_discount import AllocatedDiscount, DiscountSource, pair_shares, sum_shares
from db.domain.promotions.allocation import cut_manual
from db.domain.promotions.basket import Basket
from db.domain.promotions.campaign import Campaign, Stacking
from db.domain.promotions.campaign_result import STORED, CampaignOutcome, CampaignResult
from db.domain.promotions.code_outcome import CodeOutcome, make_code_outcome
from db.domain.promotions.eligibility import Counters, Reason
from db.domain.promotions.facts import EvaluationSettings, SessionFacts
from db.domain.promotions.failure import Failure
from db.domain.promotions.manual_discounts import make_manual
from db.domain.promotions.redemption import Redemption, make_redemption
from db.domain.promotions.reward import Message, Offer
from db.domain.promotions.trial import Trial, make_results, try_campaign

STOPPED = Reason(CampaignOutcome.STOPPED)


@dataclass(frozen=True, slots=True)
class Information:
    """An offer or a message that a rule makes."""

    campaign_id: int
    label: str
    content: Offer | Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The result of evaluating a session. Discounts are in the order of their labels, ``shares`` of the lines.

    The results are in the order in which the campaigns were evaluated, each campaign's in the order of its rules.
    """

    at: datetime
    discounts: tuple[AllocatedDiscount, ...]
    discount_total: Decimal
    shares: tuple[Decimal, ...]
    coupon: CodeOutcome | None
    referral: CodeOutcome | None
    results: tuple[CampaignResult, ...]
    information: tuple[Information, ...]
    redemptions: tuple[Redemption, ...]

    @property
    def stored_results(self) -> tuple[CampaignResult, ...]:
        """The results that are stored with the session. The others are for a preview alone."""
        ids = {outcome.campaign_id for outcome in (self.coupon, self.referral) if outcome}
        return tuple(result for result in self.results if result.outcome in STORED or result.campaign_id in ids)


def evaluate(
    session: SessionFacts,
    campaigns: Iterable[Campaign],
    counters: Counters,
    at: datetime,
    settings: EvaluationSettings,
) -> Evaluation:
    """Evaluate a session at an instant.

    All ``campaigns`` are evaluated, whatever their state. A counter that is missing from ``counters`` stands at 0;
    counters of discounts are in minor units.
    """
    basket = Basket(session, settings, local_time(at, settings.time_zone))
    discounts = give_manual(basket)
    trials: list[Trial] = []
    redemptions: list[Redemption] = []
    taken = set(session.manual)
    stopped = False
    for group in group_campaigns(campaigns):
        if stopped:
            trials.extend(Trial(campaign, reasons=[(None, STOPPED)]) for campaign in group)
            continue
        members = [try_campaign(campaign, basket, taken, counters, at) for campaign in group]
        trials.extend(members)
        winner = choose_winner(members, settings.minor_digits)
        if winner is None:
            continue
        winner.commit(basket)
        given = make_discounts(winner, basket)
        redemptions.append(make_redemption(winner, given, basket))
        discounts.extend(given)
        taken.update(award.rule.label for award in winner.awards)
        stopped = winner.campaign.stacking is Stacking.STOP
    return make_evaluation(basket, at, discounts, trials, redemptions)


def local_time(at: datetime, time_zone: tzinfo) -> datetime:
    """Return the wall clock of a time zone; that of UTC for the first and last hours that a datetime can have."""
    try:
        return at.astimezone(time_zone)
    except OverflowError:
        return at.astimezone(UTC)


def give_manual(basket: Basket) -> list[AllocatedDiscount]:
    """Take the caller's discounts off the basket, cut to its total, and return them."""
    if not basket.session.manual:
        return []
    digits = basket.minor_digits
    amounts = cut_manual(basket.session.manual, basket.room, digits)
    shares = allocate_units(sum(amounts.values()), basket.gross)
    basket.take_manual(shares)
    return make_manual(amounts, shares, digits)


def group_campaigns(campaigns: Iterable[Campaign]) -> Iterator[Sequence[Campaign]]:
    """Yield the campaigns in their order, each ``bestOf`` group as a whole at its first member's place."""
    ordered = sorted(campaigns, key=lambda campaign: (campaign.rank, campaign.id))
    groups: dict[str | int, list[Campaign]] = {}
    for campaign in ordered:
        key = campaign.id if campaign.best_of is None else campaign.best_of
        groups.setdefault(key, []).append(campaign)
    yield from groups.values()


def choose_winner(members: Sequence[Trial], minor_digits: int) -> Trial | None:
    """Return the trial with the greatest amount, the first of equal ones, and withdraw the discounts of the others.

    A campaign that only makes offers and messages does not compete.
    """
    competing = [trial for trial in members if trial.awards]
    if len(competing) < 2:
        return competing[0] if competing else None
    winner = max(competing, key=lambda trial: trial.units)
    for trial in competing:
        if trial is not winner:
            amounts = [format_decimal(from_units(each.units, minor_digits), minor_digits) for each in (winner, trial)]
            trial.give_nothing(Reason(CampaignOutcome.BETTER_OFFER, Failure(("bestOf",), *amounts)))
    return winner


def make_discounts(trial: Trial, basket: Basket) -> list[AllocatedDiscount]:
    """Return the awards of a campaign as discounts."""
    return [
        AllocatedDiscount(
            units=award.units,
            shares=pair_shares(award.claim.positions, award.shares),
            minor_digits=basket.minor_digits,
            label=award.rule.label,
            source=DiscountSource.CAMPAIGN,
            campaign_id=trial.campaign.id,
            campaign_name=trial.campaign.name,
            revision=trial.campaign.revision,
        )
        for award in trial.awards
    ]


def make_evaluation(
    basket: Basket,
    at: datetime,
    discounts: Sequence[AllocatedDiscount],
    trials: Sequence[Trial],
    redemptions: Sequence[Redemption],
) -> Evaluation:
    """Put the parts of an evaluation together."""
    session, digits = basket.session, basket.minor_digits
    zero = from_units(0, digits)
    results = {trial.campaign.id: make_results(trial, digits, zero) for trial in trials}
    return Evaluation(
        at=at,
        discounts=tuple(sorted(discounts, key=lambda discount: discount.label)),
        discount_total=from_units(basket.given, digits),
        shares=tuple([from_units(units, digits) for units in sum_shares(discounts, len(basket.lines))]),
        coupon=make_code_outcome(session.coupon, session.coupon_code, results),
        referral=make_code_outcome(session.referral, session.referral_code, results),
        results=tuple([result for each in results.values() for result in each]),
        information=tuple(
            [
                Information(trial.campaign.id, rule.label, content)
                for trial in trials
                for rule, content in trial.information
            ]
        ),
        redemptions=tuple(redemptions),
    )
