"""Connections: pages of rows, read by key and never by offset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphql import FieldNode, GraphQLObjectType, get_named_type
from sqlalchemy import BigInteger, ColumnElement, FromClause, Integer, Select, Text, func, literal_column, or_, select

from db.tables.columns import UtcTime
from graphql_api.errors import BadUserInput
from graphql_api.sql import cursors
from graphql_api.sql.arguments import absent, page_size, reads_backward
from graphql_api.sql.fields import Order, Page, source_of
from graphql_api.sql.json_objects import Concat, JsonObject, json_array, json_or_null
from graphql_api.sql.json_scalars import JsonBool, JsonInt
from graphql_api.sql.object_compiler import ObjectCompiler, object_of
from graphql_api.sql.page_bounds import Key, PageBounds, directed
from graphql_api.sql.request import Getter, HasValue, Request
from graphql_api.sql.scope import Scope
from graphql_api.sql.source import is_text

Nodes = Sequence[FieldNode]


class Connection:
    """One connection in a document. Each of its fields reads the page by itself, and only if it is selected."""

    def __init__(self, compiler: ObjectCompiler, page: Page, type_: GraphQLObjectType, scope: Scope) -> None:
        self.compiler = compiler
        self.page = page
        self.type = type_
        self.scope = scope
        self.node: Any = get_named_type(type_.fields["nodes"].type)
        self.order = page.order(scope)
        arguments = scope.arguments or {}
        self.backward = reads_backward(arguments, scope.context.key)
        if self.backward and scope.plan_key(HasValue(arguments["first"])):
            raise BadUserInput("first and last exclude each other.")
        self.size = page_size(arguments, scope.context.key)
        self.limit = scope.bind(self.size, Integer())
        scope.bind(self.application, Integer())  # refuses an application that is not the caller's, whatever is selected
        self.bounds = PageBounds(
            scope,
            page,
            self.order,
            self.backward,
            self.key(arguments, "after"),
            self.key(arguments, "before"),
            page.strategy(scope, self.order),
            lambda: scope.alias(source_of(self.node)),
        )

    def key(self, arguments: Mapping[str, Getter], name: str) -> Key | None:
        """Return the key of a cursor, as parameters; None where there is no cursor."""
        given = arguments.get(name, absent)
        if not self.scope.plan_key(HasValue(given)):
            return None
        table = source_of(self.node).table
        columns = [table.c[each] for each in self.order.columns]

        def part(index: int) -> Getter:
            return lambda request: cursors.decode(given(request), self.order, columns, self.application(request))[index]

        return [self.scope.bind(part(index), key_type(column)) for index, column in enumerate(columns)]

    def application(self, request: Request) -> int | None:
        """Return the application that a cursor has to be of; None where an ADMIN key reads a field that names none."""
        given = (self.scope.arguments or {}).get("applicationId")
        if given is None:
            return None if request.viewer.is_admin else request.viewer.application_id
        return request.viewer.resolve_application(given(request))

    def json(self, nodes: Nodes) -> JsonObject:
        """Return the connection as JSON."""
        fields = {"nodes": self.nodes, "edges": self.edges, "pageInfo": self.page_info, "totalCount": self.total_count}
        return object_of(self.compiler.selection, self.type, nodes, fields)

    def nodes(self, nodes: Nodes) -> Concat:
        """Return the JSON of ``nodes``."""
        inner, table = self.row()
        return json_array(self.in_order(table, self.compiler.object(self.node, nodes, inner)), self.size)

    def edges(self, nodes: Nodes) -> Concat:
        """Return the JSON of ``edges``."""
        inner, table = self.row()
        type_: Any = get_named_type(self.type.fields["edges"].type)
        return json_array(self.in_order(table, edge_json(self.compiler, type_, nodes, self.order, inner)), self.size)

    def page_info(self, nodes: Nodes) -> JsonObject:
        """Return the JSON of ``pageInfo``, as Relay specifies it. Rows beyond a cursor are looked for, not assumed."""
        ahead = JsonBool(self.has_more())
        behind = JsonBool(self.bounds.behind())
        fields = {
            "hasNextPage": lambda selected: behind if self.backward else ahead,
            "hasPreviousPage": lambda selected: ahead if self.backward else behind,
            "startCursor": lambda selected: self.end_cursor(first=True),
            "endCursor": lambda selected: self.end_cursor(first=False),
        }
        info: Any = get_named_type(self.type.fields["pageInfo"].type)
        return object_of(self.compiler.selection, info, nodes, fields)

    def total_count(self, nodes: Nodes) -> JsonInt:
        """Return the JSON of ``totalCount``: how many rows there are on all pages."""
        return JsonInt(self.bounds.count())

    def row(self) -> tuple[Scope, FromClause]:
        """Return the scope of a row of the connection, and its table under a fresh name."""
        inner, table, _ = self.scope.enter(source_of(self.node), self.page.where)
        return inner, table

    def in_order(self, table: FromClause, text: ColumnElement[Any]) -> Select[Any]:
        """Select one text for each row of the page, in the order of the connection."""
        if not self.backward:
            return self.bounds.rows(table, self.limit, text.label("o"))
        page = self.with_key(table, text)
        return select(page.c.o).order_by(*directed(self.key_of(page), self.order.descending))

    def with_key(self, table: FromClause, text: ColumnElement[Any]) -> FromClause:
        """Return the rows of the page with their keys, so that they can be sorted again."""
        keys = (table.c[name].label(f"k{index}") for index, name in enumerate(self.order.columns))
        return self.bounds.rows(table, self.limit, text.label("o"), *keys).subquery()

    def key_of(self, page: FromClause) -> Key:
        """Return the key columns of ``with_key``."""
        return [page.c[f"k{index}"] for index in range(len(self.order.columns))]

    def end_cursor(self, *, first: bool) -> ColumnElement[str]:
        """Return the cursor of the page's first or last row; null for an empty page."""
        inner, table = self.row()
        page = self.with_key(table, cursors.cursor_json(self.order, inner.row))
        order = directed(self.key_of(page), self.order.descending is first)
        return json_or_null(select(page.c.o).order_by(*order).limit(1).scalar_subquery())

    def has_more(self) -> ColumnElement[bool]:
        """Return whether more rows follow in the direction of reading: above the limit, or beyond the last cursor."""
        table = self.bounds.table()
        one_more = self.bounds.rows(table, self.limit + 1, literal_column("1").label("one")).subquery()
        counted = select(func.count()).select_from(one_more).scalar_subquery()
        return or_(counted > self.limit, self.bounds.beyond())


def edge_json(
    compiler: ObjectCompiler, type_: GraphQLObjectType, nodes: Nodes, order: Order, inner: Scope
) -> JsonObject:
    """Return the JSON of an edge: a row with its cursor."""
    node: Any = get_named_type(type_.fields["node"].type)
    fields = {
        "cursor": lambda selected: cursors.cursor_json(order, inner.row),
        "node": lambda selected: compiler.object(node, selected, inner),
    }
    return object_of(compiler.selection, type_, nodes, fields)


def key_type(column: Any) -> Any:
    """Return the type that a part of a key is bound with: an amount as the whole number that is stored."""
    if isinstance(column.type, UtcTime):
        return column.type
    return Text() if is_text(column) else BigInteger()
