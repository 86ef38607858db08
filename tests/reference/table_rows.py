"""All rows of a database, as Python values."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Text, cast, select

from db.tables import Row
from db.tables.columns import Json

RowValues = Mapping[str, Any]


class Rows:
    """The rows of every table, and those of each session."""

    def __init__(self, connection: Connection) -> None:
        self._tables: dict[str, list[RowValues]] = {}
        self._of_session: dict[tuple[str, int, int], list[RowValues]] = defaultdict(list)
        for name, table in Row.metadata.tables.items():
            texts = [isinstance(column.type, Json) for column in table.c]
            columns = [cast(column, Text) if text else column for column, text in zip(table.c, texts, strict=True)]
            for values in connection.execute(select(*columns).order_by(*table.primary_key)):
                self._add(name, dict(zip(table.c.keys(), map(read, values, texts), strict=True)))

    def _add(self, table: str, row: RowValues) -> None:
        self._tables.setdefault(table, []).append(row)
        if "session_id" in row:
            self._of_session[table, row["application_id"], row["session_id"]].append(row)

    def all(self, table: str) -> Sequence[RowValues]:
        """Return the rows of a table in the order of its primary key."""
        return self._tables.get(table, [])

    def where(self, table: str, **facts: Any) -> Sequence[RowValues]:
        """Return the rows of a table with these values."""
        return [row for row in self.all(table) if all(row[name] == value for name, value in facts.items())]

    def one(self, table: str, **facts: Any) -> RowValues | None:
        """Return the row of a table with these values, or None."""
        return next(iter(self.where(table, **facts)), None)

    def of_session(self, table: str, application_id: int, session_id: int) -> Sequence[RowValues]:
        """Return the rows of a table that belong to a session."""
        return self._of_session[table, application_id, session_id]


def read(value: Any, is_json: bool) -> Any:
    """Return a column's value; JSON is parsed with exact numbers."""
    return json.loads(value, parse_float=Decimal) if is_json and value is not None else value
