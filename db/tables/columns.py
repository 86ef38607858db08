"""Column types with the same behaviour on both databases."""

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Dialect, Enum, String, Text, TypeDecorator
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.types import TypeEngine

from db.domain.money import PLACES, from_units, to_units
from db.domain.times import format_time
from db.engine import json

SCALE = 10**PLACES  # stored units of an Amount in 1


class UtcTime(TypeDecorator[datetime]):
    """A time in UTC with milliseconds. On SQLite it is RFC 3339 text, which sorts and is answered as it is stored."""

    impl = String(24)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return TIMESTAMP(timezone=True, precision=3)  # a type_descriptor of it would lose the precision
        return dialect.type_descriptor(String(24))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Convert to the stored form. Raises ValueError for a time without an offset."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time needs an offset")
        return value if dialect.name == "postgresql" else format_time(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        return moment.astimezone(UTC)


class Amount(TypeDecorator[Decimal]):
    """A decimal, stored as a whole number of ten-thousandths: both databases compare and sum it exactly."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        return None if value is None else to_units(value, PLACES)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else from_units(value, PLACES)


class JsonText(postgresql.JSON):
    """PostgreSQL's json whose Python value is JSON text."""

    def bind_processor(self, dialect: Dialect) -> None:
        return None

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        return None


class JsonbText(JsonText, postgresql.JSONB):
    """PostgreSQL's jsonb whose Python value is JSON text."""


class Json(TypeDecorator[Any]):
    """A JSON value: text on SQLite, jsonb on PostgreSQL. None is SQL NULL.

    jsonb sorts the keys of objects; so that SQLite answers the same, the domain sorts attributes in that order.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return JsonbText() if dialect.name == "postgresql" else dialect.type_descriptor(Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


class ExactJson(Json):
    """A JSON value whose text is stored unchanged: text on SQLite, json on PostgreSQL."""

    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return JsonText() if dialect.name == "postgresql" else dialect.type_descriptor(Text())


# Text that both databases compare by code point, whatever the locale of the server.
CodePoints = String().with_variant(String(collation="C"), "postgresql")


def by_value(enum: type[StrEnum], name: str) -> Enum:
    """Return the type of a text column that stores the enum's values, with a CHECK constraint named ``name``."""
    return Enum(
        enum,
        name=name,
        native_enum=False,
        create_constraint=True,
        validate_strings=True,
        values_callable=lambda members: [member.value for member in members],
    )
