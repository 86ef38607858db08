"""Input objects of mutations: graphql-core makes them while it coerces.

Strawberry would go through the coerced values once more, and work out the name and the type of every field again: half
of what a mutation costs outside the database.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from graphql import GraphQLInputObjectType, GraphQLObjectType, get_named_type
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.base import StrawberryObjectDefinition

BACK = GraphQLCoreConverter.DEFINITION_BACKREF


def make_while_coercing(mutation: GraphQLObjectType) -> None:
    """Have every input object that a mutation takes made once."""
    for field in mutation.fields.values():
        for argument in field.args.values():
            for input_type in input_objects(get_named_type(argument.type)):
                definition: StrawberryObjectDefinition = input_type.extensions[BACK]
                for each in input_type.fields.values():
                    each.out_name = each.extensions[BACK].python_name
                input_type.is_one_of = bool(definition.is_one_of)  # Strawberry checks it while it makes the object
                input_type.out_type = maker(definition.origin)  # type: ignore[method-assign, assignment]  # as its constructor does
                definition.from_input = as_made


def input_objects(type_: object) -> Iterator[GraphQLInputObjectType]:
    """The input object, and those within it."""
    if isinstance(type_, GraphQLInputObjectType):
        yield type_
        for field in type_.fields.values():
            yield from input_objects(get_named_type(field.type))


def maker(type_: type[Any]) -> Callable[[dict[str, Any]], Any]:
    """Coerced values to the object. What was left out has the default that it has in Python."""
    return lambda values: type_(**values)


def as_made(type_: type, value: Mapping[str, Any], context: object) -> Any:
    """What Strawberry is to make of an object that is there."""
    return value
