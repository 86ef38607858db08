"""Rows by their global ids, whatever their tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from typing import cast as cast_to

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_list_type,
)
from sqlalchemy import BigInteger, ColumnElement, Integer, Text, case, cast, select

from graphql_api.sql.array_parameter import Elements
from graphql_api.sql.fields import Nodes, source_of
from graphql_api.sql.global_ids import Columns, Source, is_text
from graphql_api.sql.json_objects import Part, in_list, or_null

if TYPE_CHECKING:
    from graphql_api.sql.compiler import Compiler
    from graphql_api.sql.scope import Scope


def by_id(
    compiler: Compiler,
    what: Nodes,
    definition: GraphQLField,
    nodes: Sequence[FieldNode],
    scope: Scope,
) -> Part:
    """The rows that global ids name, in the order of the ids; null where there is none.

    The ids come as one parameter, a JSON array of [prefix, application, rest of the key]: one statement serves all.
    """
    given = scope.argument(what.ids)
    many = is_list_type(get_nullable_type(definition.type))
    if many:
        scope = replace(scope, sizes=(*scope.sizes, lambda request: len(given(request))))
    kinds = node_types(compiler.schema, cast_to(GraphQLInterfaceType, get_named_type(definition.type)))
    sources = {prefix: source for prefix, (source, _) in kinds.items()}
    wanted = scope.bind(lambda request: request.wanted(given(request) if many else [given(request)], sources), Text())
    each = Elements(wanted).table_valued("key", "value")
    found: list[tuple[Any, Any]] = []
    for prefix, (source, type_) in kinds.items():
        inner, table, fits = compiler.inner(source, scope, seen)
        row = select(compiler.object(type_, nodes, inner)).select_from(table).where(*fits)
        for index, column in enumerate(source.key):
            part = cast(each.c.value.op("->>")(index + 1), Text() if is_text(column) else BigInteger())
            row = row.where(table.c[column.name] == part)
        found.append((each.c.value.op("->>")(0) == prefix, row.correlate_except(table).scalar_subquery()))
    in_order = select(or_null(case(*found)).label("o")).select_from(each).order_by(each.c.key)
    return in_list(in_order) if many else in_order.scalar_subquery()


def seen(scope: Scope, row: Columns) -> list[ColumnElement[bool]]:
    """Rows of the viewer's application; for an ADMIN key, of any."""
    if scope.look(lambda request: request.viewer.is_admin):
        return []
    return [row["application_id"] == scope.bind(lambda request: request.viewer.application_id, Integer())]


def node_types(schema: GraphQLSchema, node: GraphQLInterfaceType) -> dict[str, tuple[Source, GraphQLNamedType]]:
    """Prefix of an id -> where such objects are kept, and their type: an interface where several share a table."""
    found: dict[str, tuple[Source, GraphQLNamedType]] = {}
    for type_ in schema.get_possible_types(node):
        source = source_of(type_)
        shared = [each for each in type_.interfaces if each is not node]
        found[str(source.prefix)] = (source, shared[0] if shared else type_)
    return found
