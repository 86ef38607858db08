"""SQL that writes one value as JSON, for both databases.

Each of these has one SQL value inside, ``value``, and is itself the JSON text of it. Where SQLite makes a whole object
at once it takes the value as it is, and needs no text of each.
"""

from typing import Any

from graphql import GraphQLNamedType
from sqlalchemy import ColumnElement, Text, case, cast, func, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

NULL, TRUE, FALSE = (literal_column(f"'{text}'", Text) for text in ("null", "true", "false"))


class JsonValue(FunctionElement[str]):
    """The JSON of a value that json_object of SQLite knows how to write: a text, a whole number, NULL."""

    inherit_cache = True
    type = Text()

    @property
    def value(self) -> ColumnElement[Any]:
        """What json_object takes."""
        (only,) = self.clauses
        return only


@compiles(JsonValue)
def json_value_sqlite(element: JsonValue, compiler: SQLCompiler, **options: Any) -> str:
    """json_quote answers null for NULL, and a number for a number."""
    return f"json_quote({compiler.process(element.clauses, **options)})"


class Quoted(JsonValue):
    """A string, escaped and in quotes."""

    name = "quoted"
    inherit_cache = True


@compiles(Quoted, "postgresql")
def quoted_postgresql(element: Quoted, compiler: SQLCompiler, **options: Any) -> str:
    """to_json answers NULL for NULL."""
    return f"coalesce(to_json({compiler.process(element.clauses, **options)})::text, 'null')"


class Bare(JsonValue):
    """A string in quotes in which nothing has to be escaped: digits, names, times."""

    name = "bare"
    inherit_cache = True


@compiles(Bare, "postgresql")
def bare_postgresql(element: Bare, compiler: SQLCompiler, **options: Any) -> str:
    """Just the quotes."""
    return f"""coalesce('"' || ({compiler.process(element.clauses, **options)}) || '"', 'null')"""


def named(type_: GraphQLNamedType) -> Bare:
    """The ``__typename`` of an object."""
    return Bare(literal_column(f"'{type_.name}'", Text))


class Whole(JsonValue):
    """A whole number."""

    name = "whole"
    inherit_cache = True


@compiles(Whole, "postgresql")
def whole_postgresql(element: Whole, compiler: SQLCompiler, **options: Any) -> str:
    """Its digits."""
    return f"coalesce(({compiler.process(element.clauses, **options)})::text, 'null')"


class Truth(JsonValue):
    """true or false."""

    name = "truth"
    inherit_cache = True

    @property
    def value(self) -> ColumnElement[Any]:
        """SQLite has no type for it, but marks what its JSON functions answer."""
        return case((super().value, func.json(TRUE)), else_=func.json(FALSE))


@compiles(Truth)
def truth(element: Truth, compiler: SQLCompiler, **options: Any) -> str:
    """The words."""
    return f"CASE WHEN {compiler.process(element.clauses, **options)} THEN 'true' ELSE 'false' END"


class Moment(FunctionElement[str]):
    """A time as RFC 3339 text, without quotes."""

    name = "moment"
    inherit_cache = True


@compiles(Moment)
def moment_sqlite(element: Moment, compiler: SQLCompiler, **options: Any) -> str:
    """SQLite keeps the very text."""
    return compiler.process(element.clauses, **options)


@compiles(Moment, "postgresql")
def moment_postgresql(element: Moment, compiler: SQLCompiler, **options: Any) -> str:
    """To the millisecond, in UTC."""
    column = compiler.process(element.clauses, **options)
    return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""


class Hex(FunctionElement[str]):
    """The UTF-8 bytes of a text, in lower-case hexadecimal digits."""

    name = "hexadecimal"
    inherit_cache = True


@compiles(Hex)
def hex_sqlite(element: Hex, compiler: SQLCompiler, **options: Any) -> str:
    """SQLite's hex is in upper case."""
    return f"lower(hex({compiler.process(element.clauses, **options)}))"


@compiles(Hex, "postgresql")
def hex_postgresql(element: Hex, compiler: SQLCompiler, **options: Any) -> str:
    """Of the bytes of the text."""
    return f"encode(convert_to({compiler.process(element.clauses, **options)}, 'UTF8'), 'hex')"


def as_text(value: ColumnElement[Any]) -> ColumnElement[str]:
    """What is JSON already: a whole number, or a column of JSON."""
    return cast(value, Text)
