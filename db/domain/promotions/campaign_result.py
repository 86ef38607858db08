"""Outcomes: the reasons for which rules and campaigns applied or did not."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from db.domain.promotions.limit import CounterKey


class CampaignOutcome(StrEnum):
    """The outcome of a rule or of a whole campaign. The values are stored in the database."""

    APPLIED = "applied"
    CUT = "cut"
    NOT_STARTED = "not_started"
    ENDED = "ended"
    NO_CODE = "no_code"
    OTHER_RECIPIENT = "other_recipient"
    SELF_REFERRAL = "self_referral"
    CONDITION_FAILED = "condition_failed"
    NO_MATCHING_LINE = "no_matching_line"
    SUBJECT_MISSING = "subject_missing"
    LIMIT_REACHED = "limit_reached"
    BETTER_OFFER = "better_offer"
    STOPPED = "stopped"
    LABEL_TAKEN = "label_taken"
    NO_EFFECT = "no_effect"


GIVEN = frozenset({CampaignOutcome.APPLIED, CampaignOutcome.CUT})

# The outcomes that are stored with a session; a preview has them all. Those of a code's campaign are stored too.
STORED = GIVEN | {
    CampaignOutcome.LIMIT_REACHED,
    CampaignOutcome.BETTER_OFFER,
    CampaignOutcome.STOPPED,
    CampaignOutcome.LABEL_TAKEN,
}

CAMPAIGN_MESSAGES: Mapping[CampaignOutcome, str] = {
    CampaignOutcome.APPLIED: "The rule applies.",
    CampaignOutcome.CUT: "The discount is cut to what a limit has left.",
    CampaignOutcome.NOT_STARTED: "The campaign or its code has not started.",
    CampaignOutcome.ENDED: "The campaign or its code has ended.",
    CampaignOutcome.NO_CODE: "The session has no code of this campaign.",
    CampaignOutcome.OTHER_RECIPIENT: "The code is for another customer.",
    CampaignOutcome.SELF_REFERRAL: "The customer cannot use a referral of their own.",
    CampaignOutcome.CONDITION_FAILED: "The session does not meet the condition.",
    CampaignOutcome.NO_MATCHING_LINE: "The cart has no line that the rule applies to.",
    CampaignOutcome.SUBJECT_MISSING: "The session has no profile or no identifier for a limit to count.",
    CampaignOutcome.LIMIT_REACHED: "A limit of the campaign or of its code has too little left.",
    CampaignOutcome.BETTER_OFFER: "Another campaign of the group gives more.",
    CampaignOutcome.STOPPED: "A campaign before this one excludes those that come later.",
    CampaignOutcome.LABEL_TAKEN: "The session has another discount with this label.",
    CampaignOutcome.NO_EFFECT: "The rule takes nothing off.",
}


@dataclass(slots=True, kw_only=True)  # a frozen one takes more than twice as long to make
class CampaignResult:
    """The outcome of one rule, or of the whole campaign if ``label`` is None.

    ``path`` leads into the campaign's input, to the first test that fails; ``needed`` and ``actual`` are its values.
    ``counter`` is the counter that has too little left.
    """

    campaign_id: int
    revision: int
    label: str | None
    outcome: CampaignOutcome
    amount: Decimal
    path: tuple[str, ...] = ()
    needed: str | None = None
    actual: str | None = None
    counter: CounterKey | None = None

    @property
    def message(self) -> str:
        """One or two sentences for a person."""
        message = CAMPAIGN_MESSAGES[self.outcome]
        if self.needed is None:
            return message
        actual = "nothing" if self.actual is None else self.actual
        return f"{message} {', '.join(self.path)}: needs {self.needed}, has {actual}."
