"""Evaluations of a session's promotions, stored with it or previewed."""

from datetime import datetime
from decimal import Decimal

import strawberry
from sqlalchemy import ColumnElement, Text, case, literal_column, or_

from db.domain.promotions.campaign_result import CampaignOutcome
from db.domain.promotions.code_outcome import CODE_MESSAGES, CodeStatus
from graphql_api.sql.fields import column, from_json, one, value
from graphql_api.sql.request import has_session_token
from graphql_api.sql.scope import Scope
from graphql_api.types.amounts import money
from graphql_api.types.campaign import Campaign
from graphql_api.types.redemption import its_campaign

# Statuses from which the holder of a session token could learn that a code exists: it gets UNKNOWN.
HIDDEN = (CodeStatus.PAUSED, CodeStatus.OTHER_RECIPIENT, CodeStatus.LIMIT_REACHED)
CAMPAIGN = "The campaign; null for a session token."
LABEL = "The label of the rule."
EMPTY = literal_column("'[]'", Text)


def unless_hidden(scope: Scope, name: str, unknown: str) -> ColumnElement[str]:
    """Return a field of a code's outcome; if the status is hidden, the value for an unknown code."""
    if not scope.plan_key(has_session_token):
        return scope.row[name]
    hidden = or_(*(scope.row["status"] == status.value for status in HIDDEN))
    return case((hidden, unknown), else_=scope.row[name])


@strawberry.type(description="The outcome of a session's coupon or referral.")
class CodeOutcome:
    code: str = column("The code as the shopper entered it.")
    status: CodeStatus = value(
        "Whether the code is accepted, or the reason why it is not.",
        lambda scope: unless_hidden(scope, "status", CodeStatus.UNKNOWN.value),
    )
    campaign: Campaign | None = one(
        "The campaign of the code; null if there is no such code, and for a session token.", its_campaign
    )
    message: str = value(
        "One sentence for the shopper, in English.",
        lambda scope: unless_hidden(scope, "message", CODE_MESSAGES[CodeStatus.UNKNOWN]),
    )


@strawberry.type(description="The outcome of one rule of a campaign, or of the whole campaign.")
class CampaignResult:
    campaign: Campaign | None = one("The campaign; null if it is unknown to this server.", its_campaign)
    revision: int = column("The revision of the campaign that was evaluated.")
    label: str | None = column("The label of the rule; null if the outcome is that of the whole campaign.")
    outcome: CampaignOutcome = column("Whether the rule applies, or the reason why it does not.")
    amount: Decimal = money("The discount that the rule gives; 0 if it gives none.")
    message: str = column("One or two sentences for a person, in English.")
    path: list[str] = column(
        'The path of the reason in the campaign\'s input, such as ["rules", "0", "when", "total", "min"]. Indexes count'
        " from 0. Empty if there is none."
    )
    needed: str | None = column("The value that is needed at this path; null if there is none.")
    actual: str | None = column("The value that the session has instead; null if it has none.")


@strawberry.type(description="A product that a rule offers to the shopper. It is not in the cart.")
class SessionOffer:
    campaign: Campaign | None = one(CAMPAIGN, its_campaign)
    label: str = column(LABEL)
    sku: str = column("The stock keeping unit of the product.")
    quantity: int = column("The number of units.")


@strawberry.type(description="A text that a rule shows to the shopper.")
class SessionMessage:
    campaign: Campaign | None = one(CAMPAIGN, its_campaign)
    label: str = column(LABEL)
    text: str = column("The text.")


@strawberry.type(
    description="The outcome of a session's promotions, with the reasons. Each change of an open session evaluates"
    " them again; the evaluation at its closing is final."
)
class SessionEvaluation:
    at: datetime = column("The instant for which it was evaluated.")
    coupon: CodeOutcome | None = from_json(
        "The outcome of the session's coupon; null if it has none.", lambda scope: scope.row["coupon"]
    )
    referral: CodeOutcome | None = from_json(
        "The outcome of the session's referral; null if it has none.", lambda scope: scope.row["referral"]
    )
    campaigns: list[CampaignResult] = from_json(
        "The outcomes of rules and campaigns, in the order in which they were evaluated. A preview has all of them. A"
        " stored evaluation has those of the codes' campaigns, and the outcomes APPLIED, CUT, LIMIT_REACHED,"
        " BETTER_OFFER, STOPPED and LABEL_TAKEN. Empty for a session token.",
        lambda scope: EMPTY if scope.plan_key(has_session_token) else scope.row["campaigns"],
    )
    offers: list[SessionOffer] = from_json("Products to offer to the shopper.", lambda scope: scope.row["offers"])
    messages: list[SessionMessage] = from_json("Texts to show to the shopper.", lambda scope: scope.row["messages"])
