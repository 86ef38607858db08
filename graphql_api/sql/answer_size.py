"""The size of an answer, estimated before the database builds it.

PostgreSQL has no limit below 1 GiB on a text that it builds, and SQLite's limit is for each text alone. Where an answer
can be too long, by the sizes of its pages and the limits of texts, the statement adds up sizes first, and answers an
empty text if they are too large. On SQLite that takes a tenth of the read, so fewer reads are checked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    Case,
    Cast,
    ColumnElement,
    FromClause,
    Integer,
    Label,
    ScalarSelect,
    Select,
    case,
    func,
    literal_column,
    select,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.sql.elements import Grouping
from sqlalchemy.sql.functions import Function

from db.domain.size import ROW_BYTES
from graphql_api.sql.compilation import CompilationContext
from graphql_api.sql.functions import SqlFunction
from graphql_api.sql.json_objects import EMPTY, Concat, Part, RowsJson
from graphql_api.sql.json_scalars import Hexadecimal, JsonPlainString, JsonString
from graphql_api.sql.plan import Sizes
from graphql_api.sql.request import Getter, Request

MAX_ESTIMATE = 32 * 2**20  # bytes; estimates can be several times the size of the answer
CHECKED_ABOVE = {"postgresql": MAX_ESTIMATE, "sqlite": 80 * 2**20}  # bytes that an answer may have by its document
MAX_UNREAD = 8 * 2**20  # bytes of texts of at most 1,000 characters that are taken to be as long as they can be
SHORT = 25  # bytes of a number, a time, a boolean or an enum value
ESCAPED = 6  # bytes of JSON for one of text, such as \\u0001
LONG = 6_000 + 2  # bytes of a text of 1,000 characters
NULL_BYTES = 4

Bound = Counter[Sizes]


@dataclass(frozen=True)
class MaxSessionBytes:
    """Read the limit of a session's size. It bounds all rows of one ``table`` of a session, or one document."""

    table: str | None = None

    def __call__(self, request: Request) -> int:
        return request.limits.max_session_bytes


DOCUMENT = MaxSessionBytes()  # the attributes of a session or profile, or the changes of an event


@dataclass(frozen=True, eq=False)
class Exceeds:
    """Read whether a bound can exceed a number of bytes."""

    bound: Bound
    most: int

    def __call__(self, request: Request) -> bool:
        """Compare the bound for the request's pages."""
        return self.compare(lambda size: int(size(request)))

    def for_any_pages(self, request: Request) -> bool:
        """Compare the bound for pages of the maximum size, under the request's limits."""
        pages, sessions = request.limits.max_page_size, request.limits.max_session_bytes
        return self.compare(lambda size: sessions if isinstance(size, MaxSessionBytes) else pages)

    def compare(self, value: Callable[[Getter], int]) -> bool:
        """Compare the bound for these values of its sizes. The tables of a session share its size."""
        total = 0
        of_tables: dict[Sizes, int] = {}
        for sizes, weight in self.bound.items():
            found = weight * prod(map(value, sizes))
            if ends_in_session(sizes) and sizes[-1] != DOCUMENT:
                of_tables[sizes[:-1]] = max(found, of_tables.get(sizes[:-1], 0))
            else:
                total += found
        return total + sum(of_tables.values()) > self.most


def ends_in_session(sizes: Sizes) -> bool:
    """Return whether the last of the sizes is the limit of a session's."""
    return bool(sizes) and isinstance(sizes[-1], MaxSessionBytes)


def limit_answer(statement: Select[Any], context: CompilationContext, dialect: str) -> Select[Any]:
    """Return the statement with a check of the answer's size, if the answer can be too large."""
    json = cast(ColumnElement[str], next(iter(statement.inner_columns)))
    bound = Bounds().of(json)
    too_large = Exceeds(bound, CHECKED_ABOVE[dialect])
    if not too_large.for_any_pages(context.key.request) or not context.key.value(too_large):
        return statement
    light = Counter({sizes: bound[sizes] for sizes in bound if not ends_in_session(sizes)})
    reads_texts = context.key.value(Exceeds(light, MAX_UNREAD))
    return select(case((Estimates(reads_texts=reads_texts).of(json) > MAX_ESTIMATE, EMPTY), else_=json))


def inside(part: ColumnElement[Any]) -> list[Part] | None:
    """Return the parts of an expression that answers one or all of them; None for a single value."""
    match part:
        case Concat():
            return list(part.parts)
        case Label() | Grouping():
            return [cast(ColumnElement[Any], part.element)]
        case Case():
            return [*(result for _, result in part.whens), *([] if part.else_ is None else [part.else_])]
        case Function(name="coalesce" | "substr"):
            return [next(iter(part.clauses)), "null"]
    return None


def is_long_text(part: ColumnElement[Any]) -> bool:
    """Return whether a value is a text of up to 1,000 characters, or has one in it, such as an ID or a cursor."""
    if isinstance(part, JsonPlainString):
        parts = part.value.parts if isinstance(part.value, Concat) else [part.value]
        return any(isinstance(each, Hexadecimal) for each in parts)
    return isinstance(part, JsonString | ScalarSelect)


class Bounds:
    """Computes upper bounds, once for a part that stands in several places."""

    def __init__(self) -> None:
        self._known: dict[int, Bound] = {}

    def of(self, part: Part) -> Bound:
        """Return the bound of one part."""
        if isinstance(part, str):
            return Counter({(): len(part)})
        if id(part) not in self._known:
            self._known[id(part)] = self._of(part)
        return self._known[id(part)]

    def _of(self, part: ColumnElement[Any]) -> Bound:
        if isinstance(part, RowsJson):
            return self._of_rows(part)
        if (parts := inside(part)) is not None:
            total: Bound = Counter()
            for each in parts:
                total.update(self.of(each))
            return total
        if is_long_text(part):
            return Counter({(): LONG})
        if isinstance(part, Cast):
            return Counter({(DOCUMENT,): 1})
        return Counter({(): SHORT})

    def _of_rows(self, part: RowsJson) -> Bound:
        value = value_of(part.rows)
        if part.within is not None:
            return Counter({(MaxSessionBytes(table_name(part.rows)),): share_of_size(value)})
        of_row = self.of(value)
        most = part.at_most
        if isinstance(most, int):
            return Counter({sizes: (weight + 1) * most for sizes, weight in of_row.items()})
        return Counter({(most, *sizes): weight + 1 for sizes, weight in of_row.items()})


class Estimates:
    """Makes SQL that estimates bytes, once for a part that stands in several places.

    With ``reads_texts`` it reads the lengths of texts of at most 1,000 characters.
    """

    def __init__(self, *, reads_texts: bool) -> None:
        self._reads_texts = reads_texts
        self._bounds = Bounds()
        self._known: dict[int, ColumnElement[Any]] = {}

    def of(self, part: Part) -> ColumnElement[Any]:
        """Return the estimate of one part."""
        if isinstance(part, str):
            return whole(len(part))
        if id(part) not in self._known:
            self._known[id(part)] = self._of(part)
        return self._known[id(part)]

    def _of(self, part: ColumnElement[Any]) -> ColumnElement[Any]:
        if not self._reads_texts and (bytes_ := self._bounds.of(part)).keys() <= {()}:
            return whole(bytes_[()])
        if isinstance(part, RowsJson):
            return self._of_rows(part)
        if isinstance(part, Case):
            found = [(condition, self.of(result)) for condition, result in part.whens]
            return case(*found, else_=self.of(NO_TEXT if part.else_ is None else part.else_))
        if (parts := inside(part)) is not None:
            literals = sum(len(each) for each in parts if isinstance(each, str))
            return SumOf([whole(literals), *(self.of(each) for each in parts if not isinstance(each, str))])
        if isinstance(part, JsonString):
            return func.coalesce(ESCAPED * ByteLength(part.value), NULL_BYTES)
        if is_long_text(part) or isinstance(part, Cast):
            return func.coalesce(ByteLength(part), NULL_BYTES)
        return whole(SHORT)

    def _of_rows(self, part: RowsJson) -> ColumnElement[Any]:
        value = value_of(part.rows)
        if part.within is not None:
            return sql_cast(part.within, BigInteger) * whole(share_of_size(value))
        rows = core(part.rows).with_only_columns(self.of(value).label("o"), maintain_column_froms=True)
        return RowsSize(rows, aggregated=True)


NO_TEXT = ""


class ByteLength(SqlFunction):
    """The bytes of a text in UTF-8."""

    type = Integer()
    sqlite = "length(CAST({0} AS BLOB))"
    postgresql = "octet_length({0})"


class RowsSize(RowsJson):
    """The sum of the estimates in the column ``o`` of a query."""

    inherit_cache = False

    def of(self, rows: FromClause) -> ScalarSelect[Any]:
        """Select the sum."""
        return select(func.coalesce(func.sum(rows.c.o + 1), 0)).select_from(rows).scalar_subquery()


class SumOf(Concat):
    """The sum of numbers, rendered once for all places as a concatenation is."""

    operator = " + "


def whole(number: int) -> ColumnElement[int]:
    """Return a whole number as SQL."""
    return literal_column(str(number), Integer)


def core(rows: Select[Any]) -> Select[Any]:
    """Return the query that makes the column ``o``: the given one, or the subquery whose rows it sorts."""
    column = next(iter(rows.inner_columns))
    if isinstance(column, Label):
        return rows
    return core(cast(Any, column).table.element)


def table_name(rows: Select[Any]) -> str:
    """Return the names of the tables that a query reads."""
    return ", ".join(sorted(str(getattr(each, "element", each)) for each in rows.get_final_froms()))


def value_of(rows: Select[Any]) -> ColumnElement[Any]:
    """Return the JSON of one row."""
    return cast(Label[Any], next(iter(core(rows).inner_columns))).element


def share_of_size(value: ColumnElement[Any]) -> int:
    """Return the factor by which the size of a session bounds the JSON of all rows of a part.

    The size has each text once, and ROW_BYTES for each row, also for each row in a row.
    """
    texts: Counter[Any] = Counter()
    others = 0
    waiting: list[Part] = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            others += len(part)
        elif isinstance(part, RowsJson):
            waiting.append(value_of(part.rows))
        elif (parts := inside(part)) is not None:
            waiting += parts
        elif isinstance(part, JsonString):
            texts[str(part.value)] += 1
        elif isinstance(part, Cast):
            texts[str(part.clause)] += 1
        else:
            others += LONG if is_long_text(part) else SHORT
    return max(texts.values(), default=0) + -(-others // ROW_BYTES)
