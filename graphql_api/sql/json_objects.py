"""SQL that puts JSON texts together, for both databases.

Text is joined, not built with json_object alone: a nested value is not parsed again at every level, and both databases
do it alike. But a run of plain values is quickest made at once, where SQLite has json_object for it.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, func, literal_column, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import operators
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import Grouping
from sqlalchemy.sql.functions import FunctionElement

from graphql_api.sql.json_scalars import NULL, JsonValue

Part = str | ColumnElement[Any]
Field = tuple[str, Part]

EMPTY, BRACES = (literal_column(f"'{text}'", Text) for text in ("", "{}"))

GROUP = 100  # parts joined at one depth: SQLite takes a thousand, summed over all subqueries that stand in each other
RUN = 60  # fields made by one json_object: SQLite takes 127 arguments to a function


class Joined(ColumnElement[str]):
    """Parts put one behind the other. A ``str`` is SQL text of the compiler's own making, never a request's value.

    Parentheses stand only where they must: SQLite's parser takes about a hundred open ones and things like them.
    """

    inherit_cache = False
    type = Text()

    def __init__(self, parts: Iterable[Part]) -> None:
        self.parts: Sequence[Part] = list(parts)

    def parts_on(self, dialect: str) -> Iterable[Part]:
        """The parts as a database takes them best."""
        return self.parts

    def self_group(self, against: Any = None) -> Any:
        """In parentheses, where an operator is around it."""
        return Grouping(self) if against is not None and operators.is_precedent(operators.concat_op, against) else self


class Object(Joined):
    """A JSON object."""

    inherit_cache = False

    def __init__(self, fields: Iterable[Field]) -> None:
        self.fields = list(fields)
        parts: list[Part] = ["{"]
        for key, value in self.fields:
            parts += ["," if len(parts) > 1 else "", f'"{key}":', value]
        super().__init__([*parts, "}"])

    def parts_on(self, dialect: str) -> Iterable[Part]:
        """SQLite makes runs of plain values by json_object; the braces go where other parts follow."""
        if dialect != "sqlite":
            return self.parts
        pieces = list(self.pieces())
        if len(pieces) == 1 and not isinstance(pieces[0], Joined):
            return pieces
        parts: list[Part] = ["{"]
        for piece in pieces:
            parts += ["," if len(parts) > 1 else "", piece if isinstance(piece, Joined) else func.trim(piece, BRACES)]
        return [*parts, "}"]

    def pieces(self) -> Iterator[ColumnElement[Any]]:
        """Runs of plain values, each a whole object, and the other fields between them, each a Joined."""
        for plain, run in groupby(self.fields, lambda field: isinstance(field[1], JsonValue)):
            fields = list(run)
            if not plain:
                yield from (Joined([f'"{key}":', value]) for key, value in fields)
                continue
            for start in range(0, len(fields), RUN):
                yield func.json_object(*arguments(fields[start : start + RUN]))


def arguments(fields: Iterable[Field]) -> Iterator[ColumnElement[Any]]:
    """Keys and values, as json_object takes them."""
    for key, field in fields:
        assert isinstance(field, JsonValue)
        yield literal_column(f"'{key}'", Text)
        yield field.value


def flattened(parts: Iterable[Part], dialect: str) -> Iterator[Part]:
    """The parts with each Joined among them replaced by its own parts."""
    for part in parts:
        if isinstance(part, Joined):
            yield from flattened(part.parts_on(dialect), dialect)
        else:
            yield part


@compiles(Joined)
def compile_joined(element: Joined, compiler: SQLCompiler, **options: Any) -> str:
    """Groups of parts, joined by ||."""
    texts: list[str] = []
    for literal, run in groupby(flattened([element], compiler.dialect.name), lambda part: isinstance(part, str)):
        if literal:
            texts += [written(text)] if (text := "".join(map(str, run))) else []
        else:
            grouped = (part.self_group(against=operators.concat_op) for part in run if not isinstance(part, str))
            texts += [compiler.process(part, **options) for part in grouped]
    while len(texts) > GROUP:
        texts = ["(" + " || ".join(texts[i : i + GROUP]) + ")" for i in range(0, len(texts), GROUP)]
    return " || ".join(texts) or "''"


def written(text: str) -> str:
    """A text as SQL spells it."""
    return "'" + text.replace("'", "''") + "'"


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


def or_null(text: ColumnElement[Any]) -> ColumnElement[str]:
    """JSON's null where SQL's is."""
    return func.coalesce(text, NULL)


def in_list(rows: Select[Any]) -> Joined:
    """A JSON array of the rows' column ``o``, in their order."""
    ordered = rows.subquery()
    listed = select(func.coalesce(Listed(ordered.c.o), EMPTY)).select_from(ordered)
    return Joined(["[", listed.scalar_subquery(), "]"])
