"""Export of sessions, or of their cart lines, as CSV (RFC 4180)."""

import csv
import io
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # SQLAlchemy is slow to import
    from graphql_api.commands.queries import Queries

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # with these a spreadsheet begins a formula, or cuts the cell
PAGE = 100
SESSION_COLUMNS = (
    "integrationId",
    "state",
    "profileId",
    "coupon",
    "referral",
    "created",
    "updated",
    "closed",
    "cancelled",
    "currency",
    "total",
    "discountTotal",
    "returnedTotal",
    "netTotal",
    "firstSession",
    "version",
    "identifiers",
    "attributes",
)
LINE_COLUMNS = (
    "position",
    "sku",
    "name",
    "category",
    "quantity",
    "returnedQuantity",
    "price",
    "total",
    "discountShare",
    "attributes",
)
OF_SESSION = ("integrationId", "state", "profileId", "created", "closed", "currency")  # before the columns of a line


def document(lines: bool) -> str:
    """Return the query of a page of sessions."""
    fields = f"{' '.join(OF_SESSION)} cartItems {{ {' '.join(LINE_COLUMNS)} }}" if lines else " ".join(SESSION_COLUMNS)
    return f"""query Sessions($application: Int!, $filter: CustomerSessionFilter, $first: Int!, $after: String) {{
      application(applicationId: $application) {{ applicationId }}
      customerSessions(
        applicationId: $application, filter: $filter, first: $first, after: $after
        orderBy: {{field: CREATED, direction: ASC}}
      ) {{ nodes {{ {fields} }} pageInfo {{ hasNextPage endCursor }} }}
    }}"""


async def csv_rows(queries: "Queries", application: int, filter: Any, lines: bool) -> AsyncIterator[bytes]:
    """Yield a file page by page, the oldest session first. A page that is too large for one answer is halved."""
    from graphql_api.commands.queries import TooLarge

    yield encoded([[*OF_SESSION, *LINE_COLUMNS] if lines else [*SESSION_COLUMNS]])
    text, size, after = document(lines), PAGE, None
    while True:
        variables = {"application": application, "filter": filter, "first": size, "after": after}
        try:
            page = (await queries.run(text, variables))["customerSessions"]
        except TooLarge:
            if size == 1:
                raise
            size //= 2
            continue
        rows = (row for session in page["nodes"] for row in (line_rows(session) if lines else [session_row(session)]))
        yield encoded(rows)
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


def session_row(session: Mapping[str, Any]) -> list[Any]:
    return [session[name] for name in SESSION_COLUMNS]


def line_rows(session: Mapping[str, Any]) -> Iterator[list[Any]]:
    for line in session["cartItems"]:
        yield [*(session[name] for name in OF_SESSION), *(line[name] for name in LINE_COLUMNS)]


def encoded(rows: Any) -> bytes:
    """Return rows as CSV in UTF-8."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def cell(value: Any) -> Any:
    """Return a value as a cell. A text that a spreadsheet would run as a formula begins with an apostrophe."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case dict() | list():
            return json.dumps(value, ensure_ascii=False) if value else ""
        case str() if value.startswith(FORMULA):
            return f"'{value}"
    return value
