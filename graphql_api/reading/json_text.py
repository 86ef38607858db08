"""SQL that writes JSON text, for both databases.

Text is joined, not built with json_object: no function takes as many arguments as a type may have fields, a nested
value is not parsed again at every level, and both databases do it alike.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, case, cast, func, literal_column, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import operators
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import Grouping
from sqlalchemy.sql.functions import FunctionElement

from db.domain.money import PLACES
from db.tables.columns import SCALE

Part = str | ColumnElement[Any]

EMPTY, NULL, TRUE, FALSE = (literal_column(f"'{text}'", Text) for text in ("", "null", "true", "false"))

GROUP = 100  # parts joined at one depth: SQLite takes a thousand, summed over all subqueries that stand in each other


class Joined(ColumnElement[str]):
    """Parts put one behind the other. A ``str`` is SQL text of the compiler's own making, never a request's value.

    Parentheses stand only where they must: SQLite's parser takes about a hundred open ones and things like them.
    """

    inherit_cache = False
    type = Text()

    def __init__(self, parts: Iterable[Part]) -> None:
        self.parts: list[Part] = []
        for part in flattened(parts):
            if isinstance(part, str) and self.parts and isinstance(self.parts[-1], str):
                self.parts[-1] += part
            else:
                self.parts.append(part if isinstance(part, str) else part.self_group(against=operators.concat_op))

    def self_group(self, against: Any = None) -> Any:
        """In parentheses, where an operator is around it."""
        return Grouping(self) if against is not None and operators.is_precedent(operators.concat_op, against) else self


def flattened(parts: Iterable[Part]) -> Iterable[Part]:
    """The parts with each Joined among them replaced by its own parts."""
    for part in parts:
        if isinstance(part, Joined):
            yield from part.parts
        else:
            yield part


@compiles(Joined)
def compile_joined(element: Joined, compiler: SQLCompiler, **options: Any) -> str:
    """Groups of parts, joined by ||."""
    texts = [
        "'" + part.replace("'", "''") + "'" if isinstance(part, str) else compiler.process(part, **options)
        for part in element.parts
    ]
    while len(texts) > GROUP:
        texts = ["(" + " || ".join(texts[i : i + GROUP]) + ")" for i in range(0, len(texts), GROUP)]
    return " || ".join(texts) or "''"


class Quoted(FunctionElement[str]):
    """A string as JSON, escaped and in quotes; SQL NULL as null."""

    name = "quoted"
    inherit_cache = True


@compiles(Quoted)
def quoted_sqlite(element: Quoted, compiler: SQLCompiler, **options: Any) -> str:
    """json_quote answers null for NULL."""
    return f"json_quote({compiler.process(element.clauses, **options)})"


@compiles(Quoted, "postgresql")
def quoted_postgresql(element: Quoted, compiler: SQLCompiler, **options: Any) -> str:
    """to_json answers NULL for NULL."""
    return f"coalesce(to_json({compiler.process(element.clauses, **options)})::text, 'null')"


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


class Listed(FunctionElement[str]):
    """All rows' texts with commas between them; NULL where there is no row."""

    name = "listed"
    inherit_cache = True


@compiles(Listed)
def listed_sqlite(element: Listed, compiler: SQLCompiler, **options: Any) -> str:
    """In the order of the subquery, which SQLite keeps for group_concat."""
    return f"group_concat({compiler.process(element.clauses, **options)}, ',')"


@compiles(Listed, "postgresql")
def listed_postgresql(element: Listed, compiler: SQLCompiler, **options: Any) -> str:
    """In the order of the subquery."""
    return f"string_agg({compiler.process(element.clauses, **options)}, ',')"


class Printed(FunctionElement[str]):
    """Ten-thousandths as a decimal: at least so many digits behind the point, no more than needed."""

    name = "printed"
    inherit_cache = True


@compiles(Printed)
def printed_sqlite(element: Printed, compiler: SQLCompiler, **options: Any) -> str:
    """Whole numbers only: SQLite's own decimals are floats. Flat, as its parser wants it."""
    amount, digits = (compiler.process(clause, **options) for clause in element.clauses)
    return (
        f"CASE WHEN ({amount}) % 10 OR {digits} > 3 THEN {in_digits(amount, 4)}"
        f" WHEN ({amount}) % 100 OR {digits} > 2 THEN {in_digits(amount, 3)}"
        f" WHEN ({amount}) % 1000 OR {digits} > 1 THEN {in_digits(amount, 2)}"
        f" WHEN ({amount}) % {SCALE} OR {digits} > 0 THEN {in_digits(amount, 1)}"
        f" ELSE CAST(({amount}) / {SCALE} AS TEXT) END"
    )


def in_digits(amount: str, digits: int) -> str:
    """SQL that prints an amount with so many digits behind the point."""
    return f"printf('%d.%0{digits}d', ({amount}) / {SCALE}, ({amount}) % {SCALE} / {10 ** (PLACES - digits)})"


@compiles(Printed, "postgresql")
def printed_postgresql(element: Printed, compiler: SQLCompiler, **options: Any) -> str:
    """numeric is exact."""
    amount, digits = (compiler.process(clause, **options) for clause in element.clauses)
    exact = f"(({amount})::numeric / {SCALE})"
    return f"round({exact}, greatest({digits}, min_scale({exact})))::text"


class ExactSum(FunctionElement[str]):
    """The sum of an amount over rows, printed. No number of rows makes it overflow."""

    name = "exact_sum"
    inherit_cache = True


@compiles(ExactSum)
def exact_sum_sqlite(element: ExactSum, compiler: SQLCompiler, **options: Any) -> str:
    """High and low halves are summed apart: sum() fails above 2^63."""
    amount, digits = (compiler.process(clause, **options) for clause in element.clauses)
    low = f"coalesce(sum({amount} % {SCALE}), 0)"
    high = f"coalesce(sum({amount} / {SCALE}), 0) + {low} / {SCALE}"
    fraction = f"printf('.%04d', {low} % {SCALE})"
    length = f"max({digits} + 1, length(rtrim({fraction}, '0')))"
    return f"rtrim(({high}) || substr({fraction}, 1, {length}), '.')"


@compiles(ExactSum, "postgresql")
def exact_sum_postgresql(element: ExactSum, compiler: SQLCompiler, **options: Any) -> str:
    """The sum of a bigint is a numeric."""
    amount, digits = (compiler.process(clause, **options) for clause in element.clauses)
    exact = f"(coalesce(sum({amount}), 0)::numeric / {SCALE})"
    return f"round({exact}, greatest({digits}, min_scale({exact})))::text"


def or_null(text: ColumnElement[Any]) -> ColumnElement[str]:
    """JSON's null where SQL's is."""
    return func.coalesce(text, NULL)


def boolean(condition: ColumnElement[Any]) -> ColumnElement[str]:
    """JSON's true and false."""
    return case((condition, TRUE), else_=FALSE)


def as_text(value: ColumnElement[Any]) -> ColumnElement[str]:
    """What is JSON already: a whole number, or a column of JSON."""
    return cast(value, Text)


def json_object(fields: Iterable[tuple[str, Part]]) -> Joined:
    """A JSON object of values that are JSON already."""
    parts: list[Part] = ["{"]
    for key, value in fields:
        parts += ["," if len(parts) > 1 else "", f'"{key}":', value]
    return Joined([*parts, "}"])


def in_list(rows: Select[Any]) -> Joined:
    """A JSON array of the rows' column ``o``, in their order."""
    ordered = rows.subquery()
    listed = select(func.coalesce(Listed(ordered.c.o), EMPTY)).select_from(ordered)
    return Joined(["[", listed.scalar_subquery(), "]"])
