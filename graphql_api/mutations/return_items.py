"""returnItems."""

from typing import Annotated

import strawberry
from sqlalchemy import BigInteger, ColumnElement, Integer

from db import operations
from db.domain.cart import ReturnRequest
from db.domain.commands import ReturnItems
from graphql_api.execution.read import answer
from graphql_api.mutations.content import APPLICATION_ID, EXPECTED_VERSION, IDEMPOTENCY_KEY, INTEGRATION_ID, optional
from graphql_api.mutations.payload import WHOLE, SessionPayload, carried_out, writable
from graphql_api.sql.fields import One, reads
from graphql_api.sql.global_ids import Columns
from graphql_api.sql.scope import Scope
from graphql_api.types.info import Info
from graphql_api.types.session_return import SessionReturn
from graphql_api.types.written import of_source


@strawberry.input(
    description="Names a line of the cart. A sku names a line only where the cart has it once.", one_of=True
)
class CartLineInput:
    """One of the two."""

    position: int | None = optional("The line's index in the cart, from 0.")
    sku: str | None = optional("The line's sku.")


@strawberry.input(description="Units of one cart line.")
class ReturnItemInput:
    """A line and how many."""

    line: CartLineInput = strawberry.field(description="Which line.")
    quantity: int | None = strawberry.field(
        description="How many units, 1 or more; left out, all that remain of the line.", default=None
    )

    def request(self) -> ReturnRequest:
        """The item as the domain has it."""
        position = None if self.line.position is strawberry.UNSET else self.line.position
        sku = None if self.line.sku is strawberry.UNSET else self.line.sku
        return ReturnRequest(position, sku, self.quantity)


@strawberry.input(description="Items that come back together.")
class ReturnItemsInput:
    """See Mutation.returnItems."""

    integration_id: str = strawberry.field(description=INTEGRATION_ID)
    application_id: int | None = strawberry.field(description=APPLICATION_ID, default=None)
    items: list[ReturnItemInput] = strawberry.field(description="What comes back; at least one.")
    expected_version: int | None = strawberry.field(description=EXPECTED_VERSION, default=None)
    idempotency_key: str | None = strawberry.field(description=IDEMPOTENCY_KEY, default=None)


def written_return(scope: Scope, made: Columns) -> list[ColumnElement[bool]]:
    """The return that was made: it has the version of its session."""
    return [
        of_source(scope, made),
        made["session_id"] == scope.bind(lambda request: request.source.session_id, BigInteger()),
        made["version"] == scope.bind(lambda request: request.source.version, Integer()),
    ]


@strawberry.type(description="What returnItems answers.")
class ReturnItemsPayload(SessionPayload):
    """See Mutation.returnItems."""

    @strawberry.field(
        name="return",
        description="The return that was made; null where the mutation was refused.",
        metadata=reads(One(written_return)),
    )
    async def made(self, info: Info) -> SessionReturn | None:
        """Read by its key."""
        return await answer(info, self.outcome) if self.outcome else None


@strawberry.mutation(
    description="Takes items of a closed session back, and tells what is to be given back for them.", metadata=WHOLE
)
async def return_items(
    info: Info, input: Annotated[ReturnItemsInput, strawberry.argument(description="The session and its items.")]
) -> ReturnItemsPayload:
    """Input to command."""
    command = ReturnItems(
        application_id=writable(info, input.application_id),
        integration_id=input.integration_id,
        items=[item.request() for item in input.items],
        expected_version=input.expected_version,
        idempotency_key=input.idempotency_key,
    )
    return await carried_out(info, ReturnItemsPayload, operations.return_items, command)
