"""``IN`` with a list of texts as one parameter, so that the SQL is the same for a list of any length."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Text, TypeDecorator
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from db.engine import json


class TextList(TypeDecorator[Sequence[str]]):
    """The type of such a parameter: an array on PostgreSQL, JSON on SQLite."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the dialect's type."""
        return ARRAY(Text()) if dialect.name == "postgresql" else dialect.type_descriptor(Text())

    def process_bind_param(self, value: Sequence[str] | None, dialect: Dialect) -> Any:
        """Convert to the stored form, without texts with U+0000, which PostgreSQL refuses and no row holds."""
        texts = [text for text in value or () if "\0" not in text]
        return texts if dialect.name == "postgresql" else json.dumps(texts)


class InList(FunctionElement[bool]):
    """The condition that a column's value is in a list of texts."""

    name = "in_list"
    inherit_cache = True

    def __init__(self, column: ColumnElement[Any], values: ColumnElement[Any]) -> None:
        super().__init__(column, values)


@compiles(InList)
def in_list_sqlite(element: InList, compiler: SQLCompiler, **options: Any) -> str:
    """Compile for SQLite."""
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608  # made of SQL


@compiles(InList, "postgresql")
def in_list_postgresql(element: InList, compiler: SQLCompiler, **options: Any) -> str:
    """Compile for PostgreSQL."""
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} = ANY ({values})"
