"""Eligibility: the requirements of a campaign that are checked before its rules."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from db.domain.promotions.basket import Basket
from db.domain.promotions.campaign import Campaign
from db.domain.promotions.campaign_result import CampaignOutcome
from db.domain.promotions.code import CampaignRequirement, Code
from db.domain.promotions.facts import SessionFacts
from db.domain.promotions.failure import Failure
from db.domain.promotions.limit import CounterKey, Limit, LimitMeasure
from db.domain.times import format_time

Counters = Mapping[CounterKey, int]

ANYWHERE = Failure(())


class Charge(NamedTuple):
    """A counter that a campaign is charged to, and the rest of its limit: uses, or minor units of discount."""

    limit: Limit
    key: CounterKey
    left: int


class Reason(NamedTuple):
    """The reason for which a campaign or one of its rules gives no discount."""

    outcome: CampaignOutcome
    failure: Failure = ANYWHERE
    counter: CounterKey | None = None


def find_reason(
    campaign: Campaign, code: Code | None, charges: Sequence[Charge], basket: Basket, at: datetime
) -> Reason | None:
    """Return the first reason for which none of a campaign's rules can apply."""
    if reason := window_reason(campaign.starts, campaign.ends, at):
        return reason
    if code is not None:
        if reason := code_reason(code, basket.session, at):
            return reason
    elif campaign.requires is not CampaignRequirement.NOTHING:
        return Reason(CampaignOutcome.NO_CODE, Failure(("requires",), campaign.requires.name))
    for limit in campaign.limits:
        if not basket.subjects[limit.per]:
            return Reason(CampaignOutcome.SUBJECT_MISSING, Failure((*limit.path, "per"), limit.per.name))
    if code is not None and code.used_up:
        return Reason(CampaignOutcome.LIMIT_REACHED)
    for limit, key, left in charges:
        if limit.measure is LimitMeasure.USES and left < 1:
            return Reason(CampaignOutcome.LIMIT_REACHED, Failure((*limit.path, "max"), "1", str(left)), key)
    return None


def make_charges(campaign: Campaign, basket: Basket, counters: Counters) -> list[Charge]:
    """Return the counters of all limits of a campaign that the session is charged to."""
    return [
        Charge(limit, key, limit.max - counters.get(key, 0))
        for limit in campaign.limits
        for key in limit.counter_keys(campaign.id, basket.subjects, basket.period_starts)
    ]


def campaign_code(campaign: Campaign, session: SessionFacts) -> Code | None:
    """Return the session's code for a campaign, if it has one."""
    match campaign.requires:
        case CampaignRequirement.NOTHING:
            return None
        case CampaignRequirement.COUPON:
            code = session.coupon_code
        case CampaignRequirement.REFERRAL:
            code = session.referral_code
    return code if code and code.campaign_id == campaign.id else None


def window_reason(starts: datetime | None, ends: datetime | None, at: datetime) -> Reason | None:
    """Return the reason for which an instant is outside a half-open window."""
    if starts is not None and at < starts:
        return Reason(CampaignOutcome.NOT_STARTED, Failure(("starts",), format_time(starts), format_time(at)))
    if ends is not None and at >= ends:
        return Reason(CampaignOutcome.ENDED, Failure(("ends",), format_time(ends), format_time(at)))
    return None


def code_reason(code: Code, session: SessionFacts, at: datetime) -> Reason | None:
    """Return the reason for which a session cannot use a code: its window, or its recipient."""
    if reason := window_reason(code.starts, code.ends, at):
        return Reason(reason.outcome)  # the path of the window would lead into the campaign's input
    if code.advocate is not None and code.advocate == session.profile_id:
        return Reason(CampaignOutcome.SELF_REFERRAL)
    for intended in (code.recipient, code.friend):
        if intended is not None and intended != session.profile_id:
            return Reason(CampaignOutcome.OTHER_RECIPIENT)
    return None
