"""The cost of an operation: a formula, made by walking its selection once and evaluated for each request.

An object, or an edge of which only the cursor is selected, counts one, multiplied by the sizes of the pages around it.
Lists without pages count one. A count, a sum or the search for a page reads any number of rows and counts twenty; so
do a change and a preview. Sums over groups count a hundred. ``introspection_cost`` counts introspection. Limits are
checked before anything is compiled: compiling is the greater work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import cast

from graphql import (
    FieldNode,
    GraphQLAbstractType,
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
from graphql_api.sql.arguments import DocumentArguments, absent, page_size
from graphql_api.sql.fields import READS, Count, Edge, Embedded, FromJson, Groups, Many, Nodes, One, Page, Payload
from graphql_api.sql.introspection_cost import introspection_cost
from graphql_api.sql.nodes import IdCount, node_types
from graphql_api.sql.plan import CostFormula, Sizes
from graphql_api.sql.request import Getter, HasValue, PlanKey
from graphql_api.sql.selection import Fragments, Selection

FieldNodes = Sequence[FieldNode]

SWEEP = 20
GROUPING = 100  # sums over the rows of a whole application


class CostWalk:
    """Walks a selection and adds up its formula."""

    def __init__(self, schema: GraphQLSchema, fragments: Fragments, key: PlanKey, arguments: DocumentArguments) -> None:
        self._schema = schema
        self._key = key
        self._arguments = arguments
        self._selection = Selection(schema, fragments, lambda node: bool(key.value(arguments.condition(node))))
        self._weights: Counter[Sizes] = Counter()
        self._sweeps = False

    def operation(self, operation: OperationDefinitionNode) -> CostFormula:
        """Return the formula of a whole operation. Raises LimitExceeded where it selects too much to be compiled."""
        root = self._schema.get_root_type(operation.operation)
        assert root is not None, "validation refuses an operation that the schema does not have"
        for nodes in self._selection.fields(root, [operation.selection_set]).values():
            if root is self._schema.mutation_type and not nodes[0].name.value.startswith("__"):
                self._add((), SWEEP)
            self._field(root, nodes, ())
        return self._formula()

    def field(self, parent: GraphQLObjectType, nodes: FieldNodes) -> CostFormula:
        """Return the formula of one field that is read by a statement of its own."""
        self._field(parent, nodes, ())
        return self._formula()

    def _formula(self) -> CostFormula:
        paged = [(weight, sizes) for sizes, weight in self._weights.items() if sizes]
        return CostFormula(self._key.values, self._weights[()], paged, self._sweeps)

    def _add(self, sizes: Sizes, weight: int = 1) -> None:
        """Add a weight. What pages of size 0 select is compiled all the same, so the weights alone are limited, too."""
        self._weights[sizes] += weight
        most = self._key.request.limits.max_cost
        if self._weights.total() > most:
            raise LimitExceeded(f"The document selects more than {most} objects.")

    def _sweep(self, sizes: Sizes, weight: int = SWEEP) -> None:
        self._sweeps = True
        self._add(sizes, weight)

    def _fields(self, type_: GraphQLObjectType, nodes: FieldNodes, sizes: Sizes) -> None:
        for each in self._selection.fields(type_, [node.selection_set for node in nodes]).values():
            self._field(type_, each, sizes)

    def _field(self, parent: GraphQLObjectType | GraphQLInterfaceType, nodes: FieldNodes, sizes: Sizes) -> None:
        definition = parent.fields.get(nodes[0].name.value)
        if definition is None:
            self._add((), introspection_cost(self._selection, nodes))
            return
        type_ = get_named_type(definition.type)
        match definition.extensions["strawberry-definition"].metadata.get(READS):
            case Embedded() | FromJson() | One() | Many():
                self._object(type_, nodes, sizes)
            case Count():
                self._sweep(sizes)
            case Page():
                self._page(cast(GraphQLObjectType, type_), nodes, self._arguments.of_field(definition, nodes[0]), sizes)
            case Edge():
                self._edge(cast(GraphQLObjectType, type_), nodes, sizes)
            case Groups(_, count):
                self._sweep(sizes, GROUPING)
                arguments = self._arguments.of_field(definition, nodes[0])
                self._object(type_, nodes, (*sizes, count(arguments)))
            case Nodes(ids):
                if is_list_type(get_nullable_type(definition.type)):
                    sizes = (*sizes, IdCount(self._arguments.of_field(definition, nodes[0])[ids]))
                for _, node_type in node_types(self._schema, cast(GraphQLInterfaceType, type_)).values():
                    self._object(node_type, nodes, sizes)
            case Payload() | None if isinstance(type_, GraphQLObjectType):
                if parent is self._schema.query_type:
                    self._add(sizes, SWEEP)
                self._fields(type_, nodes, sizes)

    def _object(self, type_: GraphQLNamedType, nodes: FieldNodes, sizes: Sizes) -> None:
        """Add one object. A field that all types of an interface select by the same nodes counts once."""
        self._add(sizes)
        if not isinstance(type_, GraphQLAbstractType):
            return self._fields(cast(GraphQLObjectType, type_), nodes, sizes)
        shared = type_.fields if isinstance(type_, GraphQLInterfaceType) else {}
        types = self._schema.get_possible_types(type_)
        for selected, parents in self._selection.by_types(types, [node.selection_set for node in nodes]):
            by_all = len(parents) == len(types) and selected[0].name.value in shared
            for parent in [cast(GraphQLInterfaceType, type_)] if by_all else parents:
                self._field(parent, selected, sizes)
        return None

    def _page(self, type_: GraphQLObjectType, nodes: FieldNodes, arguments: Mapping[str, Getter], sizes: Sizes) -> None:
        inside: Sizes = (*sizes, page_size(arguments, self._key))
        self._weights[inside] += 0  # so that the size is checked, even where nothing is selected that it multiplies
        if self._key.value(HasValue(arguments.get("filter", absent))):
            self._sweep(sizes)
        node = get_named_type(type_.fields["nodes"].type)
        for each in self._selection.fields(type_, [node.selection_set for node in nodes]).values():
            match each[0].name.value:
                case "nodes":
                    self._object(node, each, inside)
                case "edges":
                    self._edge(cast(GraphQLObjectType, get_named_type(type_.fields["edges"].type)), each, inside)
                case "totalCount":
                    self._sweep(sizes)

    def _edge(self, type_: GraphQLObjectType, nodes: FieldNodes, sizes: Sizes) -> None:
        """Add a row with its cursor; for the cursor alone the row is read, too."""
        selected = self._selection.fields(type_, [node.selection_set for node in nodes]).values()
        rows = [each for each in selected if each[0].name.value == "node"]
        for each in rows:
            self._object(get_named_type(type_.fields["node"].type), each, sizes)
        if not rows:
            self._add(sizes)
