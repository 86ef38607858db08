"""What the mutations of sessions and profiles share: how they are carried out, and what they answer."""

from collections.abc import Callable
from typing import Any, TypeVar

import strawberry
from sqlalchemy import Boolean, literal_column

from db.domain.errors import Refused
from db.operations import Outcome
from graphql_api.execution.context import Context, now
from graphql_api.execution.read import answer
from graphql_api.sql.fields import JsonText, Payload, Value, reads
from graphql_api.sql.global_ids import Source, parse
from graphql_api.types.customer_session import CustomerSession
from graphql_api.types.info import Info
from graphql_api.types.user_error import UserError, user_errors
from graphql_api.types.written import WRITTEN_SESSION

P = TypeVar("P")

WHOLE = reads(Payload())  # the metadata of a mutation whose payload is one statement, where nothing was refused
ERRORS = "Empty exactly where the mutation was carried out. Where it is not empty nothing was changed."


def refusals() -> Any:
    """The field of the refusals. A payload that is read has none."""
    none = reads(JsonText(lambda scope: literal_column("'[]'")))
    return strawberry.field(description=ERRORS, default_factory=list, metadata=none)


def fact(name: str) -> dict[str, Any]:
    """The metadata of a field that tells whether something is true of the outcome."""
    return reads(Value(lambda scope: scope.bind(lambda request: getattr(request.source, name), Boolean())))


@strawberry.type
class SessionPayload:
    """What every mutation of a session answers."""

    outcome: strawberry.Private[Outcome | None] = None
    errors: list[UserError] = refusals()

    @strawberry.field(
        description="The session as it is now; null where the mutation was refused.", metadata=WRITTEN_SESSION
    )
    async def session(self, info: Info) -> CustomerSession | None:
        """Read by its key."""
        return await answer(info, self.outcome) if self.outcome else None

    @strawberry.field(
        description="Whether this answers a repeat of a change that had been made before.", metadata=fact("replayed")
    )
    def replayed(self) -> bool:
        """Known by the idempotency key."""
        return self.outcome is not None and self.outcome.replayed


async def carried_out(info: Info, payload: Callable[..., P], operation: Callable[..., object], command: object) -> P:
    """Run an operation for the caller, and make its payload of what comes of it.

    The payload is read as a whole where nothing stands in the way. What does is left to the executor, which goes field
    by field and says which one is at fault.
    """
    context: Context = info.context
    try:
        outcome = await context.database.write(operation, context.actor, command, now())
    except Refused as refused:
        return payload(errors=user_errors(refused))
    cost = context.seen.cost
    try:
        return await answer(info, outcome)
    except Exception:  # the executor meets it again
        context.seen.cost = cost
        return payload(outcome=outcome)


def writable(info: Info, application_id: int | None) -> int:
    """The application that the caller may change. Raises Forbidden and BadUserInput."""
    context: Context = info.context
    context.viewer.may_write()
    return context.viewer.application(application_id)


def named_by_id(type_: type[Any], global_id: str) -> list[int | str]:
    """The key of an object of one type, from its global id. Raises BadUserInput on any other id."""
    source: Source = type_.source
    return parse(global_id, {str(source.prefix): source})[1]
