"""What the slow reader reads: all rows, and how the values of one are said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from kept_rows import Kept, Rows

from graphql_api.settings import Settings

Cursors = Mapping[str, Mapping[str, str]]  # of each order: the id of a row -> its cursor


def printed(amount: Decimal, digits: int) -> str:
    """At least so many digits behind the point, and no zero more."""
    whole, _, fraction = f"{amount:f}".partition(".")
    fraction = fraction.rstrip("0").ljust(digits, "0")
    return f"{whole}.{fraction}" if fraction else whole


def said(value: Any) -> Any:
    """A column's value as the API says it."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03}Z"
    return value.name if isinstance(value, Enum) else value


@dataclass(frozen=True)
class World:
    """All there is: the rows, the cursors that the server has given them, and the server's limits."""

    rows: Rows
    cursors: Cursors
    limits: Settings


class Thing:
    """A row as the API shows it. A field without a word here is the column of its name."""

    type_name = ""
    id_prefix = ""
    id_key: Sequence[str] = ()

    def __init__(self, world: World, row: Kept) -> None:
        self.world = world
        self.row = row

    def __getattr__(self, name: str) -> Any:
        name = name.rstrip("_")
        return self.money(name) if isinstance(self.row[name], Decimal) else said(self.row[name])

    @property
    def id(self) -> str:
        """The global id."""
        parts = (self.row[name] for name in ("application_id", *self.id_key))
        return "-".join((self.id_prefix, *(spelled(part) for part in parts)))

    def money(self, name: str) -> str:
        """A column that holds an amount."""
        return self.in_currency(self.row[name])

    def in_currency(self, amount: Decimal) -> str:
        """An amount in the currency of the row's application."""
        return printed(amount, self.owner["minor_digits"])

    @property
    def owner(self) -> Kept:
        """The row of its application."""
        owner = self.world.rows.one("application", application_id=self.row["application_id"])
        assert owner is not None
        return owner

    def parts(self, table: str) -> Sequence[Kept]:
        """What a session has in a table."""
        key = self.row["application_id"], self.row.get("session_id", self.row.get("id"))
        return self.world.rows.of_session(table, *key)


def spelled(part: Any) -> str:
    """A part of a key in an id: text by its bytes, words of ours and numbers as they are."""
    if isinstance(part, Enum):
        return str(part.value)
    return part.encode().hex() if isinstance(part, str) else str(part)
