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


class ExactSum(FunctionElement[str]):
    """An aggregate: the sum of an amount as a decimal. No number of rows makes it overflow."""

    name = "exact_sum"
    inherit_cache = True


@compiles(ExactSum)
def exact_sum_sqlite(element: ExactSum, compiler: SQLCompiler, **options: Any) -> str:
    """Render two sums, of the whole units and of the fractions: SQLite's sum() fails above 2^63."""
    amount, places = (compiler.process(clause, **options) for clause in element.clauses)
    low = f"coalesce(sum({amount} % {SCALE}), 0)"
    high = f"coalesce(sum({amount} / {SCALE}), 0) + {low} / {SCALE}"
    fraction = f"printf('.%04d', {low} % {SCALE})"
    length = f"max({places} + 1, length(rtrim({fraction}, '0')))"
    return f"rtrim(({high}) || substr({fraction}, 1, {length}), '.')"


@compiles(ExactSum, "postgresql")
def exact_sum_postgresql(element: ExactSum, compiler: SQLCompiler, **options: Any) -> str:
    """Render sum(), which returns a numeric for a bigint."""
    amount, places = (compiler.process(clause, **options) for clause in element.clauses)
    exact = f"(coalesce(sum({amount}), 0)::numeric / {SCALE})"
    return f"round({exact}, greatest({places}, min_scale({exact})))::text"
