"""GraphQL enums of promotions, with their descriptions."""

from db.domain.promotions.allocated_discount import DiscountSource
from db.domain.promotions.campaign import Stacking
from db.domain.promotions.campaign_result import CampaignOutcome
from db.domain.promotions.campaign_state import CampaignState
from db.domain.promotions.code import CampaignRequirement
from db.domain.promotions.code_outcome import CodeStatus
from db.domain.promotions.limit import LimitMeasure, LimitPeriod, LimitSubject, WhenShort
from graphql_api.types.enums import described

described(
    CampaignState,
    "The state of a campaign. It starts DRAFT or ACTIVE.",
    DRAFT="The campaign is being written. It gives no discounts. It can be activated or archived.",
    ACTIVE="The campaign gives discounts. It can be paused or archived.",
    PAUSED="The campaign gives no discounts for now. It can be activated again or archived.",
    ARCHIVED="The campaign has ended for good. It cannot change any more.",
)
described(
    Stacking,
    "Whether campaigns that come later still apply after a campaign gave a discount.",
    STACK="Later campaigns still apply.",
    STOP="Later campaigns do not apply: their outcome is STOPPED.",
)
described(
    CampaignRequirement,
    "The code that a session needs for a campaign.",
    NOTHING="None: the campaign applies to every session that meets its conditions.",
    COUPON="A coupon of the campaign.",
    REFERRAL="A referral of the campaign.",
)
described(
    LimitMeasure,
    "The quantity that a limit bounds.",
    USES="The number of closed sessions to which the campaign gave a discount.",
    DISCOUNT="The sum of the discounts that the campaign gave, less what was returned.",
)
described(
    LimitSubject,
    "The subject that a limit counts for.",
    CAMPAIGN="All sessions together.",
    PROFILE="Each customer. A session without a profileId does not get the campaign.",
    IDENTIFIER="Each identifier of the session. A session without identifiers does not get the campaign.",
)
described(
    LimitPeriod,
    "The period after which a limit starts again from 0, by the calendar in the application's time zone.",
    EVER="Never: all uses count.",
    DAY="Each day.",
    WEEK="Each week, from Monday on.",
    MONTH="Each month.",
    YEAR="Each year.",
)
described(
    WhenShort,
    "The effect of a limit if less is left of it than a session would use.",
    SKIP="The campaign gives no discount.",
    CUT="The discount is cut to what is left. Only a limit of DISCOUNT can do this.",
)
described(
    DiscountSource,
    "The source of a discount.",
    MANUAL="The caller gave it as one of the session's discounts.",
    CAMPAIGN="A campaign gave it.",
)
described(
    CodeStatus,
    "The outcome of a session's coupon or referral. A session token gets UNKNOWN in place of PAUSED, OTHER_RECIPIENT"
    " and LIMIT_REACHED, so that codes cannot be guessed.",
    ACCEPTED="A rule of its campaign applies.",
    UNKNOWN="The application has no such code.",
    NOT_STARTED="The code or its campaign starts later.",
    ENDED="The code or its campaign has ended.",
    PAUSED="Its campaign is paused.",
    OTHER_RECIPIENT="The code is for another customer.",
    SELF_REFERRAL="The customer is the advocate of the referral.",
    LIMIT_REACHED="The code or its campaign has no use left, or too little discount.",
    SUBJECT_MISSING="A limit of the campaign counts for each customer or identifier, and the session has none.",
    CONDITION_FAILED="The session does not meet the condition of the campaign's first rule.",
    NO_MATCHING_LINE="The cart has no line that the campaign's first rule applies to.",
    BETTER_OFFER="Another campaign of the group gives more.",
    STOPPED="A campaign that came before excludes those that come later.",
    LABEL_TAKEN="The session has another discount with the label of the campaign's first rule.",
    NO_EFFECT="The code takes nothing off.",
)
described(
    CampaignOutcome,
    "The outcome of a rule, or of a whole campaign.",
    APPLIED="The rule applies.",
    CUT="The rule applies, and its discount is cut to what a limit has left.",
    NOT_STARTED="The campaign or the session's code for it starts later.",
    ENDED="The campaign or the session's code for it has ended.",
    NO_CODE="The session has no code of the campaign, which requires one.",
    OTHER_RECIPIENT="The session's code is for another customer.",
    SELF_REFERRAL="The customer is the advocate of the referral.",
    CONDITION_FAILED="The session does not meet the rule's condition: path names the test that fails.",
    NO_MATCHING_LINE="The cart has no line that the rule applies to.",
    SUBJECT_MISSING="A limit counts for each customer or identifier, and the session has none.",
    LIMIT_REACHED="A limit of the campaign or of the code has too little left.",
    BETTER_OFFER="Another campaign of the group gives more.",
    STOPPED="A campaign that came before excludes those that come later.",
    LABEL_TAKEN="The session has another discount with the rule's label.",
    NO_EFFECT="The rule takes nothing off.",
)
