"""Eligibility: what a campaign requires of a session before its rules are looked at."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from db.domain.promotions.basket import Basket
from db.domain.promotions.campaign import Campaign
from db.domain.promotions.campaign_result import CampaignOutcome
from db.domain.promotions.code import CampaignRequirement, Code
from db.domain.promotions.facts import SessionFacts
from db.domain.promotions.failure import Failure
from db.domain.promotions.limit import CounterKey, LimitMeasure
from db.domain.times import format_time

Counters = Mapping[CounterKey, int]

ANYWHERE = Failure(())


class Reason(NamedTuple):
    """The reason for which a campaign or one of its rules gives nothing."""

    outcome: CampaignOutcome
    failure: Failure = ANYWHERE
    counter: CounterKey | None = None


def find_reason(campaign: Campaign, basket: Basket, counters: Counters, at: datetime) -> Reason | None:
    """Return the first reason for which a campaign gives nothing, whatever its rules are."""
    if reason := window_reason(campaign.starts, campaign.ends, at):
        return reason
    code = campaign_code(campaign, basket.session)
    if code is not None:
        if reason := code_reason(code, basket.session, at):
            return reason
    elif campaign.requires is not CampaignRequirement.NOTHING:
        return Reason(CampaignOutcome.NO_CODE, Failure(("requires",), campaign.requires.name))
    return limit_reason(campaign, code, basket, counters) if campaign.limits or code else None


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
    """Return the reason for which a session cannot use a code: its window, or whom it is for."""
    if reason := window_reason(code.starts, code.ends, at):
        return Reason(reason.outcome)  # the path of the window would lead into the campaign's input
    if code.advocate is not None and code.advocate == session.profile_id:
        return Reason(CampaignOutcome.SELF_REFERRAL)
    for intended in (code.recipient, code.friend):
        if intended is not None and intended != session.profile_id:
            return Reason(CampaignOutcome.OTHER_RECIPIENT)
    return None


def limit_reason(campaign: Campaign, code: Code | None, basket: Basket, counters: Counters) -> Reason | None:
    """Return the reason for which a limit excludes a use: no subject, or no use left."""
    local = basket.local.date()
    keys = [limit.counter_keys(campaign.id, basket.session, local) for limit in campaign.limits]
    for limit, subjects in zip(campaign.limits, keys, strict=True):
        if not subjects:
            path = ("limits", str(limit.index), "per")
            return Reason(CampaignOutcome.SUBJECT_MISSING, Failure(path, limit.per.name))
    if code and code.used_up:
        return Reason(CampaignOutcome.LIMIT_REACHED)
    for limit, subjects in zip(campaign.limits, keys, strict=True):
        if limit.measure is LimitMeasure.USES:
            for key in subjects:
                left = limit.max - counters.get(key, 0)
                if left < 1:
                    path = ("limits", str(limit.index), "max")
                    return Reason(CampaignOutcome.LIMIT_REACHED, Failure(path, "1", str(left)), key)
    return None
