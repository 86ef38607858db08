"""The cost of introspection: each FIELDS_PER_COST fields of the answer count one.

The lists of a schema have known lengths, so the cost follows from the selection alone. A list of all types counts by
its exact length, and one below a single type by the length of the longest.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain

from graphql import (
    FieldNode,
    GraphQLAbstractType,
    GraphQLDirective,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    SchemaMetaFieldDef,
    TypeMetaFieldDef,
    get_named_type,
)

from graphql_api.sql.selection import Selection

FIELDS_PER_COST = 16
MAX_WRAPPERS = 3  # of a named type, as in [ID!]!

META_FIELDS = {"__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef}


def introspection_cost(selection: Selection, nodes: Sequence[FieldNode]) -> int:
    """Return the cost of a ``__schema`` or ``__type`` field, or 0 for ``__typename``."""
    definition = META_FIELDS.get(nodes[0].name.value)
    if definition is None:
        return 0
    fields = count_fields(selection, definition.type, nodes, objects=1, of_all=True, wrappers=0)
    return -(-fields // FIELDS_PER_COST)


def count_fields(
    selection: Selection,
    of_type: GraphQLOutputType,
    nodes: Sequence[FieldNode],
    objects: int,
    of_all: bool,
    wrappers: int,
) -> int:
    """Return the number of fields below these nodes at most.

    ``objects`` is how many objects the nodes are selected on, ``of_all`` is true if these are different parts of the
    schema, and ``wrappers`` is how many types ``ofType`` can still unwrap.
    """
    type_ = get_named_type(of_type)
    if not isinstance(type_, GraphQLObjectType) or not objects:
        return 0
    lengths, total = list_lengths(selection.schema), 0
    for selected in selection.fields(type_, [node.selection_set for node in nodes]).values():
        total += objects
        name = selected[0].name.value
        if name == "__typename":
            continue
        inner = type_.fields[name].type
        if name in lengths:
            count = sum(lengths[name]) if of_all else objects * max(lengths[name])
            same = of_all and name not in ("interfaces", "possibleTypes")  # which repeat types
            total += count_fields(selection, inner, selected, count, same, 0)
        elif name == "ofType":
            total += count_fields(selection, inner, selected, objects if wrappers else 0, False, wrappers - 1)
        else:
            total += count_fields(selection, inner, selected, objects, False, MAX_WRAPPERS)
    return total


@lru_cache(maxsize=4)
def list_lengths(schema: GraphQLSchema) -> Mapping[str, Sequence[int]]:
    """Return the lengths of all lists of the schema, by the names of introspection's fields."""
    types = schema.type_map.values()
    outputs = [each for each in types if isinstance(each, GraphQLObjectType | GraphQLInterfaceType)]
    with_args: Iterable[GraphQLDirective | GraphQLField] = chain(
        schema.directives, *(each.fields.values() for each in outputs)
    )
    return {
        "types": [len(types)],
        "directives": [len(schema.directives)],
        "fields": [len(each.fields) for each in outputs],
        "args": [len(each.args) for each in with_args],
        "interfaces": [len(each.interfaces) for each in outputs],
        "possibleTypes": [
            len(schema.get_possible_types(each)) for each in types if isinstance(each, GraphQLAbstractType)
        ],
        "enumValues": [len(each.values) for each in types if isinstance(each, GraphQLEnumType)],
        "inputFields": [len(each.fields) for each in types if isinstance(each, GraphQLInputObjectType)],
    }
