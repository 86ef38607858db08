"""Functions of SQL that the two databases write differently."""

from typing import Any, ClassVar

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class SqlFunction(FunctionElement[Any]):
    """A function whose SQL is a template for each database; ``{0}`` and ``{1}`` are the arguments."""

    name = "sql_function"
    sqlite: ClassVar[str]
    postgresql: ClassVar[str]


@compiles(SqlFunction)
def render(element: SqlFunction, compiler: SQLCompiler, **options: Any) -> str:
    """Fill in the template of the database."""
    template = element.sqlite if compiler.dialect.name == "sqlite" else element.postgresql
    return template.format(*(compiler.process(each, **options) for each in element.clauses))
