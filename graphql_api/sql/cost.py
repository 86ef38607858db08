"""What an operation costs, before anything of it is compiled or run: the selection, walked once with its variables.

An object, or an edge without one, counts for one, as many times as the pages around it are long; other lists count for
one. Rows that are only gone through (a count, a sum, the search for a page) count for twenty, and so does a change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from graphql_api.errors import LimitExceeded
from graphql_api.sql.arguments import Getter, absent, getters
from graphql_api.sql.connections import page_size
from graphql_api.sql.fields import READS, Edge, Embedded, Many, Nodes, One, Page, Payload, Value
from graphql_api.sql.nodes import node_types
from graphql_api.sql.request import Request
from graphql_api.sql.scope import SWEEP
from graphql_api.sql.selection import Selection, constant

FieldNodes = Sequence[FieldNode]


def within(cost: int, most: int) -> int:
    """The cost. Raises LimitExceeded where it is over the limit."""
    if cost > most:
        raise LimitExceeded(f"The document can answer {cost} objects; the limit is {most}.")
    return cost


class Costing:
    """Adds up one operation for one request."""

    def __init__(
        self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], request: Request
    ) -> None:
        self.schema = schema
        self.request = request
        self.selection = Selection(schema, fragments, lambda node: bool(constant(node, request.variables)))
        self.total = 0

    def of(self, operation: OperationDefinitionNode) -> int:
        """The whole operation. Raises BadUserInput on a page of a size that cannot be."""
        root = self.schema.get_root_type(operation.operation)
        assert root is not None, "validation has seen to it"
        for nodes in self.selection.fields(root, [operation.selection_set]).values():
            if root is self.schema.mutation_type and not nodes[0].name.value.startswith("__"):
                self.total += SWEEP
            self.field(root, nodes, 1)
        return self.total

    def fields(self, type_: GraphQLObjectType, nodes: FieldNodes, times: int) -> None:
        """What stands in an object that is no object of the database."""
        for each in self.selection.fields(type_, [node.selection_set for node in nodes]).values():
            self.field(type_, each, times)

    def field(self, parent: GraphQLObjectType | GraphQLInterfaceType, nodes: FieldNodes, times: int) -> None:
        """One field of an object that is answered so many times."""
        definition = parent.fields.get(nodes[0].name.value)
        if definition is None:  # __typename, __schema and __type are not in the database
            return
        named = get_named_type(definition.type)
        match definition.extensions["strawberry-definition"].metadata.get(READS):
            case Embedded() | One() | Many():
                self.object(named, nodes, times)
            case Page():
                arguments = getters(definition, nodes[0])
                self.page(cast(GraphQLObjectType, named), nodes, arguments, times)
            case Edge():
                self.edge(cast(GraphQLObjectType, named), nodes, times)
            case Nodes(ids):
                given = getters(definition, nodes[0])[ids](self.request)
                many = len(given) if is_list_type(get_nullable_type(definition.type)) else 1
                for _, type_ in node_types(self.schema, cast(GraphQLInterfaceType, named)).values():
                    self.object(type_, nodes, times * many)
            case Value(sweeps=True):
                self.total += SWEEP * times
            case Payload() | None if isinstance(named, GraphQLObjectType):
                self.fields(named, nodes, times)

    def object(self, type_: GraphQLNamedType, nodes: FieldNodes, times: int) -> None:
        """One object. What the types of an interface select alike counts once."""
        self.total += times
        sets = [node.selection_set for node in nodes]
        if not isinstance(type_, GraphQLInterfaceType):
            return self.fields(cast(GraphQLObjectType, type_), nodes, times)
        types = self.schema.get_possible_types(type_)
        for alike, parents in self.selection.alike(types, sets):
            by_all = len(parents) == len(types) and alike[0].name.value in type_.fields
            for parent in [type_] if by_all else parents:
                self.field(parent, alike, times)
        return None

    def page(self, type_: GraphQLObjectType, nodes: FieldNodes, arguments: Mapping[str, Getter], times: int) -> None:
        """One connection."""
        first, last = arguments["first"], arguments.get("last", absent)
        backward = last(self.request) is not None
        size = page_size("last", last) if backward else page_size("first", first)
        length = times * size(self.request)
        if arguments.get("filter", absent)(self.request) is not None:
            self.total += SWEEP * times
        node = get_named_type(type_.fields["nodes"].type)
        for each in self.selection.fields(type_, [node.selection_set for node in nodes]).values():
            match each[0].name.value:
                case "nodes":
                    self.object(node, each, length)
                case "edges":
                    self.edge(cast(GraphQLObjectType, get_named_type(type_.fields["edges"].type)), each, length)
                case "totalCount":
                    self.total += SWEEP * times

    def edge(self, type_: GraphQLObjectType, nodes: FieldNodes, times: int) -> None:
        """A row with its cursor, which is read for the cursor alone, too."""
        selected = self.selection.fields(type_, [node.selection_set for node in nodes]).values()
        rows = [each for each in selected if each[0].name.value == "node"]
        for each in rows:
            self.object(get_named_type(type_.fields["node"].type), each, times)
        if not rows:
            self.total += times
