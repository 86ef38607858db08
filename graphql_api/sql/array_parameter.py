"""A JSON array in one parameter as a table of SQL."""

from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class ArrayElements(FunctionElement[Any]):
    """A table of the elements: ``key`` is their order, and ``value`` the JSON."""

    name = "array_elements"
    inherit_cache = True


@compiles(ArrayElements)
def array_elements_sqlite(element: ArrayElements, compiler: SQLCompiler, **options: Any) -> str:
    """Render json_each, which has both columns."""
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(ArrayElements, "postgresql")
def array_elements_postgresql(element: ArrayElements, compiler: SQLCompiler, **options: Any) -> str:
    """Render the elements with their numbers."""
    array = compiler.process(element.clauses, **options)
    return f"(SELECT key, value FROM json_array_elements(({array})::json) WITH ORDINALITY AS each (value, key))"  # noqa: S608  # made of SQL
