"""SQL that writes one value as JSON, for both databases.

Each element is the JSON text of the SQL value inside it. json_object of SQLite takes ``value``, the SQL value itself.
"""

from typing import Any

from graphql import GraphQLNamedType
from sqlalchemy import ColumnElement, Text, case, cast, func, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

NULL, TRUE, FALSE = (literal_column(f"'{text}'", Text) for text in ("null", "true", "false"))


class JsonValue(FunctionElement[str]):
    """The JSON of a value that json_object of SQLite can write: a text, a whole number, NULL."""

    inherit_cache = True
    type = Text()

    @property
    def value(self) -> ColumnElement[Any]:
        """The SQL value."""
        (only,) = self.clauses
        return only


@compiles(JsonValue)
def json_value_sqlite(element: JsonValue, compiler: SQLCompiler, **options: Any) -> str:
    """Render json_quote, which returns null for NULL and a number for a number."""
    return f"json_quote({compiler.process(element.clauses, **options)})"


class JsonString(JsonValue):
    """A string, escaped and in quotes."""

    name = "json_string"
    inherit_cache = True


@compiles(JsonString, "postgresql")
def json_string_postgresql(element: JsonString, compiler: SQLCompiler, **options: Any) -> str:
    """Render to_json, which returns NULL for NULL."""
    return f"coalesce(to_json({compiler.process(element.clauses, **options)})::text, 'null')"


class JsonPlainString(JsonValue):
    """A string that needs no escapes, such as digits, names and times: only quotes are added."""

    name = "json_plain_string"
    inherit_cache = True


@compiles(JsonPlainString, "postgresql")
def json_plain_string_postgresql(element: JsonPlainString, compiler: SQLCompiler, **options: Any) -> str:
    """Render the quotes."""
    return f"""coalesce('"' || ({compiler.process(element.clauses, **options)}) || '"', 'null')"""


def typename(type_: GraphQLNamedType) -> JsonPlainString:
    """Return the ``__typename`` of an object."""
    return JsonPlainString(literal_column(f"'{type_.name}'", Text))


class JsonInt(JsonValue):
    """A whole number."""

    name = "json_int"
    inherit_cache = True


@compiles(JsonInt, "postgresql")
def json_int_postgresql(element: JsonInt, compiler: SQLCompiler, **options: Any) -> str:
    """Render the digits."""
    return f"coalesce(({compiler.process(element.clauses, **options)})::text, 'null')"


class JsonBool(JsonValue):
    """true or false."""

    name = "json_bool"
    inherit_cache = True

    @property
    def value(self) -> ColumnElement[Any]:
        """The value as JSON: SQLite has no boolean type, and json_object writes what json() returns as it is."""
        return case((super().value, func.json(TRUE)), else_=func.json(FALSE))


@compiles(JsonBool)
def json_bool(element: JsonBool, compiler: SQLCompiler, **options: Any) -> str:
    """Render the words."""
    return f"CASE WHEN {compiler.process(element.clauses, **options)} THEN 'true' ELSE 'false' END"


class FormatTime(FunctionElement[str]):
    """A time as RFC 3339 text, without quotes."""

    name = "format_time"
    inherit_cache = True


@compiles(FormatTime)
def format_time_sqlite(element: FormatTime, compiler: SQLCompiler, **options: Any) -> str:
    """Render the column: SQLite stores a time as this text."""
    return compiler.process(element.clauses, **options)


@compiles(FormatTime, "postgresql")
def format_time_postgresql(element: FormatTime, compiler: SQLCompiler, **options: Any) -> str:
    """Render the time in UTC, to the millisecond."""
    column = compiler.process(element.clauses, **options)
    return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""


class Hexadecimal(FunctionElement[str]):
    """The UTF-8 bytes of a text, in lower-case hexadecimal digits."""

    name = "hexadecimal"
    inherit_cache = True


@compiles(Hexadecimal)
def hex_sqlite(element: Hexadecimal, compiler: SQLCompiler, **options: Any) -> str:
    """Render hex, which is upper case on SQLite, in lower case."""
    return f"lower(hex({compiler.process(element.clauses, **options)}))"


@compiles(Hexadecimal, "postgresql")
def hex_postgresql(element: Hexadecimal, compiler: SQLCompiler, **options: Any) -> str:
    """Render the bytes of the text."""
    return f"encode(convert_to({compiler.process(element.clauses, **options)}, 'UTF8'), 'hex')"


def as_text(value: ColumnElement[Any]) -> ColumnElement[str]:
    """Return a whole number, or a column of JSON, as text: both are JSON already."""
    return cast(value, Text)
