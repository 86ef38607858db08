"""From a selection to SQL: one expression whose value is the JSON of a field, however deep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
    get_named_type,
    get_nullable_type,
    is_enum_type,
    is_non_null_type,
)
from sqlalchemy import ColumnElement, FromClause, Select, case, func, literal_column, select

from graphql_api.sql.arguments import getters
from graphql_api.sql.connections import Connection, edge
from graphql_api.sql.decimal_text import Printed
from graphql_api.sql.fields import (
    Conditions,
    Edge,
    Embedded,
    Identity,
    JsonText,
    Many,
    Money,
    Nodes,
    One,
    Page,
    Payload,
    Value,
    python_name,
    reads_of,
    source_of,
)
from graphql_api.sql.global_ids import Source
from graphql_api.sql.json_objects import EMPTY, Joined, Object, Part, in_list, or_null
from graphql_api.sql.json_scalars import Bare, JsonValue, Moment, Quoted, Truth, Whole, as_text, named
from graphql_api.sql.nodes import by_id
from graphql_api.sql.scope import Scope, Trace, placed
from graphql_api.sql.selection import Selection, Sets, constant, response_key

FieldNodes = Sequence[FieldNode]
Fits = Sequence[ColumnElement[bool]]


class Compiler:
    """Compiles the fields of one document for one request; ``trace`` remembers what others have to share with it."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        trace: Trace,
    ) -> None:
        self.schema = schema
        self.trace = trace
        self.selection = Selection(
            schema, fragments, lambda node: bool(trace.look(lambda request: constant(node, request.variables)))
        )

    def whole(self, operation: OperationDefinitionNode) -> Select[tuple[str]] | None:
        """The statement of a whole operation; None where it asks for the schema."""
        root = cast(GraphQLObjectType, self.schema.get_root_type(operation.operation))
        fields = self.selection.fields(root, [operation.selection_set])
        if any(nodes[0].name.value in ("__schema", "__type") for nodes in fields.values()):
            return None
        scope = Scope(self.trace)
        return select(Object((key, self.field(root, nodes, scope)) for key, nodes in fields.items()))

    def root(self, parent: GraphQLObjectType, nodes: FieldNodes) -> Select[tuple[str]]:
        """The statement of one root field."""
        return select(Joined([self.field(parent, nodes, Scope(self.trace))]))

    def field(self, parent: GraphQLObjectType | GraphQLInterfaceType, nodes: FieldNodes, scope: Scope) -> Part:
        """The JSON of one field of an object."""
        name = nodes[0].name.value
        if name == "__typename":
            return named(parent)
        definition = parent.fields[name]
        what = reads_of(definition)
        if definition.args:
            scope = replace(scope, arguments=getters(definition, nodes[0]))
        type_ = get_named_type(definition.type)
        match what:
            case Value():
                return self.value(what, definition.type, replace(scope, name=python_name(definition)))
            case Identity():
                return cast(Source, scope.source).id(scope.row)
            case Embedded(when):
                inside = self.object(type_, nodes, scope)
                return inside if when is None else or_null(case((when(scope), inside)))
            case Payload():
                return self.members(cast(GraphQLObjectType, type_), [node.selection_set for node in nodes], scope)
            case One(where):
                inner, table, fits = self.inner(source_of(type_), scope, where)
                row = select(self.object(type_, nodes, inner)).select_from(table).where(*fits)
                found = row.correlate_except(table).scalar_subquery()
                return found if is_non_null_type(definition.type) else or_null(found)
            case Many(where, order_by):
                inner, table, fits = self.inner(source_of(type_), scope, where)
                rows = select(self.object(type_, nodes, inner).label("o")).select_from(table)
                rows = rows.where(*fits).order_by(*(inner.row[name] for name in order_by))
                return in_list(rows.correlate_except(table))
            case Page():
                return Connection(self, what, cast(GraphQLObjectType, type_), scope).json(nodes)
            case Edge(where, order):
                node = get_named_type(cast(GraphQLObjectType, type_).fields["node"].type)
                inner, table, fits = self.inner(source_of(node), scope, where)
                row = select(edge(self, cast(GraphQLObjectType, type_), nodes, order, inner)).select_from(table)
                return row.where(*fits).correlate_except(table).scalar_subquery()
            case Nodes():
                return by_id(self, what, definition, nodes, scope)

    def inner(self, source: Source, scope: Scope, where: Conditions) -> tuple[Scope, FromClause, Fits]:
        """The scope of a row of another table, and the conditions that the row meets."""
        table = self.trace.alias(source)
        fits = where(scope, table.c)
        columns = placed(table.c, fits)
        return replace(scope, source=source, columns=columns, around=scope, arguments=None), table, fits

    def object(self, type_: GraphQLNamedType, nodes: FieldNodes, scope: Scope) -> Joined:
        """The JSON of one object, by its row."""
        self.trace.counts(scope.sizes)
        sets = [node.selection_set for node in nodes]
        if isinstance(type_, GraphQLInterfaceType):
            return self.any_object(type_, sets, scope)
        return self.members(cast(GraphQLObjectType, type_), sets, scope)

    def members(self, type_: GraphQLObjectType, sets: Sets, scope: Scope) -> Object:
        """What is selected of an object."""
        fields = self.selection.fields(type_, sets)
        return Object((key, self.field(type_, selected, scope)) for key, selected in fields.items())

    def any_object(self, interface: GraphQLInterfaceType, sets: Sets, scope: Scope) -> Joined:
        """The JSON of one object of several types, which the row's ``type`` tells apart.

        What all types select alike is compiled once, so that nested interfaces do not multiply.
        """
        types = self.schema.get_possible_types(interface)
        shared: list[tuple[str, Part]] = []
        parts: list[Part] = []
        for nodes, of_types in self.selection.alike(types, sets):
            key, name = response_key(nodes[0]), nodes[0].name.value
            of_all = len(of_types) == len(types)
            if of_all and name in (*interface.fields, "__typename"):
                field = self.kind(types, scope) if name == "__typename" else self.field(interface, nodes, scope)
                shared.append((key, field))
                parts += [f',"{key}":', field]
            else:
                kinds = {
                    source_of(each).type: Joined([f',"{key}":', self.field(each, nodes, scope)]) for each in of_types
                }
                parts.append(case(*((scope.row["type"] == kind, field) for kind, field in kinds.items()), else_=EMPTY))
        if 2 * len(shared) == len(parts):
            return Object(shared)
        return Joined(["{", func.substr(Joined(parts), literal_column("2")), "}"])  # nobody knows what comes first

    def kind(self, types: Sequence[GraphQLObjectType], scope: Scope) -> Bare:
        """The ``__typename`` of an object of several types."""
        return Bare(case(*((scope.row["type"] == source_of(each).type, named(each).value) for each in types)))

    def value(self, what: Value, type_: GraphQLOutputType, scope: Scope) -> Part:
        """The JSON of a scalar, of an enum, or of a list kept as JSON."""
        expression = what.expression(scope) if what.expression else scope.row[scope.name]
        type_name = get_named_type(type_)
        if isinstance(expression, JsonValue):
            return expression
        if isinstance(what, JsonText) or isinstance(get_nullable_type(type_), GraphQLList):
            return self.text(type_, expression)
        if is_enum_type(type_name):
            return Bare(func.upper(expression))
        match type_name.name:
            case "Int":
                return Whole(expression)
            case "Boolean":
                return Truth(expression)
            case "Decimal":
                minor_digits = scope.minor_digits if isinstance(what, Money) else literal_column("0")
                return Bare(Printed(expression, minor_digits))
            case "DateTime":
                return Bare(Moment(expression))
            case "JSONObject":
                return self.text(type_, expression)
        return Quoted(expression)

    def text(self, type_: GraphQLOutputType, expression: ColumnElement[Any]) -> ColumnElement[str]:
        """What is JSON already."""
        text = as_text(expression)
        return text if is_non_null_type(type_) else or_null(text)
