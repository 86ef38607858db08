"""The tables, one file for each aggregate. ``application_id`` leads every key and index."""

from db.tables.application import ApiKeyRow, ApplicationRow, KeyRole, TokenSecretRow
from db.tables.base import Row
from db.tables.customer_profile import AttributeDefinitionRow, CustomerProfileRow
from db.tables.customer_session import CartItemRow, CustomerSessionRow, DiscountRow, IdentifierRow
from db.tables.history import IdempotencyRow, ReturnedItemRow, SessionEventRow, SessionReturnRow
from db.tables.last_id import LastIdRow

__all__ = [
    "ApiKeyRow",
    "ApplicationRow",
    "AttributeDefinitionRow",
    "CartItemRow",
    "CustomerProfileRow",
    "CustomerSessionRow",
    "DiscountRow",
    "IdempotencyRow",
    "IdentifierRow",
    "KeyRole",
    "LastIdRow",
    "ReturnedItemRow",
    "Row",
    "SessionEventRow",
    "SessionReturnRow",
    "TokenSecretRow",
]
