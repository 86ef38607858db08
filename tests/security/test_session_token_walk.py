"""Walk the whole schema with a session token: forbidden root fields, and reachable values."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from api_server import Api
from graphql import (
    GraphQLAbstractType,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLObjectType,
    OperationType,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_required_argument,
    is_required_input_field,
)
from token_requests import HIDDEN, filled, other_ids, own_ids, token

from graphql_api.schema import schema
from graphql_api.security.viewer import ALLOWED_ROOT_FIELDS, TokenRights


@pytest.fixture(scope="module")
def shops(shared_api: Api) -> Api:
    """The API for tests that change nothing."""
    return filled(shared_api)


def literal(type_: Any) -> str:
    """Return a literal of an input type."""
    type_ = get_nullable_type(type_)
    if isinstance(type_, GraphQLList):
        return f"[{literal(type_.of_type)}]"
    if isinstance(type_, GraphQLEnumType):
        return next(iter(type_.values))
    if isinstance(type_, GraphQLInputObjectType):
        needed = {name: field for name, field in type_.fields.items() if is_required_input_field(field)}
        if type_.is_one_of:
            needed = dict(list(type_.fields.items())[:1])
        return "{" + ", ".join(f"{name}: {literal(field.type)}" for name, field in needed.items()) + "}"
    known = {"Int": "1", "Boolean": "true", "ID": '"session-1-1"', "Decimal": '"1.00"', "JSONObject": "{}"}
    return known.get(type_.name, '"own"' if type_.name == "String" else '"2030-01-01T00:00:00Z"')


def called(name: str, field: GraphQLField) -> str:
    """Return a field with its required arguments."""
    needed = [f"{name}: {literal(each.type)}" for name, each in field.args.items() if is_required_argument(each)]
    return f"{name}({', '.join(needed)})" if needed else name


def root_types() -> Iterator[tuple[OperationType, GraphQLObjectType]]:
    """Yield the root types."""
    for operation in OperationType:
        if root := schema._schema.get_root_type(operation):
            yield operation, root


ROOT_FIELDS = [(operation, name, field) for operation, root in root_types() for name, field in root.fields.items()]


@pytest.mark.parametrize("rights", TokenRights)
@pytest.mark.parametrize(("operation", "name", "field"), ROOT_FIELDS, ids=str)
def test_root_field_that_is_not_allowed_is_forbidden(
    shops: Api, operation: OperationType, name: str, field: GraphQLField, rights: TokenRights
) -> None:
    if name in ALLOWED_ROOT_FIELDS[rights][operation]:
        return
    key = token(shops, rights.name)
    before = shops.all_rows()
    maybe = "" if operation is OperationType.SUBSCRIPTION else "@include(if: false)"  # not allowed in a subscription
    selected = called(name, field) + (" { __typename }" if is_composite_type(get_named_type(field.type)) else "")
    for document in (
        f"{operation.value} {{ {selected} }}",
        f"{operation.value} {{ ...f ...f }} fragment f on {operation.value.title()} {{ it: {selected} }}",
        f"{operation.value} {{ ... {maybe} {{ {selected} }} }}",
    ):
        answer = shops.query(document, key=key)
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"], answer
        assert name in answer["errors"][0]["message"]
        assert "data" not in answer or answer["data"] is None
    assert shops.all_rows() == before


def test_list_of_allowed_root_fields_is_not_everything() -> None:
    forbidden = {
        name for operation, name, _ in ROOT_FIELDS if name not in ALLOWED_ROOT_FIELDS[TokenRights.WRITE_CART][operation]
    }
    assert {"customerSessions", "applications", "createSessionToken", "closeSession", "createKey"} <= forbidden


def everything_of(type_: GraphQLNamedType, depth: int) -> str:
    """Return a selection of every field of a type, and of its possible types."""
    if not isinstance(type_, GraphQLObjectType | GraphQLAbstractType):
        return ""
    if depth == 0:
        return "{ __typename }"
    if isinstance(type_, GraphQLObjectType):
        parts = [
            f"{called(name, field)} {everything_of(get_named_type(field.type), depth - 1)}"
            for name, field in type_.fields.items()
        ]
    else:
        parts = [f"... on {each.name} {renamed(each, depth)}" for each in schema._schema.get_possible_types(type_)]
    return "{ __typename " + " ".join(parts) + " }"


def renamed(type_: GraphQLObjectType, depth: int) -> str:
    """Return the same with aliases: fields of one name may differ between types."""
    fields = (
        f"{type_.name}_{name}: {called(name, field)} {everything_of(get_named_type(field.type), depth - 1)}"
        for name, field in type_.fields.items()
    )
    return "{ " + " ".join(fields) + " }"


def reached(api: Api) -> Iterator[tuple[str, str]]:
    """Yield selections that together reach everything below the allowed root fields, with a name for each."""
    ids = json.dumps([*own_ids(api), *other_ids(api)])
    yield "viewer", f"viewer {everything_of(schema._schema.type_map['Viewer'], 3)}"
    yield "nodes", f"nodes(ids: {ids}) {everything_of(schema._schema.type_map['Node'], 2)}"
    session = schema._schema.type_map["CustomerSession"]
    assert isinstance(session, GraphQLObjectType)
    for name, field in session.fields.items():
        inside = f"{called(name, field)} {everything_of(get_named_type(field.type), 3)}"
        yield name, f'customerSession(integrationId: "own") {{ {inside} }}'


WIDE = dict.fromkeys(("max_depth", "max_aliases", "max_tokens", "max_cost", "max_directives"), 10**6)


def test_reachable_values_belong_to_the_session(serve: Callable[..., Api]) -> None:
    api = filled(serve(**WIDE))
    others, visible_to_key = other_ids(api), ""
    for name, selected in reached(api):
        seen = json.dumps(api.data(f"{{ {selected} }}", key=token(api)))
        assert HIDDEN not in seen, name
        assert not [other for other in others if f'"{other}"' in seen], name
        visible_to_key += json.dumps(api.data(f"{{ {selected} }}", key="reader"))
    assert HIDDEN in visible_to_key
    assert [other for other in others if f'"{other}"' in visible_to_key]
