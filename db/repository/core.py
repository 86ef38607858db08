"""The tables as SQLAlchemy Core sees them, and the two places where the databases' SQL differs."""

from sqlalchemy import ColumnElement, Table, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite

from db import tables
from db.tables import Row

Insert = sqlite.Insert | postgresql.Insert


def table(row: type[Row]) -> Table:
    """The Core table of a row class."""
    return Row.metadata.tables[str(row.__tablename__)]


APPLICATION = table(tables.ApplicationRow)
API_KEY = table(tables.ApiKeyRow)
ATTRIBUTE_DEFINITION = table(tables.AttributeDefinitionRow)
CART_ITEM = table(tables.CartItemRow)
DISCOUNT = table(tables.DiscountRow)
EVENT = table(tables.SessionEventRow)
IDEMPOTENCY = table(tables.IdempotencyRow)
IDENTIFIER = table(tables.IdentifierRow)
PROFILE = table(tables.CustomerProfileRow)
RETURN = table(tables.SessionReturnRow)
RETURNED_ITEM = table(tables.ReturnedItemRow)
SESSION = table(tables.CustomerSessionRow)
TOKEN_SECRET = table(tables.TokenSecretRow)


def insert_in(dialect: str, into: Table) -> Insert:
    """An INSERT that knows ON CONFLICT, in the named dialect."""
    return postgresql.insert(into) if dialect == "postgresql" else sqlite.insert(into)


def next_id(of: Table) -> ColumnElement[int]:
    """The next ``id`` within the application that the parameter ``within`` names, as a part of an INSERT.

    SQLite has one writer at a time, so that no other transaction can come to the same.
    """
    highest = func.coalesce(func.max(of.c.id), 0)
    return select(highest + 1).where(of.c.application_id == bindparam("within")).scalar_subquery()
