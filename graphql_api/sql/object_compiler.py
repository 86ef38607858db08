"""The part of the compiler that connections and global ids call: the JSON object of one row."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from graphql import FieldNode, GraphQLNamedType, GraphQLObjectType

from graphql_api.sql.json_objects import Concat, JsonObject, Part
from graphql_api.sql.json_scalars import typename
from graphql_api.sql.scope import Scope
from graphql_api.sql.selection import Selection

FieldNodes = Sequence[FieldNode]
P = TypeVar("P", bound=Part)


class ObjectCompiler(Protocol):
    """Implemented by ``Compiler``."""

    selection: Selection

    def object(self, type_: GraphQLNamedType, nodes: FieldNodes, scope: Scope) -> Concat:
        """Return the JSON of the object that the scope's row holds."""
        ...

    def once(self, same: Hashable, make: Callable[[], P]) -> P:
        """Return what was made for the same key, or make it."""
        ...


def object_of(
    selection: Selection, type_: GraphQLObjectType, nodes: FieldNodes, fields: Mapping[str, Any]
) -> JsonObject:
    """Return the JSON of an object that has no row; ``fields`` has a function of the field's nodes for each field."""
    selected = selection.fields(type_, [node.selection_set for node in nodes])
    return JsonObject(
        (key, typename(type_) if each[0].name.value == "__typename" else fields[each[0].name.value](each))
        for key, each in selected.items()
    )
