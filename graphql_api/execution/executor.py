"""graphql-core's executor, for mutations and for queries that one statement cannot answer."""

from inspect import isawaitable
from typing import Any

import orjson
from graphql import ExecutionResult, OperationDefinitionNode, default_field_resolver, default_type_resolver
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from graphql_api.errors import public_errors
from graphql_api.execution.context import Context


class JsonExecutor(StrawberryGraphQLCoreExecutionContext):
    """Takes JSON text that the database made as the completed value of a field, however deep the field is."""

    def complete_value(self, return_type: Any, details: Any, info: Any, path: Any, result: Any, *rest: Any) -> Any:
        """Return JSON text as it is."""
        if type(result) is orjson.Fragment:
            return result
        return super().complete_value(return_type, details, info, path, result, *rest)


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
    return ExecutionResult(result.data, public_errors(result.errors or ()) or None)
