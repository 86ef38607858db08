"""cartograph statistics."""

import csv
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from graphql_api.commands.database import APPLICATION, with_database
from graphql_api.commands.spreadsheet import cell
from graphql_api.settings import load_settings

if TYPE_CHECKING:  # SQLAlchemy is slow to import
    from db.engine.database import Database

COLUMNS = ("key", "sessions", "units", "total", "discountTotal", "returnedTotal", "netTotal")
DOCUMENT = f"""
query Statistics($application: Int!, $filter: CustomerSessionFilter, $by: StatisticsGroup!, $first: Int!) {{
  application(applicationId: $application) {{ applicationId }}
  sessionStatistics(applicationId: $application, filter: $filter, groupBy: $by, first: $first) {{ {" ".join(COLUMNS)} }}
}}"""
FILTER = typer.Option("--filter", help='The filter of customerSessions as JSON, such as {"states": ["CLOSED"]}.')
By = Literal[
    "nothing", "day", "week", "month", "year", "state", "coupon", "referral", "campaign", "profile", "sku", "category"
]


def statistics(
    application: Annotated[int, typer.Option(**APPLICATION, help="The application.")],
    by: Annotated[By, typer.Option(help="The property by which sessions are grouped.")] = "nothing",
    filter: Annotated[str | None, FILTER] = None,
    first: Annotated[int, typer.Option(min=1, max=1_000, help="The highest number of groups.")] = 1_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """Print sums over the sessions of an application, in groups; see sessionStatistics in the schema."""
    from graphql_api.commands.queries import Queries, TooLarge, read_filter

    settings = load_settings()
    variables = {"application": application, "filter": read_filter(filter), "by": by.upper(), "first": first}

    async def run(database: "Database") -> Any:
        return await Queries(database, settings).run(DOCUMENT, variables)

    try:
        groups = with_database(settings, run)["sessionStatistics"]
    except TooLarge as error:
        raise typer.TyperException(str(error)) from error
    if as_json:
        typer.echo(json.dumps(groups, indent=2))
    elif as_csv:
        writer = csv.writer(sys.stdout)
        writer.writerow(COLUMNS)
        writer.writerows([cell(group[name]) for name in COLUMNS] for group in groups)
    else:
        typer.echo(table([COLUMNS, *([str(group[name] or "") for name in COLUMNS] for group in groups)]))


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as text: the first column aligned left, numbers right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    aligned = (
        [row[0].ljust(widths[0]), *(text.rjust(width) for text, width in zip(row[1:], widths[1:], strict=True))]
        for row in rows
    )
    return "\n".join("  ".join(row).rstrip() for row in aligned)
