"""Coercion of variables, and the input objects of mutations, which are made while the variables are coerced.

Strawberry would convert the coerced values in a second pass. That took 0.4 ms for a cart of five lines, a fifth of the
time that the whole mutation takes on SQLite.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

import strawberry
from graphql import (
    GraphQLField,
    GraphQLFieldResolver,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLNullableInputType,
    GraphQLResolveInfo,
    Undefined,
    get_named_type,
)
from graphql.type import is_required_input_field
from graphql.utilities.coerce_input_value import coerce_default_value
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

Coerce = Callable[[Any], Any]

BACKREF = GraphQLCoreConverter.DEFINITION_BACKREF  # Strawberry's definition behind a type, a field or an argument


def convert_while_coercing(fields: Iterable[GraphQLField], compiled: Iterable[GraphQLField]) -> None:
    """Let coercion return instances of the input classes, and let the resolvers take them as they are.

    An input type that a ``compiled`` field takes too, such as a range, stays a mapping: that is what filters read.
    """
    mappings = {type_ for field in compiled for each in field.args.values() for type_ in input_objects(each.type)}
    for field in fields:
        field.resolve = direct_resolver(field.extensions[BACKREF])
        for argument in field.args.values():
            argument.out_name = argument.extensions[BACKREF].python_name
            for input_type in {*input_objects(argument.type)} - mappings:
                for each in input_type.fields.values():
                    each.out_name = each.extensions[BACKREF].python_name
                definition = input_type.extensions[BACKREF]
                input_type.is_one_of = bool(definition.is_one_of)  # Strawberry checks it in the pass that is left out
                input_type.out_type = factory(definition.origin)  # type: ignore[method-assign, assignment]  # as its constructor does


def direct_resolver(field: StrawberryField) -> GraphQLFieldResolver:
    """Return a resolver that calls the function of a field without Strawberry's conversion of its arguments."""
    assert field.base_resolver is not None
    assert not field.extensions
    function: Any = field.base_resolver.wrapped_func

    def resolve(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        return function(info=strawberry.Info(_raw_info=info, _field=field), **arguments)

    return resolve


def input_objects(type_: Any, found: set[GraphQLInputObjectType] | None = None) -> Iterator[GraphQLInputObjectType]:
    """Yield the input object that a type wraps, and those within it, each once: a type can be a field of its own."""
    found = set() if found is None else found
    named = get_named_type(type_)
    if isinstance(named, GraphQLInputObjectType) and named not in found:
        found.add(named)
        yield named
        for field in named.fields.values():
            yield from input_objects(field.type, found)


def factory(class_: type[Any]) -> Callable[[dict[str, Any]], Any]:
    """Return a function from coerced values to an instance. A field left out has the default of the class."""
    return lambda values: class_(**values)


def coercer(type_: GraphQLInputType) -> Coerce:
    """Return a function from a JSON value to the value that ``coerce_input_value`` of graphql-core returns.

    The function raises some exception where the value may not fit the type; graphql-core decides then. It does not look
    up the type for each value, which took a seventh of the time of createSession.
    """
    if isinstance(type_, GraphQLNonNull):
        return non_null_coercer(type_.of_type)
    coerce = non_null_coercer(type_)
    return lambda value: None if value is None else coerce(value)


def non_null_coercer(type_: GraphQLNullableInputType) -> Coerce:
    """Return a function as ``coercer`` does, which raises on null."""
    match type_:
        case GraphQLList():
            return list_coercer(coercer(type_.of_type))
        case GraphQLInputObjectType():
            return object_coercer(type_)
        case _:
            return type_.coerce_input_value


def list_coercer(coerce: Coerce) -> Coerce:
    def coerce_list(values: Any) -> list[Any]:
        if type(values) is not list:
            raise TypeError("graphql-core makes a list of one value")
        return [coerce(each) for each in values]

    return coerce_list


@cache
def object_coercer(type_: GraphQLInputObjectType) -> Coerce:
    required = {name for name, field in type_.fields.items() if is_required_input_field(field)}
    defaults = {field.out_name or name: coerce_default_value(field) for name, field in type_.fields.items()}
    defaults = {name: value for name, value in defaults.items() if value is not Undefined}

    @cache
    def fields() -> list[tuple[str, str, Coerce]]:  # called later, since a type can be a field of its own
        return [(name, field.out_name or name, coercer(field.type)) for name, field in type_.fields.items()]

    def coerce_object(values: Any) -> Any:
        coerced = {out_name: coerce(values[name]) for name, out_name, coerce in fields() if name in values}
        if len(coerced) != len(values) or not required <= values.keys() or type_.is_one_of:
            raise TypeError("a field is unknown or missing, or the type is a oneOf")
        return type_.out_type({**defaults, **coerced})

    return coerce_object
