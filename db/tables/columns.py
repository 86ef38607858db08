"""The column types that both databases share: UTC time, exact money, enum by value, JSON, text by code point."""

from collections.abc import Mapping
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

SCALE = 10**PLACES


class UtcTime(TypeDecorator[datetime]):
    """A moment, to the millisecond. SQLite keeps it as RFC 3339 text in UTC, which sorts and prints as it stands."""

    impl = String(24)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """timestamptz on PostgreSQL."""
        if dialect.name == "postgresql":
            return TIMESTAMP(timezone=True, precision=3)  # a type_descriptor of it would lose the precision
        return dialect.type_descriptor(String(24))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Raises ValueError on a time without an offset."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time needs an offset")
        return value if dialect.name == "postgresql" else format_time(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """A time in UTC."""
        if value is None:
            return None
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        return moment.astimezone(UTC)


class Amount(TypeDecorator[Decimal]):
    """An exact decimal, kept as a whole number of ten-thousandths: both databases compare and sum it exactly."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        """The number of ten-thousandths. Raises ValueError on a finer amount."""
        return None if value is None else to_units(value, PLACES)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        """The amount."""
        return None if value is None else from_units(value, PLACES)


class JsonbText(postgresql.JSONB):
    """jsonb that is text in Python: what goes in and out is JSON already."""

    def bind_processor(self, dialect: Dialect) -> None:
        """As it is."""

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        """As it is."""


class PlainJson(postgresql.JSON):
    """json that is text in Python."""

    def bind_processor(self, dialect: Dialect) -> None:
        """As it is."""

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        """As it is."""


class Json(TypeDecorator[Any]):
    """A JSON value: text on SQLite, jsonb on PostgreSQL. SQL NULL is None; there is no JSON null at the top.

    Objects have their keys in jsonb's order on both.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The dialect's own type."""
        return JsonbText() if dialect.name == "postgresql" else dialect.type_descriptor(Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """JSON text."""
        return None if value is None else json.dumps(value if dialect.name == "postgresql" else in_order(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """The value."""
        return None if value is None else json.loads(value)


class Told(Json):
    """JSON that stays as it was written: text on SQLite, json on PostgreSQL."""

    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The dialect's own type."""
        return PlainJson() if dialect.name == "postgresql" else dialect.type_descriptor(Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """JSON text."""
        return None if value is None else json.dumps(value)


def in_order(value: Any) -> Any:
    """A JSON value with the keys of its objects in the order that jsonb gives them: the shorter first, then by byte."""
    if not value:  # most attributes
        return value
    match value:
        case str():
            return value
        case Mapping():
            keys = sorted(value, key=lambda key: (len(encoded := key.encode()), encoded))
            return {key: in_order(value[key]) for key in keys}
        case list() | tuple():
            return [in_order(each) for each in value]
    return value


# Compared by code point on both databases, whatever the locale.
CodePoints = String().with_variant(String(collation="C"), "postgresql")


def by_value(enum: type[StrEnum], name: str) -> Enum:
    """An enum kept as its value, in a text column with a CHECK. SQLAlchemy would keep the name."""
    return Enum(
        enum,
        name=name,
        native_enum=False,
        create_constraint=True,
        validate_strings=True,
        values_callable=lambda members: [member.value for member in members],
    )
