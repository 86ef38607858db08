"""Texts of up to 1,000 characters that rows are found by.

SQLite's indexes hold them whole. PostgreSQL's take some 2,700 bytes, and such a text may have 4,000: there it is
indexed by its first 500 characters, and whatever compares such a column compares these, which the index serves, and
then the whole. Statements say what they mean (``=``, ``<``, an order); how PostgreSQL is told is said here.
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import (
    DDL,
    BinaryExpression,
    ColumnElement,
    String,
    Table,
    TextClause,
    event,
    func,
    literal_column,
    text,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import operators
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

HEAD = 500  # characters, of four bytes at most
NARROWED: Mapping[Any, Callable[[Any, Any], ColumnElement[bool]]] = {  # a comparison, and what it implies of the heads
    operator.eq: operator.eq,
    operator.lt: operator.le,
    operator.le: operator.le,
    operator.gt: operator.ge,
    operator.ge: operator.ge,
}


class LongText(String):
    """The type of such a column."""

    class Comparator(String.Comparator[str]):
        """What stands between it and another value."""

        def operate(self, op: Any, *other: Any, **options: Any) -> Any:
            """The comparison, or the order, as either database takes it."""
            exact: Any = super().operate(op, *other, **options)
            if isinstance(exact, BinaryExpression) and exact.operator in NARROWED:
                return Both(NARROWED[exact.operator](head_of(exact.left), head_of(exact.right)), exact)
            if op in (operators.asc_op, operators.desc_op):
                return InOrder(op(head_of(self.expr)), exact)
            return exact

    comparator_factory = Comparator


LONG = LongText().with_variant(String(collation="C"), "postgresql")  # by code point, like CodePoints


def head_of(value: ColumnElement[Any]) -> ColumnElement[str]:
    """The beginning of a text."""
    return func.left(value, literal_column(str(HEAD)), type_=String())


class Both(FunctionElement[bool]):
    """A condition, and a weaker one that PostgreSQL's indexes serve."""

    inherit_cache = True

    def __init__(self, weaker: ColumnElement[bool], exact: ColumnElement[bool]) -> None:
        super().__init__(weaker, exact)


@compiles(Both)
def both(element: Both, compiler: SQLCompiler, **options: Any) -> str:
    """The condition alone."""
    return compiler.process(list(element.clauses)[1], **options)


@compiles(Both, "postgresql")
def both_postgresql(element: Both, compiler: SQLCompiler, **options: Any) -> str:
    """Both of them."""
    weaker, exact = (compiler.process(clause, **options) for clause in element.clauses)
    return f"({weaker} AND {exact})"


class InOrder(FunctionElement[Any]):
    """The order of a text; for PostgreSQL, which then has little left to put in order, that of its head first."""

    inherit_cache = True

    def __init__(self, head: ColumnElement[Any], whole: ColumnElement[Any]) -> None:
        super().__init__(head, whole)


@compiles(InOrder)
def in_order(element: InOrder, compiler: SQLCompiler, **options: Any) -> str:
    """The text's alone."""
    return compiler.process(list(element.clauses)[1], **options)


@compiles(InOrder, "postgresql")
def in_order_postgresql(element: InOrder, compiler: SQLCompiler, **options: Any) -> str:
    """One after the other."""
    return ", ".join(compiler.process(clause, **options) for clause in element.clauses)


def head(column: str) -> TextClause:
    """What an index of PostgreSQL has of a column."""
    return text(f"left({column}, {HEAD})")


def rest(column: str) -> TextClause:
    """What a unique index of PostgreSQL has of it besides: nothing, where the head is all of it."""
    return text(f"(CASE WHEN length({column}) > {HEAD} THEN {digest(f'substr({column}, {HEAD + 1})')} ELSE '' END)")


def digest(expression: str) -> str:
    """The SHA-256 of a text's bytes, in an expression that PostgreSQL knows never to change."""
    return rf"sha256(replace({expression}, '\', '\\')::bytea)"


def keep_digest(table: Table, column: str, name: str, key: str) -> None:
    """Let PostgreSQL keep the digest of a column beside it: a ``key`` that other tables refer to is made of columns."""
    generated = f"ADD COLUMN {name} bytea GENERATED ALWAYS AS ({digest(column)}) STORED"
    altered = DDL(f"ALTER TABLE {table.name} {generated}, {key}")  # type: ignore[no-untyped-call]  # SQLAlchemy
    event.listen(table, "after_create", altered.execute_if(dialect="postgresql"))
