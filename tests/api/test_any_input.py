"""No input makes a 500: every root field, with values that no client of good will would send."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from api_server import Api, add_sessions
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    get_named_type,
    is_composite_type,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from token_requests import token

from db.domain.attribute_definition import AttributeEntity, AttributeType
from graphql_api.schema import schema

NAMES = ["s1", "ada", "own", "channel", "till 4", "apple", "EUR", "UTC"]
TEXTS = [
    *NAMES,
    *("", " ", "\0", "a\0b", "\U0010ffff", "😀" * 10, "e\u0301", "\u202e", "'", '"', "\\", "%", "_", ":p1", "?", "--"),
    *("x" * 255, "x" * 256, "x" * 1_000, "x" * 1_001, "x" * 20_000, "NaN", "1e400", "-0", "١٢", "0x10", "1_000"),
]
AMOUNTS = ["0", "1.00", "-1", "0.00001", "9" * 14, "9" * 15, "9" * 400, "1e5", "1E+2", "-0", "+1", "1.", ".5", "٣", ""]
WHOLE = [0, 1, -1, 2, 20, 101, 2**31 - 1, -(2**31), 2**31, 2**53, 2**63, 10**30, 1.5, 1e300]
MOMENTS = [
    "2026-03-01T10:00:00.000Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59.999-12:00",
    "2026-02-30T00:00:00Z",
    "2026-01-01T00:00:60Z",
    "2026-01-01T24:00:00Z",
    "2026-01-01T00:00:00.123456789Z",
    "2026-01-01",
    "\uff12026-01-01T00:00:00Z",
    "",
]
KEYS_OF_ROWS = ["1", "0", "-1", "01", "9223372036854775807", "9223372036854775808", "x", "", "616461", "61", "00", "ff"]
PREFIXES = ["session", "profile", "event", "return", "application", "attribute", "key", "Session", ""]
ORDERS = [
    *("-session.created", "session.created", "-session.total", "session.updated", "session.integration_id"),
    *("version", "profile.integration_id", "-profile.created", "application", "feed", ""),
]

anything = st.recursive(
    st.none() | st.booleans() | st.sampled_from([*WHOLE, *TEXTS, *AMOUNTS, *MOMENTS]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*TEXTS, *"bnstl"]), inner, max_size=3),
    max_leaves=6,
)
ids = st.builds(
    lambda prefix, parts: "-".join((prefix, *parts)),
    st.sampled_from(PREFIXES),
    st.lists(st.sampled_from([*KEYS_OF_ROWS, "cart_item", "customer_session"]), max_size=4),
)
cursors = st.builds(
    lambda order, application, key: json.dumps([order, application, *key]).encode().hex(),
    st.sampled_from(ORDERS),
    st.sampled_from([1, 2, 0, "1", None]),
    st.lists(st.sampled_from([*WHOLE, *MOMENTS, *TEXTS, None, True, []]), max_size=3),
)
KNOWN: dict[str, st.SearchStrategy[Any]] = {
    "Int": st.sampled_from(WHOLE),
    "Float": st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(WHOLE),
    "Boolean": st.booleans(),
    "ID": ids | st.sampled_from(["session-1-1", "event-1-1-1", "return-1-1-4", *TEXTS]),
    "String": st.sampled_from(TEXTS) | st.sampled_from(NAMES) | cursors,
    "Decimal": st.sampled_from(AMOUNTS) | st.sampled_from(WHOLE),
    "DateTime": st.sampled_from(MOMENTS),
    "JSONObject": st.dictionaries(st.sampled_from([*NAMES, *"bnstl", "\0", ""]), anything, max_size=3),
}


def values(type_: GraphQLInputType) -> st.SearchStrategy[Any]:
    """Return a strategy of values for a type: most are of the type, some are anything."""
    if isinstance(type_, GraphQLNonNull):
        return values(type_.of_type)
    if isinstance(type_, GraphQLList):
        known: st.SearchStrategy[Any] = st.lists(values(type_.of_type), max_size=4)
    elif isinstance(type_, GraphQLEnumType):
        known = st.sampled_from([*type_.values, "NONE", ""])
    elif isinstance(type_, GraphQLInputObjectType):
        known = objects(type_)
    else:
        known = KNOWN[type_.name]
    return st.one_of(*[known] * 12, st.none(), anything)


@cache
def objects(type_: GraphQLInputObjectType) -> st.SearchStrategy[dict[str, Any]]:
    """An input object: what it needs, and some of the rest. A type can be a field of its own, so it is made later."""

    def make() -> st.SearchStrategy[dict[str, Any]]:
        needed: dict[str, st.SearchStrategy[Any]] = {}
        rest: dict[str, st.SearchStrategy[Any]] = {}
        for name, field in type_.fields.items():
            (needed if isinstance(field.type, GraphQLNonNull) else rest)[name] = values(field.type)
        return st.fixed_dictionaries(needed, optional=rest)

    return st.deferred(make)


def root_fields() -> Iterator[tuple[str, str, GraphQLField]]:
    """Every field that an operation over HTTP can start from."""
    for kind, root in (("query", schema._schema.query_type), ("mutation", schema._schema.mutation_type)):
        assert root is not None
        yield from ((kind, name, field) for name, field in root.fields.items())


@pytest.fixture(scope="module")
def lived_in(shared_api: Api) -> Api:
    """Sessions with a past, attributes of every type, and among the keys a session token."""
    add_sessions(shared_api)
    shared_api.shop.create("own")
    for type_ in AttributeType:
        for entity in AttributeEntity:
            shared_api.shop.define(entity, type_.value[0] if "list" not in type_ else type_.value, type_)
    shared_api.keys["token"] = token(shared_api, "WRITE_CART")
    return shared_api


@pytest.mark.parametrize(("kind", "name", "field"), [*root_fields()], ids=str)
def test_no_value_makes_an_internal_error(lived_in: Api, kind: str, name: str, field: GraphQLField) -> None:
    declared = ", ".join(f"${each}: {argument.type}" for each, argument in field.args.items())
    given_by = ", ".join(f"{each}: ${each}" for each in field.args)
    inside = " { __typename }" if is_composite_type(get_named_type(field.type)) else ""
    document = f"{kind}({declared}) {{ {name}({given_by}){inside} }}" if declared else f"{kind} {{ {name}{inside} }}"
    sent = st.fixed_dictionaries({}, optional={each: values(argument.type) for each, argument in field.args.items()})

    @settings(max_examples=40)
    @given(variables=sent, key=st.sampled_from(sorted(lived_in.keys)))
    def holds(variables: dict[str, Any], key: str) -> None:
        response = lived_in.runner.run(lived_in.post({"query": document, "variables": variables}, key))
        assert response.status_code in (200, 400), response.text
        codes = {error["extensions"]["code"] for error in response.json().get("errors", ())}
        assert codes <= {"BAD_USER_INPUT", "FORBIDDEN", "LIMIT_EXCEEDED"}, response.text

    holds()
