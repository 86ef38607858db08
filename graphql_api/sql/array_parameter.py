"""A list from a request as a table of SQL: one parameter, however long it is."""

from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class Elements(FunctionElement[Any]):
    """The elements of a JSON array as a table of ``key``, which puts them in order, and ``value``."""

    name = "elements"
    inherit_cache = True


@compiles(Elements)
def elements_sqlite(element: Elements, compiler: SQLCompiler, **options: Any) -> str:
    """json_each has both columns."""
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(Elements, "postgresql")
def elements_postgresql(element: Elements, compiler: SQLCompiler, **options: Any) -> str:
    """Numbered as they come."""
    array = compiler.process(element.clauses, **options)
    return f"(SELECT key, value FROM json_array_elements(({array})::json) WITH ORDINALITY AS each (value, key))"  # noqa: S608  # made of SQL
