"""The outcome of a session's coupon or referral."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from db.domain.promotions.campaign_result import GIVEN, CampaignResult
from db.domain.promotions.campaign_state import CampaignState
from db.domain.promotions.code import Code


class CodeStatus(StrEnum):
    """The outcome of a session's coupon or referral. The values are stored in the database."""

    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    NOT_STARTED = "not_started"
    ENDED = "ended"
    PAUSED = "paused"
    OTHER_RECIPIENT = "other_recipient"
    SELF_REFERRAL = "self_referral"
    LIMIT_REACHED = "limit_reached"
    SUBJECT_MISSING = "subject_missing"
    CONDITION_FAILED = "condition_failed"
    NO_MATCHING_LINE = "no_matching_line"
    BETTER_OFFER = "better_offer"
    STOPPED = "stopped"
    LABEL_TAKEN = "label_taken"
    NO_EFFECT = "no_effect"


# The status of a code whose campaign is not evaluated, by the campaign's state. An ACTIVE campaign is left out of a
# preview alone, which names the campaigns that it evaluates.
NOT_EVALUATED: Mapping[CampaignState, CodeStatus] = {
    CampaignState.DRAFT: CodeStatus.NOT_STARTED,
    CampaignState.ACTIVE: CodeStatus.UNKNOWN,
    CampaignState.PAUSED: CodeStatus.PAUSED,
    CampaignState.ARCHIVED: CodeStatus.ENDED,
}

CODE_MESSAGES: Mapping[CodeStatus, str] = {
    CodeStatus.ACCEPTED: "The code is accepted.",
    CodeStatus.UNKNOWN: "There is no such code.",
    CodeStatus.NOT_STARTED: "The code is not valid yet.",
    CodeStatus.ENDED: "The code is no longer valid.",
    CodeStatus.PAUSED: "The code cannot be used at the moment.",
    CodeStatus.OTHER_RECIPIENT: "The code is for another customer.",
    CodeStatus.SELF_REFERRAL: "A customer cannot use a referral of their own.",
    CodeStatus.LIMIT_REACHED: "The code cannot be used again.",
    CodeStatus.SUBJECT_MISSING: "The code needs a customer or an identifier.",
    CodeStatus.CONDITION_FAILED: "The session does not meet the condition of the code.",
    CodeStatus.NO_MATCHING_LINE: "The cart has nothing that the code applies to.",
    CodeStatus.BETTER_OFFER: "Another discount gives more.",
    CodeStatus.STOPPED: "The code cannot be combined with another discount.",
    CodeStatus.LABEL_TAKEN: "The session has another discount with the same label.",
    CodeStatus.NO_EFFECT: "The code takes nothing off.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeOutcome:
    """The outcome of a session's coupon or referral. ``code`` is as entered."""

    code: str
    status: CodeStatus
    campaign_id: int | None

    @property
    def message(self) -> str:
        """One sentence for a person."""
        return CODE_MESSAGES[self.status]


def make_code_outcome(
    entered: str | None, code: Code | None, results: Mapping[int, Sequence[CampaignResult]]
) -> CodeOutcome | None:
    """Return the outcome of a code, or None if none was entered. ``results`` are those of each evaluated campaign.

    The code is accepted if any rule of its campaign applies; otherwise the first reason counts.
    """
    if entered is None:
        return None
    if code is None:
        return CodeOutcome(code=entered, status=CodeStatus.UNKNOWN, campaign_id=None)
    found = results.get(code.campaign_id)
    if found is None:
        status = NOT_EVALUATED[code.campaign_state]
    elif any(result.outcome in GIVEN for result in found):
        status = CodeStatus.ACCEPTED
    elif not found:  # the campaign has no rules
        status = CodeStatus.NO_EFFECT
    else:
        # NO_CODE has no counterpart: a campaign that requires the other kind of code has none of this kind.
        status = CodeStatus.__members__.get(found[0].outcome.name, CodeStatus.UNKNOWN)
    return CodeOutcome(code=entered, status=status, campaign_id=code.campaign_id)
