"""graphql-core's executor, for mutations and for queries that one statement cannot answer."""

from collections.abc import Callable
from functools import partial
from inspect import isawaitable
from typing import Any

import orjson
from graphql import ExecutionResult, OperationDefinitionNode, default_field_resolver, default_type_resolver
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from graphql_api.errors import LimitExceeded, public_errors
from graphql_api.execution.compile_queue import run_in_compile_queue
from graphql_api.execution.context import Context
from graphql_api.sql.introspection_cost import META_FIELDS
from graphql_api.sql.request import Request
from graphql_api.sql.slices import pause

MAX_INTROSPECTION_BYTES = 16 * 2**20  # as of an answer from the database


class JsonExecutor(StrawberryGraphQLCoreExecutionContext):
    """Takes JSON text that the database made as the completed value of a field, however deep the field is.

    Introspection is executed in the compile queue, since it can take a second.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # No resolver uses these helpers. They refer to the executor, and the cycle would leave the executor, the
        # variables and the context to the garbage collector, which took a seventh of the time of createSession.
        self.async_helpers = None  # type: ignore[assignment]

    def complete_value(self, return_type: Any, details: Any, info: Any, path: Any, result: Any, *rest: Any) -> Any:
        """Return JSON text as it is, and an awaitable for the schema."""
        if type(result) is orjson.Fragment:
            return result
        pause()
        complete = partial(super().complete_value, return_type, details, info, path, result, *rest)
        if info.field_name in META_FIELDS and return_type is info.return_type and result is not None:
            return self._introspect(info, complete)
        return complete()

    async def _introspect(self, info: Any, complete: Callable[[], Any]) -> orjson.Fragment:
        """Return the JSON of a ``__schema`` or ``__type`` field. Raises LimitExceeded where it is too long."""
        context: Context = self.context_value
        request = Request(context.viewer, context.settings, self.variable_values.coerced)
        context.record.cost += context.document.field_cost(info.parent_type, info.field_nodes, request)
        text = await run_in_compile_queue(context.viewer, lambda: orjson.dumps(complete()))
        if len(text) > MAX_INTROSPECTION_BYTES:
            raise LimitExceeded(f"The answer is longer than {MAX_INTROSPECTION_BYTES} bytes; ask for less at once.")
        return orjson.Fragment(text)


def create_executor(context: Context, operation: OperationDefinitionNode, values: VariableValues) -> JsonExecutor:
    """Return the executor of an operation."""
    document = context.document
    return JsonExecutor(
        schema=document.schema,
        fragment_definitions=dict(document.fragments),
        fragments={name: FragmentDetails(each) for name, each in document.fragments.items()},
        root_value=None,
        context_value=context,
        operation=operation,
        variable_values=values,
        field_resolver=default_field_resolver,
        type_resolver=default_type_resolver,
        subscribe_field_resolver=default_field_resolver,
        hide_suggestions=not context.settings.suggests_names,
    )


async def execute_fields(
    context: Context, operation: OperationDefinitionNode, values: VariableValues
) -> ExecutionResult:
    """Execute an operation field by field. Each error names its field by its path."""
    result: Any = create_executor(context, operation, values).execute_operation()
    if isawaitable(result):
        result = await result
    assert isinstance(result, ExecutionResult)
    return ExecutionResult(result.data, public_errors(result.errors) if result.errors else None)
