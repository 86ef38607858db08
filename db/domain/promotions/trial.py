"""The trial of one campaign: the discounts that it would give at one point of an evaluation."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from db.domain import money
from db.domain.decimals import format_decimal
from db.domain.promotions.allocation import spread
from db.domain.promotions.basket import Basket, Point
from db.domain.promotions.campaign import Campaign
from db.domain.promotions.campaign_result import CampaignOutcome, CampaignResult
from db.domain.promotions.code import Code
from db.domain.promotions.eligibility import Charge, Counters, Reason, campaign_code, find_reason, make_charges
from db.domain.promotions.failure import Failure
from db.domain.promotions.limit import LimitMeasure, WhenShort
from db.domain.promotions.reward import Claim, Message, Offer
from db.domain.promotions.rule import Rule


@dataclass(slots=True)
class Award:
    """The discount of one rule, in minor units, and all that is needed to cut it."""

    rule: Rule
    claim: Claim
    capacities: Sequence[int]
    units: int
    shares: Sequence[int]

    def cut(self, units: int) -> None:
        """Reduce the award to a number of units, spread by the same amounts."""
        self.units, self.shares = units, spread(units, self.claim.weights, self.capacities)


@dataclass(slots=True)
class Trial:
    """The discounts that one campaign would give. ``reasons`` has one element for each rule, or one for all."""

    campaign: Campaign
    code: Code | None = None
    charges: Sequence[Charge] = ()
    reasons: list[tuple[Rule | None, Reason]] = field(default_factory=list)
    awards: list[Award] = field(default_factory=list)
    information: list[tuple[Rule, Offer | Message]] = field(default_factory=list)
    after: Point | None = None  # the basket with all awards taken off, unless they were cut

    @property
    def units(self) -> int:
        """The sum of the awards in minor units."""
        return sum([award.units for award in self.awards])

    def give_nothing(self, reason: Reason) -> None:
        """Withdraw all discounts of the campaign, for one reason."""
        self.reasons, self.awards, self.information = [(None, reason)], [], []

    def commit(self, basket: Basket) -> None:
        """Take the awards off the basket, which is as it was at the trial."""
        if self.after is not None:
            basket.restore(self.after)
            return
        for award in self.awards:
            basket.take(award.claim.positions, award.shares)


APPLIED = Reason(CampaignOutcome.APPLIED)
INFORMATION = (Offer, Message)  # rewards that take nothing off


def try_campaign(campaign: Campaign, basket: Basket, taken: Collection[str], counters: Counters, at: datetime) -> Trial:
    """Return the discounts that a campaign would give. The basket stays as it was. ``taken`` are the labels in use."""
    code, charges = campaign_code(campaign, basket.session), make_charges(campaign, basket, counters)
    trial = Trial(campaign, code, charges)
    if reason := find_reason(campaign, code, charges, basket, at):
        trial.give_nothing(reason)
        return trial
    point = basket.save()
    for rule in campaign.rules:
        trial.reasons.append((rule, apply_rule(rule, basket, taken, trial)))
    trial.after = basket.save()
    basket.restore(point)
    if trial.awards and charges:
        apply_limits(trial, basket.minor_digits)
    return trial


def apply_rule(rule: Rule, basket: Basket, taken: Collection[str], trial: Trial) -> Reason:
    """Add what a rule gives to the trial, and take it off the basket. Return the reason."""
    if rule.label in taken:
        return Reason(CampaignOutcome.LABEL_TAKEN, Failure((*rule.path, "label")))
    if rule.when is not None and (failure := rule.when(basket)):
        return Reason(CampaignOutcome.CONDITION_FAILED, failure)
    positions = basket.positions if rule.lines is None else rule.lines(basket.lines, basket.positions)
    reward = rule.reward
    if isinstance(reward, INFORMATION):
        if rule.lines is not None and not positions:
            return Reason(CampaignOutcome.NO_MATCHING_LINE, Failure((*rule.path, "lines")))
        trial.information.append((rule, reward))
        return APPLIED
    if not positions:
        return Reason(CampaignOutcome.NO_MATCHING_LINE, Failure((*rule.path, "lines")))
    award = make_award(rule, reward(basket, positions), basket)
    if not award.units:
        return Reason(CampaignOutcome.NO_EFFECT, Failure((*rule.path, "reward")))
    basket.take(award.claim.positions, award.shares)
    trial.awards.append(award)
    return APPLIED


def make_award(rule: Rule, claim: Claim, basket: Basket) -> Award:
    """Bound a claim by the rule's maximum and by what the cart has left, and spread it over the lines."""
    nets, step = basket.nets, basket.step
    capacities = [nets[i] // step if weight else 0 for i, weight in zip(claim.positions, claim.weights, strict=True)]
    units = min(claim.units, sum(capacities), basket.room)
    if rule.max_amount is not None:
        units = min(units, rule.max_amount)
    return Award(rule, claim, capacities, units, spread(units, claim.weights, capacities))


def apply_limits(trial: Trial, minor_digits: int) -> None:
    """Cut the awards to what limits of discounts with CUT have left; withdraw them if one with SKIP has too little."""
    charges = [charge for charge in trial.charges if charge.limit.measure is LimitMeasure.DISCOUNT]
    units = trial.units
    if all(charge.left >= units for charge in charges):
        return
    cutting = [charge for charge in charges if charge.limit.when_short is WhenShort.CUT]
    tightest = min(cutting, key=lambda charge: charge.left, default=None)
    if tightest and tightest.left < trial.units:
        if tightest.left <= 0:
            trial.give_nothing(limit_reached(CampaignOutcome.LIMIT_REACHED, trial.units, tightest, minor_digits))
            return
        cut_awards(trial, tightest, minor_digits)
    for charge in charges:
        if charge.limit.when_short is WhenShort.SKIP and charge.left < trial.units:
            trial.give_nothing(limit_reached(CampaignOutcome.LIMIT_REACHED, trial.units, charge, minor_digits))
            return


def cut_awards(trial: Trial, charge: Charge, minor_digits: int) -> None:
    """Cut the awards to what a counter has left for all of them, from the last rule back."""
    total, reasons = trial.units, {}
    excess = total - charge.left
    for award in reversed(trial.awards):
        if not excess:
            break
        cut = min(award.units, excess)
        excess -= cut
        outcome = CampaignOutcome.CUT if cut < award.units else CampaignOutcome.LIMIT_REACHED
        reasons[award.rule.label] = limit_reached(outcome, total, charge, minor_digits)
        award.cut(award.units - cut)
    trial.awards = [award for award in trial.awards if award.units]
    trial.after = None
    trial.reasons = [(rule, reasons.get(rule.label, reason) if rule else reason) for rule, reason in trial.reasons]


def limit_reached(outcome: CampaignOutcome, needed: int, charge: Charge, minor_digits: int) -> Reason:
    """Return the reason that names a limit of discounts with too little left."""
    texts = [format_decimal(money.from_units(units, minor_digits), minor_digits) for units in (needed, charge.left)]
    return Reason(outcome, Failure((*charge.limit.path, "max"), *texts), charge.key)


def make_results(trial: Trial, minor_digits: int, zero: Decimal) -> list[CampaignResult]:
    """Return the outcome of each rule, or of the whole campaign. ``zero`` is the amount of one that gives nothing."""
    amounts = {award.rule.label: money.from_units(award.units, minor_digits) for award in trial.awards}
    campaign = trial.campaign
    return [
        CampaignResult(
            campaign_id=campaign.id,
            revision=campaign.revision,
            label=rule.label if rule else None,
            outcome=reason.outcome,
            amount=amounts.get(rule.label, zero) if rule else zero,
            path=reason.failure.path,
            needed=reason.failure.needed,
            actual=reason.failure.actual,
            counter=reason.counter,
        )
        for rule, reason in trial.reasons
    ]
