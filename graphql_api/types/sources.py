"""The tables behind the types, and which of their rows exist for a session token.

A token reads its session with all that belongs to it, and its application. No row of any other table exists for it.
"""

from collections.abc import Sequence

from sqlalchemy import BigInteger, ColumnElement, Integer

from db.domain.promotions.code import CodeKind
from db.tables import (
    ApiKeyRow,
    ApplicationRow,
    AttributeDefinitionRow,
    CampaignLimitRow,
    CampaignRevisionRow,
    CampaignRow,
    CartItemRow,
    CodeRow,
    CustomerProfileRow,
    CustomerSessionRow,
    DiscountRow,
    IdentifierRow,
    LimitCounterRow,
    RedemptionRow,
    ReturnedItemRow,
    SessionEventRow,
    SessionReturnRow,
    WebhookRow,
)
from graphql_api.sql.request import Request, viewer_application
from graphql_api.sql.source import Bind, Columns, Restriction, Source


def token_session(request: Request) -> int | None:
    """Return the number of the session that the caller's token is for."""
    return request.viewer.session_id


def of_token_application(bind: Bind, row: Columns) -> Sequence[ColumnElement[bool]]:
    """Return the condition on rows of the token's application."""
    return [row["application_id"] == bind(viewer_application, Integer())]


def of_token_session(column: str) -> Restriction:
    """Return the conditions on rows of the token's session, whose number is in a column."""
    return lambda bind, row: [*of_token_application(bind, row), row[column] == bind(token_session, BigInteger())]


API_KEYS = Source(ApiKeyRow, "key", admin_only=True)
APPLICATIONS = Source(ApplicationRow, "application", for_token=of_token_application)
ATTRIBUTE_DEFINITIONS = Source(AttributeDefinitionRow, "attribute")
CAMPAIGN_LIMITS = Source(CampaignLimitRow, "limit")
CAMPAIGN_REVISIONS = Source(CampaignRevisionRow)
CAMPAIGNS = Source(CampaignRow, "campaign")
CART_ITEMS = Source(CartItemRow, for_token=of_token_session("session_id"))
COUPONS = Source(CodeRow, "coupon", kind=CodeKind.COUPON)
DISCOUNTS = Source(DiscountRow, for_token=of_token_session("session_id"))
EVENTS = Source(SessionEventRow, "event", for_token=of_token_session("session_id"))
IDENTIFIERS = Source(IdentifierRow, for_token=of_token_session("session_id"))
LIMIT_COUNTERS = Source(LimitCounterRow)
PROFILES = Source(CustomerProfileRow, "profile")
REDEMPTIONS = Source(RedemptionRow, "redemption", for_token=of_token_session("session_id"))
REFERRALS = Source(CodeRow, "referral", kind=CodeKind.REFERRAL)
RETURNED_ITEMS = Source(ReturnedItemRow, for_token=of_token_session("session_id"))
RETURNS = Source(SessionReturnRow, "return", for_token=of_token_session("session_id"))
SESSIONS = Source(CustomerSessionRow, "session", for_token=of_token_session("id"))
WEBHOOKS = Source(WebhookRow, "webhook")
