"""returnItems."""

from typing import Annotated

import strawberry
from sqlalchemy import ColumnElement, Integer

from db.domain.cart import ReturnRequest
from db.domain.commands import ReturnItems
from db.domain.errors import (
    CartLineNotFound,
    InvalidTransition,
    ReturnExceedsRemaining,
    SessionNotFound,
    VersionConflict,
)
from db.operations import sessions
from graphql_api.execution.context import Info
from graphql_api.mutations.declaration import REPEATABLE_ERRORS, mutation
from graphql_api.mutations.inputs import CartLineInput, VersionedInput, writable_application
from graphql_api.mutations.payload import PAYLOAD, SessionPayload
from graphql_api.mutations.runner import execute_command
from graphql_api.sql.fields import One, reads
from graphql_api.sql.scope import Scope
from graphql_api.sql.source import Columns
from graphql_api.types.session_return import SessionReturn
from graphql_api.types.written import VERSION, of_source, session_id


@strawberry.input(description="Units of one cart line to return.")
class ReturnItemInput:
    line: CartLineInput = strawberry.field(description="The line that the units belong to.")
    quantity: int | None = strawberry.field(
        description="The number of units, 1 or more. Null or left out: all units of the line that have not been"
        " returned yet.",
        default=None,
    )

    def request(self) -> ReturnRequest:
        """Convert to the domain's request."""
        return ReturnRequest(self.line.name(), self.quantity)


@strawberry.input(description="The items to return, and their session.")
class ReturnItemsInput(VersionedInput):
    items: list[ReturnItemInput] = strawberry.field(
        description="The units to return, at least one item. Items of the same line add up."
    )


def written_return(scope: Scope, made: Columns) -> list[ColumnElement[bool]]:
    """Return the conditions that select the new return: it has the version of its session."""
    return [
        of_source(scope, made),
        made["session_id"] == session_id(scope),
        made["version"] == scope.bind(VERSION, Integer()),
    ]


@strawberry.type(description="The answer of returnItems.")
class ReturnItemsPayload(SessionPayload):
    @strawberry.field(
        name="return",
        description="The new return, with the amount to refund; null if the mutation was refused.",
        metadata=reads(One(written_return)),
    )
    async def made(self, info: Info) -> SessionReturn | None:
        """Read by its key."""
        return await self.read(info)


@mutation(
    description="Return units of a CLOSED or PARTIALLY_RETURNED session, and compute the amount to refund. The session"
    " is PARTIALLY_RETURNED afterwards, also when all units have been returned. Refused with ReturnExceedsRemaining if"
    " a line has fewer units left, and with InvalidTransition in any other state. Needs a WRITER or ADMIN key.",
    errors=[
        *REPEATABLE_ERRORS,
        SessionNotFound,
        VersionConflict,
        InvalidTransition,
        CartLineNotFound,
        ReturnExceedsRemaining,
    ],
    metadata=PAYLOAD,
)
async def return_items(
    info: Info, input: Annotated[ReturnItemsInput, strawberry.argument(description="The session and its items.")]
) -> ReturnItemsPayload:
    application_id = writable_application(info, input.application_id)
    command = input.command(ReturnItems, application_id, items=[item.request() for item in input.items])
    return await execute_command(info, ReturnItemsPayload, sessions.return_items, command)
