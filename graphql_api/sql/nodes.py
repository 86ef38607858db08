"""``node`` and ``nodes``: rows by their global ids, whatever their tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
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
from sqlalchemy import BigInteger, ColumnElement, FromClause, Integer, Text, case, cast, literal_column, select

from db.engine import json
from graphql_api.errors import BadUserInput
from graphql_api.sql import global_ids
from graphql_api.sql.fields import Nodes, source_of
from graphql_api.sql.json_documents import ArrayElements
from graphql_api.sql.json_objects import Part, RowsJson, json_array, json_or_null
from graphql_api.sql.object_compiler import ObjectCompiler
from graphql_api.sql.request import Getter, Request, viewer_application, viewer_is_admin
from graphql_api.sql.scope import Scope
from graphql_api.sql.source import Columns, Source, is_text

ID = literal_column("ids.value", Text)  # one of the IDs that a field names, as JSON


@dataclass(frozen=True, slots=True)
class IdCount:
    """Read how many ids a field asks for."""

    of: Getter

    def __call__(self, request: Request) -> int:
        return len(self.of(request))


def nodes_by_id(
    compiler: ObjectCompiler, what: Nodes, definition: GraphQLField, nodes: Sequence[FieldNode], scope: Scope
) -> Part:
    """Return the JSON of the rows that global ids name, in the order of the ids; null where there is none.

    The ids are one parameter, a JSON array of [prefix, application, rest of the key], so that one statement serves any
    ids.
    """
    given = scope.argument(what.ids)
    many = is_list_type(get_nullable_type(definition.type))
    interface = cast_to(GraphQLInterfaceType, get_named_type(definition.type))
    kinds = node_types(compiler.selection.schema, interface)
    sources = {prefix: source for prefix, (source, _) in kinds.items()}

    def keys(request: Request) -> str:
        return keys_of(request, given(request) if many else [given(request)], sources)

    each = ArrayElements(scope.bind(keys, Text())).table_valued("key", "value", name="ids")
    found: list[tuple[Any, Any]] = []
    for prefix, (source, type_) in kinds.items():
        inner, table, conditions = scope.enter(source, of_viewer)
        object_ = compiler.object(type_, nodes, inner)
        row = compiler.once(
            ("node", source, id(object_)), partial(row_by_key, source, table, object_.label("o"), conditions)
        )
        found.append((ID.op("->>")(0) == prefix, row))
    in_order = select(json_or_null(case(*found)).label("o")).select_from(each).order_by(each.c.key)
    return json_array(in_order, IdCount(given)) if many else RowsJson(in_order)


def row_by_key(
    source: Source, table: FromClause, object_: ColumnElement[Any], conditions: Sequence[ColumnElement[bool]]
) -> RowsJson:
    """Return the JSON of the row that the ID at this place names."""
    row = select(object_).select_from(table).where(*conditions, *source.of_kind(table.c))
    for index, column in enumerate(source.key):
        part = cast(ID.op("->>")(index + 1), Text() if is_text(column) else BigInteger())
        row = row.where(table.c[column.name] == part)
    return RowsJson(row.correlate_except(table))


def of_viewer(scope: Scope, row: Columns) -> list[ColumnElement[bool]]:
    """Return the condition on rows of the caller's application; an ADMIN key reads those of any."""
    if scope.plan_key(viewer_is_admin):
        return []
    return [row["application_id"] == scope.bind(viewer_application, Integer())]


def keys_of(request: Request, ids: Sequence[str], sources: Mapping[str, Source]) -> str:
    """Return the keys that global ids spell, as JSON; null for an id of a row that does not exist for the caller.

    Raises BadUserInput on an id that no server made, and on more ids than a page may have rows.
    """
    if len(ids) > request.limits.max_page_size:
        raise BadUserInput(f"At most {request.limits.max_page_size} ids are taken at once; got {len(ids)}.")
    return json.dumps([visible_key(request, *global_ids.parse(each, sources), sources) for each in ids])


def visible_key(
    request: Request, prefix: str, key: list[int | str], sources: Mapping[str, Source]
) -> list[int | str] | None:
    """Return a key with its prefix; None for a row of another application, or one that is shown to an ADMIN only."""
    visible = request.viewer.can_see(int(key[0])) and (request.viewer.is_admin or not sources[prefix].admin_only)
    return [prefix, *key] if visible else None


def node_types(schema: GraphQLSchema, node: GraphQLInterfaceType) -> dict[str, tuple[Source, GraphQLNamedType]]:
    """Return the source and the type for each prefix of an id: an interface, where several types share a table."""
    found: dict[str, tuple[Source, GraphQLNamedType]] = {}
    for type_ in schema.get_possible_types(node):
        source = source_of(type_)
        shared = [each for each in type_.interfaces if each is not node]
        found[str(source.prefix)] = (source, shared[0] if shared else type_)
    return found
