"""SQL that makes JSON objects and arrays, for both databases.

The JSON is concatenated as text. json_object alone would parse nested values again at every level. On SQLite a run of
plain values is made by one json_object, which is faster than to quote and concatenate each.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import groupby
from typing import Any

from sqlalchemy import CTE, ColumnElement, FromClause, ScalarSelect, Select, Text, func, literal_column, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import operators
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import Grouping

from graphql_api.sql.functions import SqlFunction
from graphql_api.sql.json_scalars import NULL, JsonValue
from graphql_api.sql.request import Getter
from graphql_api.sql.slices import pause

Part = str | ColumnElement[Any]
Field = tuple[str, Part]

EMPTY, BRACES = (literal_column(f"'{text}'", Text) for text in ("", "{}"))

GROUP = 10  # parts concatenated at one depth: SQLite's limit is 1,000, summed over all subqueries nested in each other
RUN = 60  # fields of one json_object: SQLite's functions take 127 arguments


class Concat(ColumnElement[str]):
    """The concatenation of parts. A ``str`` is JSON text made by the compiler, never a value of a request.

    Parentheses are written only where they are needed: SQLite's parser allows a depth of about a hundred.
    """

    type = Text()
    operator = " || "

    def __init__(self, parts: Iterable[Part]) -> None:
        self.parts: Sequence[Part] = list(parts)

    def parts_on(self, dialect: str) -> Iterable[Part]:
        """Return the parts in the form that is fastest on a database."""
        return self.parts

    def self_group(self, against: Any = None) -> Any:
        """Return the element in parentheses where an operator stands around it."""
        return Grouping(self) if against is not None and operators.is_precedent(operators.concat_op, against) else self


class JsonObject(Concat):
    """A JSON object."""

    def __init__(self, fields: Iterable[Field]) -> None:
        self.fields = list(fields)
        parts: list[Part] = ["{"]
        for key, value in self.fields:
            parts += ["," if len(parts) > 1 else "", f'"{key}":', value]
        super().__init__([*parts, "}"])

    def parts_on(self, dialect: str) -> Iterable[Part]:
        """Use json_object for runs of plain values on SQLite, without its braces where other parts stand beside it."""
        if dialect != "sqlite":
            return self.parts
        pieces = list(self.pieces())
        if len(pieces) == 1 and not isinstance(pieces[0], Concat):
            return pieces
        parts: list[Part] = ["{"]
        for piece in pieces:
            parts += ["," if len(parts) > 1 else "", piece if isinstance(piece, Concat) else func.trim(piece, BRACES)]
        return [*parts, "}"]

    def pieces(self) -> Iterator[ColumnElement[Any]]:
        """Yield each run of plain values as a json_object, and each other field as a Concat."""
        for plain, run in groupby(self.fields, lambda field: isinstance(field[1], JsonValue)):
            fields = list(run)
            if not plain:
                yield from (Concat([f'"{key}":', value]) for key, value in fields)
                continue
            for start in range(0, len(fields), RUN):
                yield func.json_object(*keys_and_values(fields[start : start + RUN]))


def keys_and_values(fields: Iterable[Field]) -> Iterator[ColumnElement[Any]]:
    """Yield keys and values in turn: the arguments of json_object."""
    for key, field in fields:
        assert isinstance(field, JsonValue)
        yield literal_column(f"'{key}'", Text)
        yield field.value


def flattened(parts: Iterable[Part], dialect: str) -> Iterator[Part]:
    """Yield the parts; in place of a Concat, its own."""
    for part in parts:
        if isinstance(part, Concat):
            yield from flattened(part.parts_on(dialect), dialect)
        else:
            yield part


@compiles(Concat)
def compile_joined(element: Concat, compiler: SQLCompiler, **options: Any) -> str:
    """Render groups of parts with || between them, once for all places in the statement."""
    rendered: dict[int, str] = options.get("rendered", {})
    if id(element) not in rendered:
        rendered[id(element)] = joined(element, compiler, **options)
    return rendered[id(element)]


def joined(element: Concat, compiler: SQLCompiler, **options: Any) -> str:
    texts: list[str] = []
    for literal, run in groupby(flattened([element], compiler.dialect.name), lambda part: isinstance(part, str)):
        if literal:
            texts += [sql_literal(text)] if (text := "".join(map(str, run))) else []
        else:
            grouped = (part.self_group(against=operators.concat_op) for part in run if not isinstance(part, str))
            for part in grouped:
                pause()
                texts.append(compiler.process(part, **options))
    while len(texts) > GROUP:
        texts = ["(" + element.operator.join(texts[i : i + GROUP]) + ")" for i in range(0, len(texts), GROUP)]
    return element.operator.join(texts) or "''"


def sql_literal(text: str) -> str:
    """Return a text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


class ConcatRows(SqlFunction):
    """An aggregate: the texts of all rows in the order of the subquery, with commas; NULL where there is no row."""

    sqlite = "group_concat({0}, ',')"
    postgresql = "string_agg({0}, ',')"


def json_or_null(text: ColumnElement[Any]) -> ColumnElement[str]:
    """Return a JSON text with JSON's null in place of SQL's NULL."""
    return func.coalesce(text, NULL)


class RowsJson(ColumnElement[str]):
    """The JSON in the column ``o`` of a query: of its one row, or with ``aggregated`` of all, with commas between them.

    On SQLite the query is a common table expression. Its parser holds about a hundred symbols, so queries that stand in
    each other would limit the depth of a document. SQLite puts such an expression in the place of its name, as it does
    with a view, and then looks up columns: those of the rows around that place are found. NOT MATERIALIZED makes sure
    that it does so at each place.

    There are ``at_most`` so many rows. ``within`` is the number of bytes that all of them together hold at most.
    """

    type = Text()

    def __init__(
        self,
        rows: Select[Any],
        *,
        aggregated: bool = False,
        at_most: int | Getter = 1,
        within: ColumnElement[Any] | None = None,
    ) -> None:
        self.rows = rows
        self.aggregated = aggregated
        self.at_most = at_most
        self.within = within

    @cached_property
    def cte(self) -> CTE:
        """The query as a common table expression."""
        return self.rows.cte().prefix_with("NOT MATERIALIZED")

    def of(self, rows: FromClause) -> ScalarSelect[Any]:
        """Select the JSON from the query's rows."""
        value = func.coalesce(ConcatRows(rows.c.o), EMPTY) if self.aggregated else rows.c.o
        return select(value).select_from(rows).scalar_subquery()


@compiles(RowsJson)
def rows_json(element: RowsJson, compiler: SQLCompiler, **options: Any) -> str:
    """Render the query where it is used."""
    found = element.of(element.rows.subquery()) if element.aggregated else element.rows.scalar_subquery()
    return compiler.process(found, **options)


@compiles(RowsJson, "sqlite")
def rows_json_sqlite(element: RowsJson, compiler: SQLCompiler, **options: Any) -> str:
    """Render the query before the statement."""
    return compiler.process(element.of(element.cte), **options)


def json_array(rows: Select[Any], at_most: int | Getter, within: ColumnElement[Any] | None = None) -> Concat:
    """Return a JSON array of the rows' column ``o``, in their order. The rest is described at RowsJson."""
    return Concat(["[", RowsJson(rows, aggregated=True, at_most=at_most, within=within), "]"])
