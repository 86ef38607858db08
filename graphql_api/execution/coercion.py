"""Coercion of what comes in, worked out once for a type: what graphql-core finds out anew for every value.

Answers Undefined where graphql-core's ``coerce_input_value`` does, which a property holds.
"""

from collections.abc import Callable
from typing import Any

from graphql import (
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLLeafType,
    Undefined,
    is_input_object_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.type import is_required_input_field
from graphql.utilities.coerce_input_value import coerce_default_value

Coerce = Callable[[Any], Any]


def coercion(type_: GraphQLInputType, known: dict[str, Coerce] | None = None) -> Coerce:
    """How a JSON value becomes one of the type; ``known`` has the input objects that this one stands in."""
    known = {} if known is None else known
    if is_non_null_type(type_):
        there = coercion(type_.of_type, known)
        return lambda value: Undefined if value is None else there(value)
    if is_list_type(type_):
        return of_list(coercion(type_.of_type, known))
    if is_input_object_type(type_):
        return known[type_.name] if type_.name in known else of_object(type_, known)
    assert is_leaf_type(type_)
    return of_leaf(type_)


def of_leaf(type_: GraphQLLeafType) -> Coerce:
    """A scalar or an enum."""
    coerce = type_.coerce_input_value

    def coerced(value: Any) -> Any:
        try:
            return None if value is None else coerce(value)
        except Exception:  # whatever it is: the value is none of the type's
            return Undefined

    return coerced


def of_list(item: Coerce) -> Coerce:
    """A list; what is none stands for a list of one."""

    def coerced(value: Any) -> Any:
        if value is None:
            return None
        items = [item(each) for each in (value if isinstance(value, list) else [value])]
        return Undefined if any(each is Undefined for each in items) else items

    return coerced


def of_object(type_: GraphQLInputObjectType, known: dict[str, Coerce]) -> Coerce:
    """An input object, its fields in the order of the type."""
    make = type_.out_type
    required = {name for name, field in type_.fields.items() if is_required_input_field(field)}
    fields: list[tuple[str, str, Coerce, Any]] = []

    def coerced(value: Any) -> Any:
        if value is None:
            return None
        if not isinstance(value, dict) or not required <= value.keys() <= type_.fields.keys():
            return Undefined
        made = {}
        for name, out_name, coerce, default in fields:
            each = coerce(value[name]) if name in value else default
            if each is not Undefined:
                made[out_name] = each
            elif name in value:
                return Undefined
        if type_.is_one_of and (len(made) != 1 or None in made.values()):
            return Undefined
        return make(made)

    known[type_.name] = coerced
    for name, field in type_.fields.items():
        fields.append((name, field.out_name or name, coercion(field.type, known), coerce_default_value(field)))
    return coerced
