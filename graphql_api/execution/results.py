"""What an operation comes to, whichever way it travels: one result, or for a subscription one for each event."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from inspect import isawaitable
from typing import Any, cast

from graphql import (
    ExecutionResult,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    create_source_event_stream,
)
from graphql.execution.values import VariableValues

from graphql_api.errors import BadUserInput, Forbidden, Interrupted, RateLimited, TimedOut
from graphql_api.execution.context import Context
from graphql_api.execution.document import Document
from graphql_api.execution.document_validation import InvalidDocument
from graphql_api.execution.documents import Documents
from graphql_api.execution.executor import executor
from graphql_api.execution.lazy_timeout import with_lazy_timeout
from graphql_api.execution.parameters import Parameters
from graphql_api.execution.read import answer_whole, hold_to_limits
from graphql_api.execution.run import cost_of, masked, run, shown, told_wrong, too_late
from graphql_api.observability.operation_record import MAX_NAME_LENGTH, OperationRecord
from graphql_api.security.rate_limit import Gate

Variables = Mapping[str, Any]
Results = AsyncGenerator[ExecutionResult, None]


class Failed(Exception):
    """An operation that comes to nothing, or to nothing more; ``errors`` say why."""

    def __init__(self, *errors: GraphQLError) -> None:
        super().__init__(*errors)
        self.errors = errors


def prepare(
    documents: Documents, given: Parameters, record: OperationRecord
) -> tuple[Document, OperationDefinitionNode]:
    """Return the document and the operation that a request selects, and record them.

    Raises InvalidDocument, also for an operation that the caller's session token does not permit.
    """
    viewer = record.viewer
    assert viewer is not None, "the caller has been authenticated"
    document = documents.resolve(given)
    record.document = document.sha256
    operation = selected(document, given.operation_name)
    record.kind = operation.operation
    record.name = operation.name.value[:MAX_NAME_LENGTH] if operation.name else None
    if viewer.grant is not None:
        try:
            viewer.grant.check(operation, document.fragments)
        except Forbidden as error:
            raise InvalidDocument(error) from error
    return document, operation


def selected(document: Document, name: str | None) -> OperationDefinitionNode:
    """The operation that is meant. Raises InvalidDocument."""
    named = [each for each in document.operations if name is None or (each.name and each.name.value == name)]
    if len(named) == 1:
        return named[0]
    problem = (
        f"The document has no operation {name!r}." if name else "operationName has to say which operation is meant."
    )
    if not document.operations:
        problem = "The document has no operation."
    raise InvalidDocument(BadUserInput(problem))


async def begun(context: Context, operation: OperationDefinitionNode, variables: Variables) -> Results:
    """All results, as they come: a subscription has begun, and tells what happens from here on. Raises Failed."""
    if operation.operation is not OperationType.SUBSCRIPTION:
        return alone(context, operation, variables)
    values = context.document.variables(operation).for_executor(variables)
    if values is None:
        raise Failed(*shown(told_wrong(context, operation, variables).errors))
    return told(context, operation, values.coerced, await subscribed(context, operation, values))


async def charged(gate: Gate, seen: OperationRecord, results: Results) -> Results:
    """The same results, and what each of them costs taken off the budget."""
    assert seen.viewer is not None, "nobody comes here without a key"
    before = 0
    async with aclosing(results):
        async for result in results:
            gate.charge(seen.viewer.key_prefix, seen.cost - before)
            before = seen.cost
            yield result


async def held(gate: Gate, seen: OperationRecord, results: Results) -> Results:
    """The same results, under way until the last of them has come. Raises Failed where there is no room."""
    assert seen.viewer is not None, "nobody comes here without a key"
    holder = seen.viewer.key_prefix
    try:
        gate.enter(holder)
    except RateLimited as error:
        raise Failed(error) from error
    try:
        async with aclosing(results):
            async for result in results:
                yield result
    finally:
        gate.leave(holder, seen.cost)


async def refused(*errors: GraphQLError) -> Results:
    """What cannot be run. Raises Failed."""
    raise Failed(*errors)


async def alone(context: Context, operation: OperationDefinitionNode, variables: Variables) -> Results:
    """The one result of a query or a mutation. Raises Failed."""
    seconds = context.settings.deadline_seconds
    try:
        result = await with_lazy_timeout(run(context, operation, variables), partial(asyncio.timeout, seconds))
    except TimeoutError as error:
        raise Failed(too_late(operation.operation, seconds)) from error
    if is_refusal(result):
        raise Failed(*(result.errors or ()))
    yield result


def is_refusal(result: ExecutionResult) -> bool:
    """Whether an operation was not begun: GraphQL calls that a request error."""
    return result.data is None and not any(error.path for error in result.errors or ())


def code(errors: Sequence[GraphQLError]) -> str:
    """The code of the first error, which stands for the others."""
    return str((errors[0].extensions or {}).get("code", "INTERNAL"))


def answer(result: ExecutionResult) -> dict[str, Any]:
    """A result as it is sent."""
    told: dict[str, Any] = {"data": result.data}
    if result.errors:
        told = {"errors": [each.formatted for each in result.errors], **told}
    if result.extensions:
        told["extensions"] = result.extensions
    return told


async def subscribed(
    context: Context, operation: OperationDefinitionNode, values: VariableValues
) -> AsyncGenerator[Any, None]:
    """The events that a subscription is about. Raises Failed."""
    try:
        async with asyncio.timeout(context.settings.deadline_seconds):
            await hold_to_limits(context, operation, values.coerced)
            source: Any = create_source_event_stream(executor(context, operation, values))
            source = await source if isawaitable(source) else source
    except GraphQLError as error:
        raise Failed(*shown([error])) from error
    except TimeoutError:
        raise Failed(TimedOut(f"Not begun within {context.settings.deadline_seconds:g} seconds.")) from None
    if isinstance(source, ExecutionResult):
        raise Failed(*shown(source.errors or ()))
    return cast(AsyncGenerator[Any, None], source)


async def told(
    context: Context, operation: OperationDefinitionNode, values: Variables, source: AsyncGenerator[Any, None]
) -> Results:
    """A result for each event. Raises Failed where the events end; its errors say where to go on from."""
    seconds = context.settings.deadline_seconds
    try:
        async with aclosing(source):
            async for event, place in source:
                before = context.seen.cost
                try:
                    async with asyncio.timeout(seconds):
                        data: Any = await answer_whole(context, operation, values, event)
                except TimeoutError as error:
                    raise Failed(TimedOut(f"Not read within {seconds:g} seconds.", **place())) from error
                except Exception as error:
                    raise Failed(placed(error, place())) from error
                yield ExecutionResult(data, extensions=cost_of(context, context.seen.cost - before))
    except GraphQLError as error:
        raise Failed(error) from error
    except Interrupted as cut:
        raise Failed(placed(cut.error, cut.place)) from cut


def placed(error: Exception, place: Mapping[str, Any]) -> GraphQLError:
    """An error as a client may see it, with the place where a subscription can go on from."""
    told = error if isinstance(error, GraphQLError) else masked(GraphQLError(str(error), original_error=error))
    told.extensions = {**(told.extensions or {}), **place}
    return told
