"""The reference implementation's objects: rows, and their values in the API's format."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from table_rows import Rows, RowValues

from graphql_api.settings import Settings

Cursors = Mapping[str, Mapping[str, str]]  # order -> ID of a row -> its cursor


def format_amount(amount: Decimal, digits: int) -> str:
    """Format an amount with at least ``digits`` decimals and no further trailing zeros."""
    whole, _, fraction = f"{amount:f}".partition(".")
    fraction = fraction.rstrip("0").ljust(digits, "0")
    return f"{whole}.{fraction}" if fraction else whole


def to_api_value(value: Any) -> Any:
    """Convert a column's value to the API's format."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03}Z"
    return value.name if isinstance(value, Enum) else value


@dataclass(frozen=True)
class Dataset:
    """All rows, the server's cursors for them, and its limits."""

    rows: Rows
    cursors: Cursors
    limits: Settings


class ReferenceObject:
    """A row as the API shows it. By default a field is the column of the same name."""

    type_name = ""
    id_prefix = ""
    id_key: Sequence[str] = ()

    def __init__(self, dataset: Dataset, row: RowValues) -> None:
        self.dataset = dataset
        self.row = row

    def __getattr__(self, name: str) -> Any:
        name = name.rstrip("_")
        return self.money(name) if isinstance(self.row[name], Decimal) else to_api_value(self.row[name])

    @property
    def id(self) -> str:
        """The global ID."""
        parts = (self.row[name] for name in ("application_id", *self.id_key))
        return "-".join((self.id_prefix, *(encode_id_part(part) for part in parts)))

    def money(self, name: str) -> str:
        """Format a column that is an amount."""
        return self.in_currency(self.row[name])

    def in_currency(self, amount: Decimal) -> str:
        """Format an amount in the currency of the row's application."""
        return format_amount(amount, self.owner["minor_digits"])

    @property
    def owner(self) -> RowValues:
        """The row of its application."""
        owner = self.dataset.rows.one("application", application_id=self.row["application_id"])
        assert owner is not None
        return owner

    def parts(self, table: str) -> Sequence[RowValues]:
        """Return the session's rows in a table."""
        key = self.row["application_id"], self.row.get("session_id", self.row.get("id"))
        return self.dataset.rows.of_session(table, *key)


def encode_id_part(part: Any) -> str:
    """Encode a part of a key for an ID: text as hexadecimal bytes, enum values and numbers unchanged."""
    if isinstance(part, Enum):
        return str(part.value)
    return part.encode().hex() if isinstance(part, str) else str(part)
