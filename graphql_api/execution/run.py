"""Execution of queries and mutations."""

from collections.abc import Mapping
from typing import Any

from graphql import ExecutionResult, GraphQLError, OperationDefinitionNode, OperationType
from graphql.execution.values import VariableValues

from graphql_api.errors import LimitExceeded, OperationFailed, TimedOut, public_error
from graphql_api.execution.context import Context
from graphql_api.execution.executor import execute_fields
from graphql_api.execution.read import read_operation
from graphql_api.execution.variables import coerce_variables
from graphql_api.sql.request import Request


async def run(context: Context, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> ExecutionResult:
    """Execute a query or a mutation. The caller sets the deadline.

    Raises OperationFailed where nothing was executed because of the request. Any other exception is a failure of the
    server, for which the caller answers with ``public_error``.
    """
    hide_suggestions = not context.settings.suggests_names
    values = coerce_variables(context.document.schema, operation, variables, hide_suggestions)
    run_operation = run_query if operation.operation is OperationType.QUERY else run_mutation
    try:
        result = await run_operation(context, operation, values)
    except GraphQLError as error:
        raise OperationFailed(public_error(error)) from error
    result.extensions = cost_extension(context, context.record.cost)
    return result


async def run_query(context: Context, operation: OperationDefinitionNode, values: VariableValues) -> ExecutionResult:
    """Answer a query by one statement, or field by field where a field's arguments are bad or it reads the schema.

    Raises LimitExceeded, which is about the whole query. No failure of the database leads to a second attempt.
    """
    try:
        data: Any = await read_operation(context, operation, values.coerced)
    except LimitExceeded:
        raise
    except GraphQLError:  # the executor answers the other fields, and names this one in the error's path
        context.record.cost = 0
        data = None
    return ExecutionResult(data) if data is not None else await execute_fields(context, operation, values)


async def run_mutation(context: Context, operation: OperationDefinitionNode, values: VariableValues) -> ExecutionResult:
    """Execute the fields of a mutation one after another. One that would cost too much changes nothing."""
    cost = context.document.cost(operation, Request(context.viewer, context.settings, values.coerced))
    result = await execute_fields(context, operation, values)
    context.record.cost = cost  # includes what was read for the payloads
    return result


def deadline_error(kind: OperationType | None, seconds: float) -> TimedOut:
    """Return the error of an operation whose deadline has passed."""
    problem = f"Not done within {seconds:g} seconds."
    if kind is OperationType.MUTATION:  # a write that has started is not cancelled
        problem += " What it was to change may have been changed all the same; read it again."
    return TimedOut(problem)


def cost_extension(context: Context, cost: int) -> dict[str, Any]:
    """Return the entry of ``extensions`` with an operation's cost and the highest that is allowed."""
    return {"cost": {"requested": cost, "maximum": context.settings.max_cost}}
