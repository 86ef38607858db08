"""The compiler: from a selection to one SELECT, whose value is the JSON of the answer."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partial
from typing import Any, TypeVar, cast

from graphql import (
    GraphQLAbstractType,
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
    is_list_type,
    is_non_null_type,
    is_union_type,
)
from sqlalchemy import ColumnElement, FromClause, Select, case, func, literal_column, select

from graphql_api.sql.compilation import CompilationContext
from graphql_api.sql.connections import Connection, edge_json
from graphql_api.sql.decimal_text import FormatDecimal
from graphql_api.sql.fields import (
    Edge,
    Embedded,
    FromJson,
    Groups,
    Identity,
    JsonText,
    Many,
    Nodes,
    One,
    Page,
    Payload,
    Value,
    kind_of,
    python_name,
    reads_of,
    source_of,
)
from graphql_api.sql.global_ids import id_json
from graphql_api.sql.json_documents import ArrayElements, JsonColumns, JsonField, ObjectFields
from graphql_api.sql.json_objects import EMPTY, Concat, JsonObject, Part, RowsJson, json_array, json_or_null
from graphql_api.sql.json_scalars import (
    FormatTime,
    JsonBool,
    JsonInt,
    JsonPlainString,
    JsonString,
    JsonValue,
    as_text,
    typename,
)
from graphql_api.sql.nodes import nodes_by_id
from graphql_api.sql.object_compiler import FieldNodes
from graphql_api.sql.scope import Scope
from graphql_api.sql.selection import Fragments, Selection, Sets, response_key
from graphql_api.sql.slices import pause
from graphql_api.sql.source import Columns

P = TypeVar("P", bound=Part)

MAX_ELEMENTS = 1_000  # expected of a stored array


class Compiler:
    """Compiles the operations of one document for one request."""

    def __init__(self, schema: GraphQLSchema, fragments: Fragments, context: CompilationContext) -> None:
        self.context = context
        self.selection = Selection(
            schema, fragments, lambda node: bool(context.key.value(context.arguments.condition(node)))
        )
        self._made: dict[Hashable, Part] = {}

    def operation(self, operation: OperationDefinitionNode) -> Select[tuple[str]] | None:
        """Return the statement of a whole operation; None where it asks for the schema or runs an operation."""
        root = cast(GraphQLObjectType, self.selection.schema.get_root_type(operation.operation))
        fields = self.selection.fields(root, [operation.selection_set])
        if any(runs_alone(root, nodes[0].name.value) for nodes in fields.values()):
            return None
        scope = Scope(self.context)
        return select(JsonObject((key, self.field(root, nodes, scope)) for key, nodes in fields.items()))

    def root_field(self, parent: GraphQLObjectType, nodes: FieldNodes) -> Select[tuple[str]]:
        """Return the statement of one field, for an operation that runs field by field."""
        return select(Concat([self.field(parent, nodes, Scope(self.context))]))

    def field(self, parent: GraphQLObjectType | GraphQLInterfaceType, nodes: FieldNodes, scope: Scope) -> Part:
        """Return the JSON of one field of an object."""
        pause()
        name = nodes[0].name.value
        if name == "__typename":
            return typename(parent)
        definition = parent.fields[name]
        what = reads_of(definition)
        arguments = self.context.arguments.of_field(definition, nodes[0]) if definition.args else scope.arguments
        scope = scope.at_field(python_name(definition), arguments)
        type_ = get_named_type(definition.type)
        match what:
            case Value():
                return self.value(what, definition.type, scope)
            case Identity():
                assert scope.source is not None, "only a row has an id"
                return id_json(scope.source, scope.row)
            case Embedded(when):
                inside = self.object(type_, nodes, scope)
                return inside if when is None else json_or_null(case((when(scope), inside)))
            case FromJson():
                return self.from_json(what, definition.type, nodes, scope)
            case Payload():
                return self.members(cast(GraphQLObjectType, type_), [node.selection_set for node in nodes], scope)
            case One(where):
                inner, table, conditions = scope.enter(source_of(type_), where)
                row = select(self.object(type_, nodes, inner).label("o")).select_from(table).where(*conditions)
                found = RowsJson(row.correlate_except(table))
                return found if is_non_null_type(definition.type) else json_or_null(found)
            case Many(where, order_by, at_most, within):
                inner, table, conditions = scope.enter(source_of(type_), where)
                rows = select(self.object(type_, nodes, inner).label("o")).select_from(table)
                rows = rows.where(*conditions).order_by(*(inner.row[name] for name in order_by))
                return json_array(rows.correlate_except(table), at_most, scope.row[within] if within else None)
            case Page():
                return Connection(self, what, cast(GraphQLObjectType, type_), scope).json(nodes)
            case Edge(where, order):
                node = get_named_type(cast(GraphQLObjectType, type_).fields["node"].type)
                inner, table, conditions = scope.enter(source_of(node), where)
                edge = select(edge_json(self, cast(GraphQLObjectType, type_), nodes, order, inner).label("o"))
                return RowsJson(edge.select_from(table).where(*conditions).correlate_except(table))
            case Groups(grouping):
                groups = grouping(scope)
                return json_array(groups.rows(self.object(type_, nodes, groups.enter(scope))), groups.count)
            case Nodes():
                return nodes_by_id(self, what, definition, nodes, scope)

    def from_json(self, what: FromJson, type_: GraphQLOutputType, nodes: FieldNodes, scope: Scope) -> Part:
        """Return the JSON of the object in a document, or of all objects of an array."""
        named = get_named_type(type_)
        listed = is_list_type(get_nullable_type(type_))
        inner, table = scope.enter_json(what, partial(json_row, what, scope, listed, is_union_type(named)))
        object_ = self.object(named, nodes, inner)
        if table is None:
            document = cast(JsonColumns, inner.row).document
            return object_ if is_non_null_type(type_) else json_or_null(case((document.is_not(None), object_)))
        rows = select(object_.label("o")).select_from(table).correlate_except(table)
        return json_array(rows.order_by(table.c.key), MAX_ELEMENTS) if listed else RowsJson(rows)

    def object(self, type_: GraphQLNamedType, nodes: FieldNodes, scope: Scope) -> Concat:
        """Return the JSON of the object that the scope's row holds."""
        sets = [node.selection_set for node in nodes]
        if isinstance(type_, GraphQLAbstractType):
            return self.object_of_any_type(type_, sets, scope)
        return self.members(cast(GraphQLObjectType, type_), sets, scope)

    def once(self, same: Hashable, make: Callable[[], P]) -> P:
        """Return what was made for the same key: the same selection on the same row is compiled once."""
        if same not in self._made:
            self._made[same] = make()
        return cast(P, self._made[same])

    def members(self, type_: GraphQLObjectType, sets: Sets, scope: Scope) -> JsonObject:
        """Return the JSON of the selected fields of an object."""
        fields = self.selection.fields(type_, sets)
        same = (type_, scope.rows, *((key, *map(id, nodes)) for key, nodes in fields.items()))
        return self.once(
            same, lambda: JsonObject((key, self.field(type_, nodes, scope)) for key, nodes in fields.items())
        )

    def object_of_any_type(self, interface: GraphQLAbstractType, sets: Sets, scope: Scope) -> Concat:
        """Return the JSON of an object of several types, which the row's column ``type`` tells apart."""
        types = self.selection.schema.get_possible_types(interface)
        fields = list(self.selection.by_types(types, sets))
        same = (interface, scope.rows, *((*map(id, nodes), len(of_types), *of_types) for nodes, of_types in fields))
        return self.once(same, lambda: self.members_of_any_type(interface, types, fields, scope))

    def members_of_any_type(
        self,
        interface: GraphQLAbstractType,
        types: Sequence[GraphQLObjectType],
        fields: Iterable[tuple[FieldNodes, Sequence[GraphQLObjectType]]],
        scope: Scope,
    ) -> Concat:
        """Return the JSON of fields, each with the types that select it.

        A field that all types select by the same nodes is compiled once: nested interfaces would multiply it.
        """
        common = interface.fields if isinstance(interface, GraphQLInterfaceType) else {}
        shared: list[tuple[str, Part]] = []
        parts: list[Part] = []
        for nodes, of_types in fields:
            key, name = response_key(nodes[0]), nodes[0].name.value
            of_all = len(of_types) == len(types)
            if of_all and name == "__typename":
                names = ((scope.row["type"] == kind_of(each), typename(each).value) for each in types)
                shared.append((key, JsonPlainString(case(*names))))
                parts += [f',"{key}":', shared[-1][1]]
            elif of_all and name in common:
                shared.append((key, self.field(cast(GraphQLInterfaceType, interface), nodes, scope)))
                parts += [f',"{key}":', shared[-1][1]]
            else:
                kinds = {kind_of(each): Concat([f',"{key}":', self.field(each, nodes, scope)]) for each in of_types}
                parts.append(case(*((scope.row["type"] == kind, field) for kind, field in kinds.items()), else_=EMPTY))
        if 2 * len(shared) == len(parts):
            return JsonObject(shared)
        # Which field comes first depends on the row: each begins with a comma, and the first comma is cut off.
        return Concat(["{", func.substr(Concat(parts), literal_column("2")), "}"])

    def value(self, what: Value, type_: GraphQLOutputType, scope: Scope) -> Part:
        """Return the JSON of a scalar, of an enum, or of a list that is stored as JSON."""
        expression = what.expression(scope) if what.expression else scope.row[scope.name]
        type_name = get_named_type(type_)
        if isinstance(expression, JsonValue):
            return expression
        if isinstance(what, JsonText) or isinstance(get_nullable_type(type_), GraphQLList):
            return json_text(type_, expression)
        if is_enum_type(type_name):
            return JsonPlainString(func.upper(expression))
        match type_name.name:
            case "Int":
                return JsonInt(expression)
            case "Boolean":
                return JsonBool(expression)
            case "Decimal":
                places = what.places(scope) if what.places else literal_column("0")
                return JsonPlainString(FormatDecimal(expression, places))
            case "DateTime":
                return JsonPlainString(expression if isinstance(expression, JsonField) else FormatTime(expression))
            case "JSONObject":
                return json_text(type_, expression)
        return JsonString(expression)


def runs_alone(root: GraphQLObjectType, name: str) -> bool:
    """Return whether a root field is resolved by the executor, and not by the statement of its operation."""
    if name.startswith("__"):
        return name != "__typename"
    return isinstance(reads_of(root.fields[name]), Payload)


def json_row(
    what: FromJson, scope: Scope, listed: bool, of_union: bool, number: int
) -> tuple[Columns, FromClause | None]:
    """Return the columns of a document, or of the elements of an array with the table that has them."""
    document = what.document(scope)
    application = what.application(scope) if what.application else scope.row["application_id"]
    if not listed and not of_union:
        return cast(Columns, JsonColumns(document, application, what.items)), None
    elements = ArrayElements(document) if listed else ObjectFields(document)
    table = elements.table_valued("key", "value", name=f"j{number}")
    type_ = table.c.key if of_union else None
    return cast(Columns, JsonColumns(table.c.value, application, what.items, type_)), table


def json_text(type_: GraphQLOutputType, expression: ColumnElement[Any]) -> ColumnElement[str]:
    """Return an expression that is JSON already, with JSON's null where the type allows null."""
    text = as_text(expression)
    return text if is_non_null_type(type_) else json_or_null(text)
