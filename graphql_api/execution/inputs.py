"""Inputs of mutations: graphql-core makes the objects while it coerces, and resolvers take them as they are.

Strawberry would go through the coerced values once more, and work out the name and the type of every field again: half
of what a mutation costs outside the database.
"""

from collections.abc import Callable, Iterator
from typing import Any

import strawberry
from graphql import GraphQLFieldResolver, GraphQLInputObjectType, GraphQLObjectType, GraphQLResolveInfo, get_named_type
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

BACK = GraphQLCoreConverter.DEFINITION_BACKREF


def make_while_coercing(mutation: GraphQLObjectType) -> None:
    """Have every input object that a mutation takes made once."""
    for field in mutation.fields.values():
        field.resolve = resolver(field.extensions[BACK])
        for argument in field.args.values():
            argument.out_name = argument.extensions[BACK].python_name
            for input_type in input_objects(get_named_type(argument.type)):
                definition: StrawberryObjectDefinition = input_type.extensions[BACK]
                for each in input_type.fields.values():
                    each.out_name = each.extensions[BACK].python_name
                input_type.is_one_of = bool(definition.is_one_of)  # Strawberry checks it while it makes the object
                input_type.out_type = maker(definition.origin)  # type: ignore[method-assign, assignment]  # as its constructor does


def resolver(field: StrawberryField) -> GraphQLFieldResolver:
    """The function behind a field, which needs nothing of what Strawberry can do around it.

    The source of a mutation's fields has what those have come to that are done.
    """
    assert field.base_resolver is not None
    assert not field.extensions
    function: Any = field.base_resolver.wrapped_func

    def resolve(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        if source and (done := source.get(info.path.key)):
            return done()
        return function(info=strawberry.Info(_raw_info=info, _field=field), **arguments)

    return resolve


def input_objects(type_: object) -> Iterator[GraphQLInputObjectType]:
    """The input object, and those within it."""
    if isinstance(type_, GraphQLInputObjectType):
        yield type_
        for field in type_.fields.values():
            yield from input_objects(get_named_type(field.type))


def maker(type_: type[Any]) -> Callable[[dict[str, Any]], Any]:
    """Coerced values to the object. What was left out has the default that it has in Python."""
    return lambda values: type_(**values)
