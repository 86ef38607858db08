"""What has an id, and what comes in pages."""

from collections.abc import Sequence
from typing import Annotated, Any, Generic, TypeVar

import strawberry
from sqlalchemy import ColumnElement

from graphql_api.sql.fields import READS, Identity
from graphql_api.sql.global_ids import Columns

T = TypeVar("T")


@strawberry.interface(description="What has a global id, and can be fetched by it with node and nodes.")
class Node:
    """The interface of everything with an id."""

    id: strawberry.ID = strawberry.field(
        description="The global id: opaque, and the same for as long as the object exists.",
        metadata={READS: Identity()},
    )


@strawberry.type(description="Where a page lies among all rows of its connection.")
class PageInfo:
    """Relay's PageInfo."""

    has_next_page: bool = strawberry.field(description="Whether rows follow the page.")
    has_previous_page: bool = strawberry.field(description="Whether rows come before the page.")
    start_cursor: str | None = strawberry.field(description="The cursor of the first row; null for an empty page.")
    end_cursor: str | None = strawberry.field(description="The cursor of the last row; null for an empty page.")


@strawberry.type(description="A row of a page, with its cursor.")
class Edge(Generic[T]):
    """Relay's edge."""

    cursor: str = strawberry.field(description="Where the row stands; for after and before.")
    node: T = strawberry.field(description="The row.")


@strawberry.type(description="A page of rows.")
class Connection(Generic[T]):
    """Relay's connection."""

    edges: list[Edge[T]] = strawberry.field(description="The rows of the page with their cursors.")
    nodes: list[T] = strawberry.field(description="The rows of the page.")
    page_info: PageInfo = strawberry.field(description="Where the page lies.")
    total_count: int = strawberry.field(
        description="How many rows there are on all pages. Counted only when it is selected."
    )


First = Annotated[
    int | None,
    strawberry.argument(description="At most so many rows from the start; 20 where neither first nor last is given."),
]
After = Annotated[str | None, strawberry.argument(description="Only rows behind this cursor.")]
Last = Annotated[
    int | None, strawberry.argument(description="At most so many rows from the end. Not together with first.")
]
Before = Annotated[str | None, strawberry.argument(description="Only rows before this cursor.")]
ApplicationId = Annotated[
    int | None,
    strawberry.argument(
        description="Left out with a READER or WRITER key, whose application is meant; needed with an ADMIN key."
    ),
]


def of_application(row: Columns, other: Columns) -> ColumnElement[bool]:
    """Rows of one application."""
    return row["application_id"] == other["application_id"]


def of_session(row: Columns, other: Columns, **columns: str) -> Sequence[ColumnElement[Any]]:
    """Rows of one session: ``row`` belongs to ``other``, by its session_id and the columns named."""
    key = {"session_id": "session_id" if "session_id" in other else "id", **columns}
    return [of_application(row, other), *(row[mine] == other[theirs] for mine, theirs in key.items())]
