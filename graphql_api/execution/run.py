"""Running an operation."""

import logging
from collections.abc import Mapping, Sequence
from inspect import isawaitable
from typing import Any
from uuid import uuid4

from graphql import (
    ExecutionResult,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    execute,
)

from db.engine.errors import CannotWrite, DatabaseUnavailable
from graphql_api.errors import BadUserInput, LimitExceeded, RequestError, TimedOut, Unavailable
from graphql_api.execution.context import Context
from graphql_api.execution.executor import executor
from graphql_api.execution.mutations import mutated
from graphql_api.execution.read import answer_whole
from graphql_api.sql.request import Request

log = logging.getLogger("cartograph")
AWAY: Mapping[type[Exception], str] = {
    CannotWrite: "The database cannot be written now. Nothing was changed; try again later.",
    DatabaseUnavailable: "The database is away."
    " A change may have been made all the same: repeat it with its idempotency key.",
}

MAX_COERCION_ERRORS = 10


async def run(context: Context, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> ExecutionResult:
    """The result of an operation, its errors fit to be shown. Whoever asks for it sets its deadline."""
    how = queried if operation.operation is OperationType.QUERY else executed
    result = await how(context, operation, variables)
    result.extensions = cost_of(context, context.seen.cost)
    return result


def too_late(kind: OperationType | None, seconds: float) -> TimedOut:
    """What is told of an operation whose deadline has passed."""
    problem = f"Not done within {seconds:g} seconds."
    if kind is OperationType.MUTATION:  # what the writer has begun cannot be called back
        problem += " What it was to change may have been changed all the same; read it again."
    return TimedOut(problem)


def cost_of(context: Context, cost: int) -> dict[str, Any]:
    """What an answer's extensions say of its cost."""
    return {"cost": {"requested": cost, "maximum": context.settings.max_cost}}


async def queried(
    context: Context, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> ExecutionResult:
    """The result of a query: read as a whole, with no executor, where nothing stands in the way.

    What does stand in the way is left to the executor, which goes field by field and says which one is at fault.
    """
    values = context.document.variables(operation).coerced(variables)
    if values is None:
        return await executed(context, operation, variables)
    try:
        data: Any = await answer_whole(context, operation, values)
    except LimitExceeded as error:  # a limit is that of the whole query
        return ExecutionResult(None, [error])
    except Exception:  # the executor meets it again
        context.seen.cost = 0
        data = None
    return await executed(context, operation, variables) if data is None else ExecutionResult(data)


async def executed(
    context: Context, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> ExecutionResult:
    """The result of an operation by the executor. A mutation that would cost too much changes nothing."""
    values = context.document.variables(operation).for_executor(variables)
    if values is None:
        return complete(told_wrong(context, operation, variables))
    if operation.operation is OperationType.QUERY:
        return complete(await settled(executor(context, operation, values).execute_operation()))
    try:
        cost = context.document.cost(operation, Request(context.viewer, context.settings, values.coerced))
    except RequestError as error:
        return ExecutionResult(None, [error])
    data, done = await mutated(context, operation, values)
    if data is None:
        result = complete(await settled(executor(context, operation, values, done).execute_operation()))
    else:
        result = ExecutionResult(data)
    context.seen.cost = cost  # what it read of its payload is in it
    return result


async def settled(result: Any) -> Any:
    """What the executor has come to; it says so at once where nothing was to be waited for."""
    return await result if isawaitable(result) else result


def complete(result: Any) -> ExecutionResult:
    """A result with its errors fit to be shown."""
    assert isinstance(result, ExecutionResult)
    return ExecutionResult(result.data, shown(result.errors or ()) or None)


def told_wrong(context: Context, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> Any:
    """What graphql-core says of variables whose values are wrong; nothing is run."""
    return execute(
        context.document.schema,
        context.document.ast,
        variable_values=dict(variables),
        operation_name=operation.name.value if operation.name else None,
        hide_suggestions=not context.settings.suggests_names,
        max_coercion_errors=MAX_COERCION_ERRORS,
    )


def shown(errors: Sequence[GraphQLError]) -> list[GraphQLError]:
    """Errors as a client may see them: one that is not of our making is masked, and told in the log by its id."""
    return [masked(error) for error in errors]


def masked(error: GraphQLError) -> GraphQLError:
    """The error, or a stand-in for it."""
    cause = error.original_error
    if isinstance(cause, CannotWrite | DatabaseUnavailable):
        log.warning("the database cannot be used: %s", str(cause) or cause.__cause__)
        return GraphQLError(AWAY[type(cause)], error.nodes, path=error.path, extensions={"code": Unavailable.code})
    if cause is not None and not isinstance(cause, GraphQLError):
        identifier = uuid4().hex
        log.error("internal error %s", identifier, exc_info=cause)
        extensions = {"code": "INTERNAL", "id": identifier}
        return GraphQLError(f"Internal error {identifier}.", error.nodes, path=error.path, extensions=extensions)
    if "code" not in (error.extensions or {}):
        error.extensions = {**(error.extensions or {}), "code": BadUserInput.code}
    return error
