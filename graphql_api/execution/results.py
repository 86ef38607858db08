"""Requests to results: one for a query or a mutation, and one for each event of a subscription."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from functools import partial
from typing import Any

from graphql import ExecutionResult, GraphQLError, OperationDefinitionNode, OperationType

from graphql_api.errors import BadUserInput, Forbidden, OperationFailed, RateLimited, public_error
from graphql_api.execution.context import Context
from graphql_api.execution.document import Document
from graphql_api.execution.document_validation import InvalidDocument
from graphql_api.execution.documents import Documents
from graphql_api.execution.lazy_timeout import with_lazy_timeout
from graphql_api.execution.parameters import Parameters
from graphql_api.execution.run import deadline_error, run
from graphql_api.execution.subscribe import subscribe
from graphql_api.observability.operation_record import MAX_NAME_LENGTH, OperationRecord
from graphql_api.security.admission import AdmissionControl

Results = AsyncGenerator[ExecutionResult, None]


def prepare(
    documents: Documents, parameters: Parameters, record: OperationRecord
) -> tuple[Document, OperationDefinitionNode]:
    """Return the document and the operation that a request selects, and record them.

    Raises InvalidDocument, also for an operation that the caller's session token does not permit.
    """
    viewer = record.viewer
    assert viewer is not None, "the caller has been authenticated"
    document = documents.resolve(parameters)
    record.document = document.sha256
    operation = select_operation(document, parameters.operation_name)
    record.kind = operation.operation
    record.name = operation.name.value[:MAX_NAME_LENGTH] if operation.name else None
    if viewer.token_permissions is not None:
        try:
            introspection = documents.settings.token_introspection
            viewer.token_permissions.check_operation(operation, document.fragments, introspection)
        except Forbidden as error:
            raise InvalidDocument(error) from error
    return document, operation


def select_operation(document: Document, name: str | None) -> OperationDefinitionNode:
    """Return the operation with a name, or the only one. Raises InvalidDocument."""
    named = [each for each in document.operations if name is None or (each.name and each.name.value == name)]
    if len(named) == 1:
        return named[0]
    if not document.operations:
        problem = "The document has no operation."
    elif name:
        problem = f"The document has no operation {name!r}."
    else:
        problem = "The document has several operations; name one of them in operationName."
    raise InvalidDocument(BadUserInput(problem))


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
        result = await with_lazy_timeout(run(context, operation, variables), partial(asyncio.timeout, seconds))
    except OperationFailed:
        raise
    except TimeoutError as error:
        raise OperationFailed(deadline_error(operation.operation, seconds)) from error
    except Exception as error:
        raise OperationFailed(public_error(error)) from error
    yield result


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


def to_response(result: ExecutionResult) -> dict[str, Any]:
    """Return the GraphQL response with a result."""
    response: dict[str, Any] = {"data": result.data}
    if result.errors:
        response = {"errors": [each.formatted for each in result.errors], **response}
    if result.extensions:
        response["extensions"] = result.extensions
    return response
