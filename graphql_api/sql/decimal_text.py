"""SQL that formats decimals, which are stored as whole ten-thousandths, for both databases."""

from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from db.domain.money import PLACES
from db.tables.columns import SCALE


class FormatDecimal(FunctionElement[str]):
    """Ten-thousandths as a decimal, with at least so many decimal places and no more than it needs."""

    name = "format_decimal"
    inherit_cache = True


@compiles(FormatDecimal)
def format_decimal_sqlite(element: FormatDecimal, compiler: SQLCompiler, **options: Any) -> str:
    """JsonInt numbers only: SQLite's own decimals are floats. Flat, as its parser wants it; the most frequent first."""
    amount, places = (compiler.process(clause, **options) for clause in element.clauses)
    return (
        f"CASE WHEN {places} = 2 AND ({amount}) % 100 = 0 THEN {with_places(amount, 2)}"
        f" WHEN ({amount}) % 10 OR {places} > 3 THEN {with_places(amount, 4)}"
        f" WHEN ({amount}) % 100 OR {places} > 2 THEN {with_places(amount, 3)}"
        f" WHEN ({amount}) % 1000 OR {places} > 1 THEN {with_places(amount, 2)}"
        f" WHEN ({amount}) % {SCALE} OR {places} > 0 THEN {with_places(amount, 1)}"
        f" ELSE CAST(({amount}) / {SCALE} AS TEXT) END"
    )


def with_places(amount: str, places: int) -> str:
    """Return SQL of an amount with exactly so many decimal places."""
    fraction = f"({amount}) / {10 ** (PLACES - places)} % {10**places}"
    return f"printf('%d.%0{places}d', ({amount}) / {SCALE}, {fraction})"


@compiles(FormatDecimal, "postgresql")
def format_decimal_postgresql(element: FormatDecimal, compiler: SQLCompiler, **options: Any) -> str:
    """Render numeric arithmetic, which is exact."""
    amount, places = (compiler.process(clause, **options) for clause in element.clauses)
    exact = f"(({amount})::numeric / {SCALE})"
    return f"round({exact}, greatest({places}, min_scale({exact})))::text"


class FormatSum(FunctionElement[str]):
    """A sum stored in two parts, whole units and ten-thousandths, formatted as ``FormatDecimal`` does."""

    name = "format_sum"
    inherit_cache = True


@compiles(FormatSum)
def format_sum_sqlite(element: FormatSum, compiler: SQLCompiler, **options: Any) -> str:
    whole, part, places = (compiler.process(clause, **options) for clause in element.clauses)
    fraction = f"printf('.%04d', {part} % {SCALE})"
    length = f"max({places} + 1, length(rtrim({fraction}, '0')))"
    return f"rtrim(({whole} + {part} / {SCALE}) || substr({fraction}, 1, {length}), '.')"


@compiles(FormatSum, "postgresql")
def format_sum_postgresql(element: FormatSum, compiler: SQLCompiler, **options: Any) -> str:
    whole, part, places = (compiler.process(clause, **options) for clause in element.clauses)
    exact = f"(({whole})::numeric + ({part})::numeric / {SCALE})"
    return f"round({exact}, greatest({places}, min_scale({exact})))::text"
