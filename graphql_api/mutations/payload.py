"""The fields that payloads share, and how they are read."""

from typing import Any

import strawberry
from sqlalchemy import Boolean, literal_column

from graphql_api.execution.context import Info
from graphql_api.execution.run import read_field
from graphql_api.sql.fields import JsonText, Value, reads
from graphql_api.sql.fields import Payload as PayloadReads
from graphql_api.types.customer_session import CustomerSession
from graphql_api.types.user_error import UserError
from graphql_api.types.written import WRITTEN_SESSION

PAYLOAD = reads(PayloadReads())  # metadata of a mutation whose payload is read by one statement
NO_ERRORS = reads(JsonText(lambda scope: literal_column("'[]'")))  # a payload that is read was not refused


def outcome_flag(name: str) -> dict[str, Any]:
    """Return the metadata of a Boolean field that is an attribute of the outcome."""
    return reads(Value(lambda scope: scope.bind(lambda request: getattr(request.source, name), Boolean())))


@strawberry.type
class Payload:
    """The outcome of an operation, or the reasons why it was refused."""

    outcome: strawberry.Private[Any] = None
    errors: list[UserError] = strawberry.field(
        description="Why the mutation was refused, at most 100 reasons. Empty if it was carried out. If it is not"
        " empty, nothing was changed.",
        default_factory=list,
        metadata=NO_ERRORS,
    )


@strawberry.type
class EntityPayload(Payload):
    """A payload with the entity that was written, which is read by the outcome."""

    read_error: strawberry.Private[Exception | None] = None

    async def read(self, info: Info) -> Any:
        """Return the JSON of a field; None if the mutation was refused."""
        if self.read_error is not None:
            raise self.read_error
        return None if self.outcome is None else await read_field(info, self.outcome)


@strawberry.type
class RepeatablePayload(EntityPayload):
    """The payload of a mutation that takes an idempotency key."""

    @strawberry.field(
        description="True if the mutation had been carried out before with the same idempotency key and input, and"
        " changed nothing this time.",
        metadata=outcome_flag("replayed"),
    )
    def replayed(self) -> bool:
        """Whether the operation found its idempotency key."""
        return self.outcome is not None and self.outcome.replayed


@strawberry.type
class SessionPayload(RepeatablePayload):
    """The payload of a mutation of a session."""

    @strawberry.field(
        description="The session after the mutation; null if the mutation was refused.", metadata=WRITTEN_SESSION
    )
    async def session(self, info: Info) -> CustomerSession | None:
        """Read by its key."""
        return await self.read(info)


@strawberry.type(
    description="The answer of addCartItems, updateCartItems, removeCartItems and mergeSessions. After"
    " mergeSessions, session is the one with the lines of both."
)
class CartPayload(SessionPayload):
    pass
