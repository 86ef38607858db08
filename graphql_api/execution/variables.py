"""Coercion of an operation's variables."""

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLSchema, OperationDefinitionNode, get_variable_values
from graphql.execution.values import VariableValues

from graphql_api.errors import OperationFailed, public_errors

MAX_ERRORS = 10  # reported for one request


def coerce_variables(
    schema: GraphQLSchema, operation: OperationDefinitionNode, given: Mapping[str, Any], hide_suggestions: bool
) -> VariableValues:
    """Return the values of an operation's variables. Raises OperationFailed where they do not fit their types."""
    values = get_variable_values(
        schema, operation.variable_definitions or (), dict(given), MAX_ERRORS, hide_suggestions
    )
    if isinstance(values, list):
        raise OperationFailed(*public_errors(values))
    return values
