"""Results that are sent one by one, over a WebSocket or as server-sent events: those of all three kinds of operations.

A query and a mutation have one result, a subscription has one for each event.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from inspect import isawaitable
from typing import Any, cast

from graphql import ExecutionResult, GraphQLError, OperationDefinitionNode, OperationType, create_source_event_stream
from graphql.execution.values import VariableValues

from graphql_api.errors import (
    OperationFailed,
    RateLimited,
    SubscriptionInterrupted,
    TimedOut,
    public_error,
    public_errors,
)
from graphql_api.execution.context import Context
from graphql_api.execution.executor import create_executor
from graphql_api.execution.run import (
    check_event_cost,
    coerce_variables,
    cost_extension,
    deadline_error,
    read_operation,
    run,
)
from graphql_api.observability.operation_record import OperationRecord
from graphql_api.security.admission import AdmissionControl

Results = AsyncGenerator[ExecutionResult, None]


async def start(context: Context, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> Results:
    """Start an operation and return its results. A subscription misses no event from here on.

    Raises OperationFailed, and so do the results.
    """
    if operation.operation is OperationType.SUBSCRIPTION:
        return await subscribe(context, operation, variables)
    return single_result(context, operation, variables)


async def single_result(context: Context, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> Results:
    """Yield the one result of a query or a mutation."""
    seconds = context.settings.deadline_seconds
    try:
        async with asyncio.timeout(seconds):
            result = await run(context, operation, variables)
    except OperationFailed:
        raise
    except TimeoutError as error:
        raise OperationFailed(deadline_error(operation.operation, seconds)) from error
    except Exception as error:
        raise OperationFailed(public_error(error)) from error
    yield result


async def subscribe(context: Context, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> Results:
    """Start a subscription and return its results."""
    values = coerce_variables(context.document, context.settings, operation, variables)
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
) -> Results:
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


async def fail(*errors: GraphQLError) -> Results:
    """Stand in for the start of an operation that cannot be executed."""
    raise OperationFailed(*errors)


async def charge_each(admission: AdmissionControl, record: OperationRecord, results: Results) -> Results:
    """Yield the results of a subscription, and take the cost of each off the caller's budget."""
    assert record.viewer is not None, "the caller has been authenticated"
    async with aclosing(results):
        admission.charge(record.viewer.key_prefix, record.charge())  # for starting
        async for result in results:
            admission.charge(record.viewer.key_prefix, record.charge())
            yield result


async def admit(admission: AdmissionControl, record: OperationRecord, results: Results) -> Results:
    """Yield results, and count the operation as under way until the last. Raises OperationFailed if refused."""
    assert record.viewer is not None, "the caller has been authenticated"
    key = record.viewer.key_prefix
    try:
        admission.admit(key)
    except RateLimited as error:
        raise OperationFailed(error) from error
    try:
        async with aclosing(results):
            async for result in results:
                yield result
    finally:
        admission.release(key, record.charge())
