"""Objects that are stored as JSON: their fields as columns, and the elements of arrays as rows of a table.

So the same fields of a GraphQL type read a row of a table, a document in a row, or a document that is a parameter.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Text, cast, literal_column

from graphql_api.sql.functions import SqlFunction


class JsonField(SqlFunction):
    """A field of a JSON object, or an element of an array: a scalar, or the JSON text of an object or array.

    PostgreSQL returns numbers as text.
    """

    type = Text()
    sqlite = "({0}) ->> {1}"
    postgresql = "(({0})::json) ->> {1}"


def as_number(column: ColumnElement[Any]) -> ColumnElement[int]:
    """Return a column of whole numbers as numbers, also if it is a field of a document."""
    return cast(column, BigInteger) if isinstance(column, JsonField) else column


class ArrayElements(SqlFunction):
    """A JSON array as a table: ``key`` is the order of its elements, and ``value`` the JSON."""

    sqlite = "json_each({0})"
    postgresql = "(SELECT key, value FROM json_array_elements(({0})::json) WITH ORDINALITY AS each (value, key))"


class ObjectFields(SqlFunction):
    """A JSON object as a table: ``key`` is the name of a field, and ``value`` the JSON."""

    sqlite = "json_each({0})"
    postgresql = "json_each(({0})::json)"


class JsonColumns:
    """The fields of a JSON document as the columns of a row.

    ``items`` names the elements of a document that is an array. ``type`` is the column that distinguishes the types of
    a union.
    """

    def __init__(
        self,
        document: ColumnElement[Any],
        application: ColumnElement[Any],
        items: Sequence[str] = (),
        type_: ColumnElement[str] | None = None,
    ) -> None:
        self.document = document
        self._items = items
        self._columns: dict[str, ColumnElement[Any]] = {"application_id": application}
        if type_ is not None:
            self._columns["type"] = type_

    def __getitem__(self, name: str) -> ColumnElement[Any]:
        if name not in self._columns:
            key = str(self._items.index(name)) if self._items else f"'{name}'"
            self._columns[name] = JsonField(self.document, literal_column(key))
        return self._columns[name]

    def __contains__(self, name: str) -> bool:
        return name == "application_id"
