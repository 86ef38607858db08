"""The one way in which mutations are carried out."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from graphql import GraphQLError

from db.domain.errors import Refused
from db.operations.outcome import Outcome
from db.operations.sessions import change_own_session
from graphql_api.execution.context import Info
from graphql_api.execution.run import read_field
from graphql_api.mutations.declaration import check_declared
from graphql_api.mutations.payload import EntityPayload, Payload
from graphql_api.types.user_error import user_errors

P = TypeVar("P", bound=Payload)
E = TypeVar("E", bound=EntityPayload)


async def execute(info: Info, payload: type[P], operation: Callable[..., Any], *arguments: Any) -> P:
    """Run an operation in one transaction and return its payload, with the outcome or with the refusals.

    Any other exception is the error of the mutation's field. ``public_error`` maps it, once.
    """
    try:
        return payload(outcome=await info.context.database.write(operation, *arguments))
    except Refused as refused:
        check_declared(info.field_name, refused)
        return payload(errors=user_errors(refused))


async def execute_and_read(
    info: Info, payload: type[E], operation: Callable[..., Any], *arguments: Any, key: object = None
) -> E:
    """Run an operation and read its payload by one statement, if the mutation's metadata is ``PAYLOAD``.

    ``key`` is what the payload is read by, where that is not what the operation returns. If the statement fails, the
    change has been made all the same: the payload says so, and its entity has the error.
    """
    answer = await execute(info, payload, operation, *arguments)
    if answer.errors:
        return answer
    if key is not None:
        answer.outcome = key
    return await read_payload(info, answer)


async def read_payload(info: Info, answer: E) -> E:
    """Read a payload by its outcome."""
    try:
        return await read_field(info, answer.outcome)
    except GraphQLError:  # the executor reads field by field, and names the one with the bad argument
        return answer
    except Exception as error:  # the database is not asked again
        answer.read_error = error
        return answer


async def execute_command(info: Info, payload: type[E], operation: Callable[..., Any], command: object) -> E:
    """Run a command in the caller's name, and read its payload."""
    return await execute_and_read(info, payload, operation, info.context.actor, command, info.context.now())


def of_viewer(info: Info, operation: Callable[..., Outcome]) -> Callable[..., Outcome]:
    """Return an operation on one session; with a session token it finds the token's own session only."""
    session_id = info.context.viewer.session_id
    if session_id is None:
        return operation
    return partial(change_own_session, operation=operation, session_id=session_id)
