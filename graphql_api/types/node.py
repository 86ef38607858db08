"""Global IDs, and pages of lists, both by the specification of Relay."""

from collections.abc import Sequence
from typing import Annotated, Any, Generic, TypeVar

import strawberry
from sqlalchemy import ColumnElement, Integer

from graphql_api.sql.fields import Identity, reads
from graphql_api.sql.request import RequestedApplication
from graphql_api.sql.scope import Scope
from graphql_api.sql.source import Columns

T = TypeVar("T")


@strawberry.interface(description="An object with a global ID, by which the fields node and nodes find it.")
class Node:
    id: strawberry.ID = strawberry.field(
        description="The global ID, which never changes. Store it as it is: its parts have no meaning for clients.",
        metadata=reads(Identity()),
    )


@strawberry.type(description="The position of a page in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="True if the list goes on after this page.")
    has_previous_page: bool = strawberry.field(description="True if the list has items before this page.")
    start_cursor: str | None = strawberry.field(
        description="The cursor of the first item, to be used as before; null for an empty page."
    )
    end_cursor: str | None = strawberry.field(
        description="The cursor of the last item, to be used as after; null for an empty page."
    )


@strawberry.type(description="An item of a page, with its cursor.")
class Edge(Generic[T]):
    cursor: str = strawberry.field(
        description="The position of the item in the list's order, for the arguments after and before."
    )
    node: T = strawberry.field(description="The item.")


@strawberry.type(
    description="One page of a list. To get the next page, ask for the same list with after set to pageInfo.endCursor."
)
class Connection(Generic[T]):
    edges: list[Edge[T]] = strawberry.field(description="The items of the page, each with its cursor.")
    nodes: list[T] = strawberry.field(description="The items of the page.")
    page_info: PageInfo = strawberry.field(description="Whether there are more pages, and the cursors for them.")
    total_count: int = strawberry.field(
        description="The number of items on all pages. It costs extra, and only if it is selected."
    )


First = Annotated[
    int | None,
    strawberry.argument(
        description="The size of the page, counted from the start of the list or from after; 20 if neither"
        " first nor last is given. The limit is maxPageSize of viewer.limits."
    ),
]
After = Annotated[
    str | None,
    strawberry.argument(
        description="A cursor of the same list in the same order: the page has only items that follow it."
    ),
]
Last = Annotated[
    int | None,
    strawberry.argument(
        description="The size of the page, counted back from the end of the list or from before. It cannot be combined"
        " with first."
    ),
]
Before = Annotated[
    str | None,
    strawberry.argument(
        description="A cursor of the same list in the same order: the page has only items that precede it."
    ),
]
IntegrationId = Annotated[
    str, strawberry.argument(description="The ID that your system gave the session or the profile.")
]
ApplicationId = Annotated[
    int | None,
    strawberry.argument(
        description="The number of the application. A READER or WRITER key has one application, and leaves this out; an"
        " ADMIN key has to give it."
    ),
]


def of_viewer(scope: Scope, row: Columns) -> ColumnElement[bool]:
    """Return the condition on rows of the requested application."""
    return row["application_id"] == scope.bind(RequestedApplication(scope.argument("applicationId")), Integer())


def of_application(row: Columns, other: Columns) -> ColumnElement[bool]:
    """Return the condition that two rows belong to the same application."""
    return row["application_id"] == other["application_id"]


def of_session(row: Columns, other: Columns, **columns: str) -> Sequence[ColumnElement[Any]]:
    """Return the conditions that a row belongs to the session of another.

    Each of ``columns`` names a column of the row, and the column of the other row that it equals.
    """
    key = {"session_id": "session_id" if "session_id" in other else "id", **columns}
    return [of_application(row, other), *(row[mine] == other[theirs] for mine, theirs in key.items())]
