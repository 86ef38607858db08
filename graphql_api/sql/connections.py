"""Connections: pages of rows by key, never by offset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from graphql import FieldNode, GraphQLObjectType, get_named_type
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Text,
    func,
    literal_column,
    or_,
    select,
)

from db.tables.columns import UtcTime
from graphql_api.errors import BadUserInput
from graphql_api.sql import cursors
from graphql_api.sql.arguments import Getter, absent
from graphql_api.sql.fields import Order, Page, source_of
from graphql_api.sql.global_ids import is_text
from graphql_api.sql.json_objects import Joined, Object, in_list, or_null
from graphql_api.sql.json_scalars import Truth, Whole, named
from graphql_api.sql.page_bounds import Key, Window, directed
from graphql_api.sql.request import Request

if TYPE_CHECKING:
    from graphql_api.sql.compiler import Compiler
    from graphql_api.sql.scope import Scope

Nodes = Sequence[FieldNode]


class Connection:
    """One connection in a document. Each of its fields reads the page for itself; what is not selected is not read."""

    def __init__(self, compiler: Compiler, page: Page, type_: GraphQLObjectType, scope: Scope) -> None:
        self.compiler = compiler
        self.page = page
        self.type = type_
        self.scope = scope
        self.node: Any = get_named_type(type_.fields["nodes"].type)
        self.order = page.order(scope)
        arguments = scope.arguments or {}
        first, last = arguments["first"], arguments.get("last", absent)
        self.backward = scope.look(lambda request: last(request) is not None)
        if self.backward and scope.look(lambda request: first(request) is not None):
            raise BadUserInput("first and last exclude each other.")
        size = page_size("last", last) if self.backward else page_size("first", first)
        self.sizes = scope.sizes
        self.scope = replace(scope, sizes=(*self.sizes, size))
        chosen = arguments.get("filter", absent)
        if scope.look(lambda request: chosen(request) is not None):
            scope.trace.sweeps(self.sizes)
        self.limit = scope.bind(size, Integer())
        scope.bind(self.application, Integer())  # has to be the viewer's, whatever is selected
        self.window = Window(
            self.scope,
            page,
            self.order,
            self.backward,
            self.key(arguments, "after"),
            self.key(arguments, "before"),
            page.aside(self.scope, self.order),
            lambda: scope.trace.alias(source_of(self.node)),
        )

    def key(self, arguments: Mapping[str, Getter], name: str) -> Key | None:
        """The key that a cursor names, as parameters; None where there is no cursor."""
        given = arguments.get(name, absent)
        if self.scope.look(lambda request: given(request) is None):
            return None
        table = source_of(self.node).table
        columns = [table.c[each] for each in self.order.columns]

        def part(index: int) -> Getter:
            return lambda request: cursors.read(given(request), self.order, columns, self.application(request))[index]

        return [self.scope.bind(part(index), key_type(column)) for index, column in enumerate(columns)]

    def application(self, request: Request) -> int | None:
        """The application a cursor has to be of; None where an ADMIN key reads a field that names none."""
        given = (self.scope.arguments or {}).get("applicationId")
        if given is None:
            return None if request.viewer.is_admin else request.viewer.application_id
        return request.viewer.resolve_application(given(request))

    def json(self, nodes: Nodes) -> Object:
        """The connection as JSON."""
        return written(
            self.compiler,
            self.type,
            nodes,
            {"nodes": self.rows, "edges": self.edges, "pageInfo": self.page_info, "totalCount": self.total_count},
        )

    def rows(self, nodes: Nodes) -> Joined:
        """``nodes``."""
        inner, table = self.row()
        return in_list(self.in_order(table, self.compiler.object(self.node, nodes, inner)))

    def edges(self, nodes: Nodes) -> Joined:
        """``edges``."""
        inner, table = self.row()
        type_: Any = get_named_type(self.type.fields["edges"].type)
        return in_list(self.in_order(table, edge(self.compiler, type_, nodes, self.order, inner)))

    def page_info(self, nodes: Nodes) -> Object:
        """``pageInfo``, by the Relay specification; what lies beyond a cursor is found out, not guessed."""
        ahead = Truth(self.goes_on())
        behind = Truth(self.window.behind())
        fields = {
            "hasNextPage": lambda selected: behind if self.backward else ahead,
            "hasPreviousPage": lambda selected: ahead if self.backward else behind,
            "startCursor": lambda selected: self.end_cursor(first=True),
            "endCursor": lambda selected: self.end_cursor(first=False),
        }
        info: Any = get_named_type(self.type.fields["pageInfo"].type)
        return written(self.compiler, info, nodes, fields)

    def total_count(self, nodes: Nodes) -> Whole:
        """``totalCount``: all rows of the connection, on whatever page."""
        self.scope.trace.sweeps(self.sizes)
        return Whole(self.window.count())

    def row(self) -> tuple[Scope, FromClause]:
        """A fresh row of the connection's table."""
        inner, table, _ = self.compiler.inner(source_of(self.node), self.scope, self.page.where)
        return inner, table

    def in_order(self, table: FromClause, text: ColumnElement[Any]) -> Select[Any]:
        """One text for each row of the page, in the order of the connection."""
        if not self.backward:
            return self.window.found(table, self.limit, text.label("o"))
        page = self.with_key(table, text)
        return select(page.c.o).order_by(*directed(self.key_of(page), self.order.descending))

    def with_key(self, table: FromClause, text: ColumnElement[Any]) -> FromClause:
        """The rows of the page with their keys, so that they can be put in another order."""
        keys = (table.c[name].label(f"k{index}") for index, name in enumerate(self.order.columns))
        return self.window.found(table, self.limit, text.label("o"), *keys).subquery()

    def key_of(self, page: FromClause) -> Key:
        """The keys of the rows of ``with_key``."""
        return [page.c[f"k{index}"] for index in range(len(self.order.columns))]

    def end_cursor(self, *, first: bool) -> ColumnElement[str]:
        """The cursor of the page's first or last row; null for an empty page."""
        inner, table = self.row()
        page = self.with_key(table, cursors.written(self.order, inner.row))
        order = directed(self.key_of(page), self.order.descending is first)
        return or_null(select(page.c.o).order_by(*order).limit(1).scalar_subquery())

    def goes_on(self) -> ColumnElement[bool]:
        """Whether more rows follow in the direction of reading: behind the limit, or beyond its end."""
        table = self.window.table()
        one_more = self.window.found(table, self.limit + 1, literal_column("1").label("one")).subquery()
        counted = select(func.count()).select_from(one_more).scalar_subquery()
        return or_(counted > self.limit, self.window.beyond())


def edge(compiler: Compiler, type_: GraphQLObjectType, nodes: Nodes, order: Order, inner: Scope) -> Object:
    """An edge as JSON: a row with its cursor."""
    node: Any = get_named_type(type_.fields["node"].type)
    selected = compiler.selection.fields(type_, [each.selection_set for each in nodes]).values()
    if not any(each[0].name.value == "node" for each in selected):
        inner.trace.counts(inner.sizes)
    fields = {
        "cursor": lambda selected: cursors.written(order, inner.row),
        "node": lambda selected: compiler.object(node, selected, inner),
    }
    return written(compiler, type_, nodes, fields)


def written(compiler: Compiler, type_: GraphQLObjectType, nodes: Nodes, fields: Mapping[str, Any]) -> Object:
    """A JSON object of the selected ones of ``fields``."""
    selected = compiler.selection.fields(type_, [node.selection_set for node in nodes])
    return Object(
        (key, named(type_) if each[0].name.value == "__typename" else fields[each[0].name.value](each))
        for key, each in selected.items()
    )


def page_size(name: str, given: Getter) -> Getter:
    """How many rows ``first`` or ``last`` asks for."""

    def size(request: Request) -> int:
        asked, most = given(request), request.limits.max_page_size
        if asked is None:
            return request.limits.default_page_size
        if not 0 <= asked <= most:
            raise BadUserInput(f"{name} is from 0 to {most}; got {asked}.")
        return int(asked)

    return size


def key_type(column: Any) -> Any:
    """How a part of a key is bound: an amount as the whole number that it is kept as."""
    if isinstance(column.type, UtcTime):
        return column.type
    return Text() if is_text(column) else BigInteger()
