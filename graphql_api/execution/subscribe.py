"""Execution of subscriptions."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from inspect import isawaitable
from typing import Any, cast

from graphql import ExecutionResult, GraphQLError, OperationDefinitionNode, create_source_event_stream
from graphql.execution.values import VariableValues

from graphql_api.errors import OperationFailed, SubscriptionInterrupted, TimedOut, public_error, public_errors
from graphql_api.execution.context import Context
from graphql_api.execution.executor import create_executor
from graphql_api.execution.read import check_event_cost, read_operation
from graphql_api.execution.run import cost_extension
from graphql_api.execution.variables import coerce_variables


async def subscribe(
    context: Context, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> AsyncGenerator[ExecutionResult, None]:
    """Start a subscription and return its results, one for each event. Raises OperationFailed."""
    hide_suggestions = not context.settings.suggests_names
    values = coerce_variables(context.document.schema, operation, variables, hide_suggestions)
    seconds = context.settings.deadline_seconds
    try:
        async with asyncio.timeout(seconds):
            await check_event_cost(context, operation, values.coerced)
            events = await open_events(context, operation, values)
    except GraphQLError as error:
        raise OperationFailed(public_error(error)) from error
    except TimeoutError:
        raise OperationFailed(TimedOut(f"Not begun within {seconds:g} seconds.")) from None
    return event_results(context, operation, values.coerced, events)


async def open_events(
    context: Context, operation: OperationDefinitionNode, values: VariableValues
) -> AsyncGenerator[Any, None]:
    """Return the events that the subscription's resolver yields. Raises OperationFailed."""
    stream: Any = create_source_event_stream(create_executor(context, operation, values))
    if isawaitable(stream):
        stream = await stream
    if isinstance(stream, ExecutionResult):
        raise OperationFailed(*public_errors(stream.errors or ()))
    return cast(AsyncGenerator[Any, None], stream)


async def event_results(
    context: Context,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
    events: AsyncGenerator[Any, None],
) -> AsyncGenerator[ExecutionResult, None]:
    """Yield a result for each event.

    Raises OperationFailed where the events end; the extensions of its error hold the arguments that resume them.
    """
    seconds = context.settings.deadline_seconds
    try:
        async with aclosing(events):
            async for event, position in events:
                cost_before = context.record.cost
                try:
                    async with asyncio.timeout(seconds):
                        data: Any = await read_operation(context, operation, variables, event)
                except TimeoutError as error:
                    raise OperationFailed(TimedOut(f"Not read within {seconds:g} seconds.", **position())) from error
                except Exception as error:
                    raise OperationFailed(with_position(error, position())) from error
                yield ExecutionResult(data, extensions=cost_extension(context, context.record.cost - cost_before))
    except GraphQLError as error:
        raise OperationFailed(error) from error
    except SubscriptionInterrupted as interrupted:
        raise OperationFailed(with_position(interrupted.error, interrupted.position)) from interrupted


def with_position(error: Exception, position: Mapping[str, Any]) -> GraphQLError:
    """Return the error that a client sees, with the arguments by which it can resume the subscription."""
    public = public_error(error)
    public.extensions = {**(public.extensions or {}), **position}
    return public
