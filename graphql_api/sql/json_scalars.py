"""SQL that writes one value as JSON, for both databases.

Each element is the JSON text of the SQL value inside it. json_object of SQLite takes ``value``, the SQL value itself.
"""

from typing import Any

from graphql import GraphQLNamedType
from sqlalchemy import ColumnElement, Text, case, cast, func, literal_column

from graphql_api.sql.functions import SqlFunction

NULL, TRUE, FALSE = (literal_column(f"'{text}'", Text) for text in ("null", "true", "false"))


class JsonValue(SqlFunction):
    """The JSON of a value that json_object of SQLite can write: a text, a whole number, NULL."""

    type = Text()
    sqlite = "json_quote({0})"  # returns null for NULL and a number for a number

    @property
    def value(self) -> ColumnElement[Any]:
        """The SQL value."""
        (only,) = self.clauses
        return only


class JsonString(JsonValue):
    """A string, escaped and in quotes."""

    postgresql = "coalesce(to_json({0})::text, 'null')"


class JsonPlainString(JsonValue):
    """A string that needs no escapes, such as digits, names and times: only quotes are added."""

    postgresql = """coalesce('"' || ({0}) || '"', 'null')"""


class JsonInt(JsonValue):
    """A whole number."""

    postgresql = "coalesce(({0})::text, 'null')"


class JsonBool(JsonValue):
    """true or false."""

    sqlite = postgresql = "CASE WHEN {0} THEN 'true' ELSE 'false' END"

    @property
    def value(self) -> ColumnElement[Any]:
        """The value as JSON: SQLite has no boolean type, and json_object writes what json() returns as it is."""
        return case((super().value, func.json(TRUE)), else_=func.json(FALSE))


class FormatTime(SqlFunction):
    """A time as RFC 3339 text, without quotes. SQLite stores it as this text."""

    sqlite = "{0}"
    postgresql = """to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""


class Hexadecimal(SqlFunction):
    """The UTF-8 bytes of a text, in lower-case hexadecimal digits."""

    sqlite = "lower(hex({0}))"
    postgresql = "encode(convert_to({0}, 'UTF8'), 'hex')"


def typename(type_: GraphQLNamedType) -> JsonPlainString:
    """Return the ``__typename`` of an object."""
    return JsonPlainString(literal_column(f"'{type_.name}'", Text))


def as_text(value: ColumnElement[Any]) -> ColumnElement[str]:
    """Return a whole number, or a column of JSON, as text: both are JSON already."""
    return cast(value, Text)
