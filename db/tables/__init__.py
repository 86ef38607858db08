"""The tables, one file for each aggregate. ``application_id`` leads every key and index."""

from db.tables.application import ApiKeyRow, ApplicationRow, KeyRole, TokenSecretRow
from db.tables.base import Row
from db.tables.campaign import CampaignLabelRow, CampaignLimitRow, CampaignRevisionRow, CampaignRow, LimitCounterRow
from db.tables.code import CodeRow
from db.tables.customer_profile import AttributeDefinitionRow, CustomerProfileRow
from db.tables.customer_session import CartItemRow, CustomerSessionRow, DiscountRow, IdentifierRow
from db.tables.history import IdempotencyRow, ReturnedItemRow, SessionEventRow, SessionReturnRow
from db.tables.last_id import LastIdRow
from db.tables.redemption import PostingRow, RedemptionRow
from db.tables.webhook import WebhookRow

__all__ = [
    "ApiKeyRow",
    "ApplicationRow",
    "AttributeDefinitionRow",
    "CampaignLabelRow",
    "CampaignLimitRow",
    "CampaignRevisionRow",
    "CampaignRow",
    "CartItemRow",
    "CodeRow",
    "CustomerProfileRow",
    "CustomerSessionRow",
    "DiscountRow",
    "IdempotencyRow",
    "IdentifierRow",
    "KeyRole",
    "LastIdRow",
    "LimitCounterRow",
    "PostingRow",
    "RedemptionRow",
    "ReturnedItemRow",
    "Row",
    "SessionEventRow",
    "SessionReturnRow",
    "TokenSecretRow",
    "WebhookRow",
]
