"""Values that do not fit: a clear error or the right answer, and nothing half-written."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from api_server import Api


@pytest.fixture(scope="module")
def api(shared_api: Api) -> Api:
    """The API with nothing in it."""
    return shared_api


CREATE = (
    "mutation($input: CreateSessionInput!) { createSession(input: $input) { errors { path } session { version } } }"
)


@pytest.mark.parametrize(
    "wrong",
    [
        {"cartItems": [{"sku": "a", "quantity": 1, "price": 1.5}]},
        {"cartItems": [{"sku": "a", "quantity": 1, "price": "1e3"}]},
        {"cartItems": [{"sku": "a", "quantity": 1, "price": "NaN"}]},
        {"cartItems": [{"sku": "a", "quantity": 1, "price": "Infinity"}]},
        {"cartItems": [{"sku": "a", "quantity": 1, "price": "1,5"}]},
        {"cartItems": [{"sku": "a", "quantity": 1, "price": " 1"}]},
        {"cartItems": [{"sku": "a", "quantity": 1, "price": "\u0661"}]},
        {"cartItems": [{"sku": "a", "quantity": 1, "price": ""}]},
        {"cartItems": [{"sku": "a", "quantity": 1, "price": True}]},
        {"cartItems": [{"sku": "a", "quantity": 1, "price": None}]},
        {"cartItems": [{"sku": "a", "quantity": 1, "price": "1" * 5_000}]},
        {"cartItems": [{"sku": "a", "quantity": 1, "price": 10**30}]},
        {"cartItems": [{"sku": "a", "quantity": 2**31, "price": 1}]},
        {"cartItems": [{"sku": "a", "quantity": 1.5, "price": 1}]},
        {"cartItems": [{"sku": "a", "quantity": "1", "price": 1}]},
        {"cartItems": [{"sku": 1, "quantity": 1, "price": 1}]},
        {"cartItems": [{"quantity": 1, "price": 1}]},
        {"cartItems": [None]},
        {"cartItems": "mug"},
        {"attributes": []},
        {"attributes": "{}"},
        {"state": "CANCELLED"},
        {"state": None},
        {"identifiers": [1]},
        {"identifiers": [None]},
        {"applicationId": 2**31},
        {"applicationId": "1"},
        {"nothing": 1},
    ],
)
def test_value_that_does_not_fit_its_type_is_refused(api: Api, wrong: dict[str, Any]) -> None:
    before = api.all_rows()
    assert set(api.codes(CREATE, {"input": {"integrationId": "s1", **wrong}})) == {"BAD_USER_INPUT"}
    assert api.all_rows() == before


@pytest.mark.parametrize("line", [{}, {"sku": None}, {"sku": "mug", "position": 0}])
def test_returned_line_has_either_a_position_or_a_sku(api: Api, line: dict[str, Any]) -> None:
    returning = "mutation($input: ReturnItemsInput!) { returnItems(input: $input) { errors { path } } }"
    assert set(api.codes(returning, {"input": {"integrationId": "s1", "items": [{"line": line}]}})) == {
        "BAD_USER_INPUT"
    }
    literal = "{" + " ".join(f"{name}: {json.dumps(value)}" for name, value in line.items()) + "}"
    written = returning.replace("($input: ReturnItemsInput!)", "").replace(
        "$input", f'{{integrationId: "s1", items: [{{line: {literal}}}]}}'
    )
    assert set(api.codes(written)) == {"GRAPHQL_VALIDATION_FAILED"}


@pytest.mark.parametrize("price", ["1.5", "1e3", "true", "MUG", "$x", "null", "[1]", "1" * 5_000, '"1e3"'])
def test_literal_that_does_not_fit_its_type_is_refused(api: Api, price: str) -> None:
    before = api.all_rows()
    line = f'{{sku: "a", quantity: 1, price: {price}}}'
    document = f'mutation {{ createSession(input: {{integrationId: "s1", cartItems: [{line}]}}) {{ replayed }} }}'
    assert set(api.codes(document)) == {"GRAPHQL_VALIDATION_FAILED"}
    assert api.all_rows() == before


@pytest.mark.parametrize("attribute", [{"a": "\0"}, {"\0": 1}, {"": {}}, {"a" * 100_000: None}, {"a": [[[[]]]]}])
def test_undefined_attribute_is_refused_whatever_its_value(api: Api, attribute: dict[str, Any]) -> None:
    answer = api.data(CREATE, {"input": {"integrationId": "s1", "attributes": attribute}})["createSession"]
    assert answer == {"session": None, "errors": [{"path": ["attributes", *attribute]}]}


@pytest.mark.parametrize("id_", [" ", "   ", "🛒", "é" * 650, "\u202e", "a\tb\n", '"\\', "'", "\uffff", "\U0010ffff"])
def test_integration_id_of_any_characters_is_stored_unchanged(api: Api, id_: str) -> None:
    made = api.data(CREATE, {"input": {"integrationId": id_}})["createSession"]
    assert made == {"session": {"version": 1}, "errors": []}
    document = "query($id: String!) { customerSession(integrationId: $id) { integrationId id } }"
    found = api.data(document, {"id": id_})["customerSession"]
    assert found["integrationId"] == id_
    assert api.data("query($id: ID!) { node(id: $id) { id } }", found) == {"node": {"id": found["id"]}}


@pytest.mark.parametrize("id_", ["\0", "a\0", "x" * 1_001, "é" * 651, "x" * 900_000, ""])
def test_impossible_integration_id_finds_nothing(api: Api, id_: str) -> None:
    document = """query($id: String!) { customerSession(integrationId: $id) { id }
      customerProfile(integrationId: $id) { id } }"""
    assert api.data(document, {"id": id_}) == {"customerSession": None, "customerProfile": None}


def test_more_ids_than_a_page_holds_are_refused(api: Api) -> None:
    document = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    assert api.data(document, {"ids": ["application-1"] * 100}) == {"nodes": [{"id": "application-1"}] * 100}
    assert api.codes(document, {"ids": ["application-1"] * 101}) == ["BAD_USER_INPUT"]
    assert api.data(document, {"ids": []}) == {"nodes": []}


def test_largest_cart_is_answered(api: Api) -> None:
    cart = [{"sku": f"sku {number}", "quantity": 10, "price": "999.9999"} for number in range(1_000)]
    create = CREATE.replace("{ version }", "{ total cartItems { position } }")
    made = api.data(create, {"input": {"integrationId": "greatest", "cartItems": cart}})["createSession"]
    assert made["session"]["total"] == "9999999.00"
    assert len(made["session"]["cartItems"]) == 1_000


def test_session_above_the_maximum_size_is_refused(serve: Callable[..., Api]) -> None:
    api = serve(max_session_bytes=1_000)
    before = api.all_rows()
    document = """mutation($name: String!) { createSession(input: {
        integrationId: "s1", cartItems: [{sku: "apple", quantity: 1, price: "1", name: $name}]
    }) { errors { code path } } }"""

    payload = api.data(document, {"name": "x" * 1_000})["createSession"]

    assert payload["errors"] == [{"code": "INVALID_INPUT", "path": ["cartItems"]}]
    assert api.all_rows() == before
    assert api.data("{ viewer { limits { maxSessionBytes } } }")["viewer"]["limits"] == {"maxSessionBytes": 1_000}
