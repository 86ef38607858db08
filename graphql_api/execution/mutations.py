"""Running a mutation's fields, one after another, with no executor for those whose payload the database makes."""

from collections.abc import Callable
from functools import partial
from inspect import isawaitable
from typing import Any

import orjson
from graphql import GraphQLError, GraphQLResolveInfo, OperationDefinitionNode
from graphql.execution.values import VariableValues, get_argument_values
from graphql.pyutils import Path

from graphql_api.execution.context import Context
from graphql_api.execution.executor import Done
from graphql_api.sql.selection import Selection, constant


async def mutated(
    context: Context, operation: OperationDefinitionNode, values: VariableValues
) -> tuple[dict[str, orjson.Fragment] | None, Done]:
    """The data, and what came of each field that was carried out.

    The first field that does not come to a payload as JSON is the last one here, and there is no data: the executor
    takes that field as done, tells what came of it as it should be told, and carries out those behind it.
    """
    document = context.document
    type_ = document.schema.mutation_type
    assert type_ is not None, "validation has seen to it"
    selection = Selection(document.schema, document.fragments, lambda node: bool(constant(node, values.coerced)))
    data: dict[str, orjson.Fragment] = {}
    done: dict[str, Callable[[], Any]] = {}
    for name, nodes in selection.fields(type_, [operation.selection_set]).items():
        definition = type_.fields.get(nodes[0].name.value)
        if definition is None:  # __typename
            return None, done
        try:
            arguments = get_argument_values(definition, nodes[0], values)
        except GraphQLError:  # the executor meets it again
            return None, done
        assert definition.resolve is not None, "every mutation has one"
        info: Any = GraphQLResolveInfo(
            *(nodes[0].name.value, nodes, definition.type, type_, Path(None, name, type_.name), document.schema),
            *(dict(document.fragments), None, operation, values.coerced, context, isawaitable, None, None),  # type: ignore[arg-type]  # as Strawberry has it: values are a dict, and nothing is aborted
        )
        try:
            payload = await definition.resolve(None, info, **arguments)
        except Exception as error:  # whatever it is, the executor tells it
            done[name] = partial(fail, error)
            return None, done
        done[name] = partial(returned, payload)
        if type(payload) is not orjson.Fragment:
            return None, done
        data[name] = payload
    return data, done


def returned(payload: Any) -> Any:
    """What a field came to."""
    return payload


def fail(error: Exception) -> Any:
    """Raise what a field raised."""
    raise error
