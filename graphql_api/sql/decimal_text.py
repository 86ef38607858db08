"""SQL that prints amounts: exact decimals out of whole ten-thousandths, for both databases."""

from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from db.domain.money import PLACES
from db.tables.columns import SCALE


class Printed(FunctionElement[str]):
    """Ten-thousandths as a decimal: at least so many digits behind the point, no more than needed."""

    name = "printed"
    inherit_cache = True


@compiles(Printed)
def printed_sqlite(element: Printed, compiler: SQLCompiler, **options: Any) -> str:
    """Whole numbers only: SQLite's own decimals are floats. Flat, as its parser wants it; the most frequent first."""
    amount, digits = (compiler.process(clause, **options) for clause in element.clauses)
    return (
        f"CASE WHEN {digits} = 2 AND ({amount}) % 100 = 0 THEN {in_digits(amount, 2)}"
        f" WHEN ({amount}) % 10 OR {digits} > 3 THEN {in_digits(amount, 4)}"
        f" WHEN ({amount}) % 100 OR {digits} > 2 THEN {in_digits(amount, 3)}"
        f" WHEN ({amount}) % 1000 OR {digits} > 1 THEN {in_digits(amount, 2)}"
        f" WHEN ({amount}) % {SCALE} OR {digits} > 0 THEN {in_digits(amount, 1)}"
        f" ELSE CAST(({amount}) / {SCALE} AS TEXT) END"
    )


def in_digits(amount: str, digits: int) -> str:
    """SQL that prints an amount with so many digits behind the point."""
    fraction = f"({amount}) / {10 ** (PLACES - digits)} % {10**digits}"
    return f"printf('%d.%0{digits}d', ({amount}) / {SCALE}, {fraction})"


@compiles(Printed, "postgresql")
def printed_postgresql(element: Printed, compiler: SQLCompiler, **options: Any) -> str:
    """numeric is exact."""
    amount, digits = (compiler.process(clause, **options) for clause in element.clauses)
    exact = f"(({amount})::numeric / {SCALE})"
    return f"round({exact}, greatest({digits}, min_scale({exact})))::text"


class ExactSum(FunctionElement[str]):
    """The sum of an amount over rows, printed. No number of rows makes it overflow."""

    name = "exact_sum"
    inherit_cache = True


@compiles(ExactSum)
def exact_sum_sqlite(element: ExactSum, compiler: SQLCompiler, **options: Any) -> str:
    """High and low halves are summed apart: sum() fails above 2^63."""
    amount, digits = (compiler.process(clause, **options) for clause in element.clauses)
    low = f"coalesce(sum({amount} % {SCALE}), 0)"
    high = f"coalesce(sum({amount} / {SCALE}), 0) + {low} / {SCALE}"
    fraction = f"printf('.%04d', {low} % {SCALE})"
    length = f"max({digits} + 1, length(rtrim({fraction}, '0')))"
    return f"rtrim(({high}) || substr({fraction}, 1, {length}), '.')"


@compiles(ExactSum, "postgresql")
def exact_sum_postgresql(element: ExactSum, compiler: SQLCompiler, **options: Any) -> str:
    """The sum of a bigint is a numeric."""
    amount, digits = (compiler.process(clause, **options) for clause in element.clauses)
    exact = f"(coalesce(sum({amount}), 0)::numeric / {SCALE})"
    return f"round({exact}, greatest({digits}, min_scale({exact})))::text"
