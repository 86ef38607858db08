"""graphql-core's executor, for what is not read as a whole."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from graphql import OperationDefinitionNode, default_field_resolver, default_type_resolver
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from graphql_api.execution.context import Context

Done = Mapping[str, Callable[[], Any]]  # response name -> what came of a field of a mutation, or raises it


class FragmentExecutor(StrawberryGraphQLCoreExecutionContext):
    """Takes JSON that the database made as the completed value of any field."""

    def complete_value(self, return_type: Any, details: Any, info: Any, path: Any, result: Any, *rest: Any) -> Any:
        """A fragment is not walked."""
        if type(result) is orjson.Fragment:
            return result
        return super().complete_value(return_type, details, info, path, result, *rest)


def executor(
    context: Context, operation: OperationDefinitionNode, values: VariableValues, done: Done | None = None
) -> FragmentExecutor:
    """What goes through an operation field by field, but for those of a mutation that are done."""
    document = context.document
    return FragmentExecutor(
        schema=document.schema,
        fragment_definitions=dict(document.fragments),
        fragments={name: FragmentDetails(each) for name, each in document.fragments.items()},
        root_value=done,
        context_value=context,
        operation=operation,
        variable_values=values,
        field_resolver=default_field_resolver,
        type_resolver=default_type_resolver,
        subscribe_field_resolver=default_field_resolver,
        hide_suggestions=not context.settings.suggests_names,
    )
