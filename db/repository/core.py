"""The tables as SQLAlchemy Core tables, and SQL that differs between the databases."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Table, Text, TypeDecorator
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from db import tables
from db.engine import json
from db.tables import Row

Insert = sqlite.Insert | postgresql.Insert


def table(row: type[Row]) -> Table:
    """Return the Core table of a row class."""
    return Row.metadata.tables[str(row.__tablename__)]


APPLICATION = table(tables.ApplicationRow)
API_KEY = table(tables.ApiKeyRow)
ATTRIBUTE_DEFINITION = table(tables.AttributeDefinitionRow)
CAMPAIGN = table(tables.CampaignRow)
CAMPAIGN_LABEL = table(tables.CampaignLabelRow)
CAMPAIGN_LIMIT = table(tables.CampaignLimitRow)
CAMPAIGN_REVISION = table(tables.CampaignRevisionRow)
CART_ITEM = table(tables.CartItemRow)
CODE = table(tables.CodeRow)
DISCOUNT = table(tables.DiscountRow)
EVENT = table(tables.SessionEventRow)
IDEMPOTENCY = table(tables.IdempotencyRow)
IDENTIFIER = table(tables.IdentifierRow)
LAST_ID = table(tables.LastIdRow)
LIMIT_COUNTER = table(tables.LimitCounterRow)
POSTING = table(tables.PostingRow)
PROFILE = table(tables.CustomerProfileRow)
REDEMPTION = table(tables.RedemptionRow)
RETURN = table(tables.SessionReturnRow)
RETURNED_ITEM = table(tables.ReturnedItemRow)
SESSION = table(tables.CustomerSessionRow)
TOKEN_SECRET = table(tables.TokenSecretRow)
WEBHOOK = table(tables.WebhookRow)


def insert_in(dialect: str, into: Table) -> Insert:
    """Return an INSERT that supports ON CONFLICT, in the named dialect."""
    return postgresql.insert(into) if dialect == "postgresql" else sqlite.insert(into)


class TextList(TypeDecorator[Sequence[str]]):
    """The type of a list of texts as one parameter: an array on PostgreSQL, JSON on SQLite."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return ARRAY(Text()) if dialect.name == "postgresql" else dialect.type_descriptor(Text())

    def process_bind_param(self, value: Sequence[str] | None, dialect: Dialect) -> Any:
        """Convert to the stored form, without texts with U+0000, which PostgreSQL refuses and no row holds."""
        texts = [text for text in value or () if "\0" not in text]
        return texts if dialect.name == "postgresql" else json.dumps(texts)


class InList(FunctionElement[bool]):
    """The condition that a column's value is in a ``TextList``. The SQL is the same for a list of any length."""

    name = "in_list"
    inherit_cache = True

    def __init__(self, column: ColumnElement[Any], values: ColumnElement[Any]) -> None:
        super().__init__(column, values)


@compiles(InList)
def in_list_sqlite(element: InList, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608  # made of SQL


@compiles(InList, "postgresql")
def in_list_postgresql(element: InList, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} = ANY ({values})"
