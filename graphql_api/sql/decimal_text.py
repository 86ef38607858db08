"""SQL that formats decimals, which are stored as whole ten-thousandths, for both databases."""

from db.domain.money import PLACES
from db.tables.columns import SCALE
from graphql_api.sql.functions import SqlFunction


def with_places(places: int) -> str:
    """Return SQL of an amount with exactly so many decimal places."""
    fraction = f"({{0}}) / {10 ** (PLACES - places)} % {10**places}"
    return f"printf('%d.%0{places}d', ({{0}}) / {SCALE}, {fraction})"


def rounded(exact: str, places: str) -> str:
    """Return SQL of a numeric of PostgreSQL with at least so many decimal places."""
    return f"round({exact}, greatest({places}, min_scale({exact})))::text"


FRACTION = f"printf('.%04d', {{1}} % {SCALE})"


class FormatDecimal(SqlFunction):
    """Ten-thousandths as a decimal, with at least so many decimal places and no more than it needs.

    SQLite's own decimals are floats, so its SQL computes with whole numbers; the most frequent case comes first.
    """

    sqlite = (
        f"CASE WHEN {{1}} = 2 AND ({{0}}) % 100 = 0 THEN {with_places(2)}"
        f" WHEN ({{0}}) % 10 OR {{1}} > 3 THEN {with_places(4)}"
        f" WHEN ({{0}}) % 100 OR {{1}} > 2 THEN {with_places(3)}"
        f" WHEN ({{0}}) % 1000 OR {{1}} > 1 THEN {with_places(2)}"
        f" WHEN ({{0}}) % {SCALE} OR {{1}} > 0 THEN {with_places(1)}"
        f" ELSE CAST(({{0}}) / {SCALE} AS TEXT) END"
    )
    postgresql = rounded(f"(({{0}})::numeric / {SCALE})", "{1}")


class ParseDecimal(SqlFunction):
    """The ten-thousandths of a decimal that is text, of 0 or more and with at most four decimal places."""

    sqlite = (
        "CAST(substr({0}, 1, instr({0} || '.', '.') - 1)"
        " || substr(substr({0}, instr({0} || '.', '.') + 1) || '0000', 1, 4) AS INTEGER)"
    )
    postgresql = f"(({{0}})::numeric * {SCALE})"


class FormatSum(SqlFunction):
    """A sum stored in two parts, whole units and ten-thousandths, formatted as ``FormatDecimal`` does."""

    sqlite = (
        f"rtrim(({{0}} + {{1}} / {SCALE})"
        f" || substr({FRACTION}, 1, max({{2}} + 1, length(rtrim({FRACTION}, '0')))), '.')"
    )
    postgresql = rounded(f"(({{0}})::numeric + ({{1}})::numeric / {SCALE})", "{2}")
