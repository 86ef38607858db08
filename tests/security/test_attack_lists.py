"""Attacks of public lists: the thirteen of dolevf/graphql-cop, then those of OWASP's cheat sheet for GraphQL."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from api_server import Api, add_sessions

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
TEXTS = (
    "' OR '1'='1",
    "'; DROP TABLE customer_session; --",
    '" UNION SELECT secret_hash FROM api_key --',
    "%' OR 1=1 --",
    "\\'; --",
    "${7*7}{{7*7}}",
    "<script>alert(1)</script>",
    "../../etc/passwd",
)


@pytest.fixture(scope="module")
def api(shared_api: Api) -> Api:
    """The API without data, with default settings."""
    return shared_api


@pytest.fixture
def closed(serve: Callable[..., Api]) -> Api:
    """The API without introspection and GraphiQL."""
    return serve(introspection=False, graphiql=False)


def sent(api: Api, method: str = "POST", **options: Any) -> httpx.Response:
    """Send a request with a valid key."""
    headers = {"Authorization": f"Bearer {api.keys['writer']}", **options.pop("headers", {})}
    return api.request(method, headers=headers, **options)


def test_cop_1_alias_overloading(api: Api) -> None:
    document = "{" + " ".join(f"alias{each}: __typename" for each in range(101)) + "}"
    assert api.codes(document) == ["LIMIT_EXCEEDED"]


def test_cop_2_batch_queries(api: Api) -> None:
    response = sent(api, json=[{"query": "{ __typename }"}] * 10)
    assert response.status_code == 400
    assert "batches are not supported" in response.json()["errors"][0]["message"]


def test_cop_3_csrf_by_get(api: Api) -> None:
    # Another site's page can send a GET, but not Authorization without a preflight. The API takes no cookies.
    for headers in ({}, {"Content-Type": "text/plain"}, {"Cookie": f"Authorization=Bearer {api.keys['writer']}"}):
        response = api.request("GET", params={"query": "{ __typename }"}, headers=headers)
        assert (response.status_code, "data" in response.json()) == (401, False)
    change = 'mutation { cancelSession(input: {integrationId: "s1"}) { errors { message } } }'
    assert sent(api, "GET", params={"query": change}).status_code == 405


def test_cop_4_csrf_by_form(api: Api) -> None:
    for options in ({"data": {"query": "{ __typename }"}}, {"files": {"query": (None, b"{ __typename }")}}):
        response = sent(api, **options)
        assert (response.status_code, "data" in response.json()) == (415, False)


def test_cop_5_trace_mode(api: Api) -> None:
    document = {"query": "{ viewer { role } }", "extensions": {"tracing": True, "debug": True}}
    response = sent(api, json=document, headers={"Apollo-Tracing": "1", "X-Apollo-Tracing": "1"})
    assert response.json()["extensions"].keys() == {"cost"}


def test_cop_6_field_duplication(api: Api) -> None:
    assert api.codes("{" + " __typename" * 500 + "}") == ["LIMIT_EXCEEDED"]
    assert api.codes("{ viewer {" + " role" * 500 + "} }") == ["LIMIT_EXCEEDED"]


@pytest.mark.parametrize(
    "document",
    [
        "{ viewr { role } }",
        "{ viewer { rol } }",
        "{ viewer(x: 1) { role } }",
        '{ customerSession(integrationI: "") { id } }',
        "{ customerSessions(filter: {state: OPEN}) { totalCount } }",
        "{ customerSessions(filter: {states: [OPE]}) { totalCount } }",
        "{ customerSessions(orderBy: {fiel: CREATED}) { totalCount } }",
        "{ viewer { ... on Viewe { role } } }",
        "query($x: CustomerSessionFilte) { __typename }",
        "{ viewer @includ(if: true) { role } }",
        "{ viewer { ...Fragmen } } fragment Fragment on Viewer { role }",
        "mutation { createSessio(input: {}) { replayed } }",
        'mutation { createSession(input: {integrationI: ""}) { replayed } }',
        "subscription { sessionEvent { cursor } }",
    ],
)
def test_cop_7_field_suggestions(closed: Api, document: str) -> None:
    answer = closed.query(document)
    assert answer["errors"]
    assert "ean" not in json.dumps(answer)  # Did you mean


@pytest.mark.parametrize(
    "variables",
    [{"input": {"integrationI": "x"}}, {"input": {"integrationId": "x", "state": "OPE"}}, {"input": {"coupo": ""}}],
)
def test_cop_7_field_suggestions_for_variables(closed: Api, variables: dict[str, Any]) -> None:
    answer = closed.query(
        "mutation($input: CreateSessionInput!) { createSession(input: $input) { replayed } }", variables
    )
    assert answer["errors"]
    assert "ean" not in json.dumps(answer)


def test_cop_8_graphiql(closed: Api) -> None:
    for path in ("/graphql", "/", "/graphiql", "/playground", "/console"):
        response = sent(closed, "GET", path=path, headers=BROWSER)
        assert "<html" not in response.text.lower()


@pytest.mark.parametrize(
    "document",
    [
        "{ __schema { types { name } } }",
        '{ __type(name: "Query") { fields { name } } }',
        "{ viewer { role } ...F } fragment F on Query { a: __schema { queryType { name } } }",
        "query($no: Boolean = false) { __schema @include(if: $no) { queryType { name } } }",
    ],
)
@pytest.mark.parametrize("key", ["reader", "admin"])
def test_cop_9_introspection(closed: Api, document: str, key: str) -> None:
    assert set(closed.codes(document, key=key)) == {"GRAPHQL_VALIDATION_FAILED"}


def test_cop_10_directive_overloading(api: Api) -> None:
    for directive, codes in (("@skip(if: false)", {"LIMIT_EXCEEDED"}), ("@aa", {"LIMIT_EXCEEDED"})):
        assert set(api.codes("{ __typename " + directive * 51 + " }")) == codes


def test_cop_11_circular_introspection(api: Api) -> None:
    document = "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }"
    assert api.codes(document)[0] in ("LIMIT_EXCEEDED", "GRAPHQL_VALIDATION_FAILED")


def test_cop_12_mutation_by_get(api: Api) -> None:
    before = api.all_rows()
    document = 'mutation { createSession(input: {integrationId: "x"}) { replayed } }'
    response = sent(api, "GET", params={"query": document})
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert api.all_rows() == before


@pytest.mark.parametrize(
    "document", ["", "{", "{ viewer { role } } }", "qwerty", '{ node(id: "\\x") { id } }', "{ __typename @ }"]
)
def test_cop_13_unhandled_errors(api: Api, document: str) -> None:
    answer = json.dumps(api.query(document))
    assert not any(word in answer for word in ("Traceback", "graphql_api", "site-packages", ".py", "sqlite", "SELECT"))


@pytest.mark.parametrize("text", TEXTS)
def test_owasp_injection(serve: Callable[..., Api], text: str) -> None:
    api = add_sessions(serve())
    before = {name: len(rows) for name, rows in api.all_rows().items()}
    lookups = """query($text: String!, $id: ID!) {
      customerSession(integrationId: $text) { id } customerProfile(integrationId: $text) { id }
      customerSessions(filter: {profileIds: [$text], coupons: [$text], skus: [$text], identifiers: [$text],
        integrationIdPrefix: $text}) { totalCount nodes { id } } }"""
    found = api.data(lookups.replace(", $id: ID!", ""), {"text": text})
    assert found == {
        "customerSession": None,
        "customerProfile": None,
        "customerSessions": {"totalCount": 0, "nodes": []},
    }
    for handmade in (
        "query($text: ID!) { node(id: $text) { id } }",
        "query($text: String) { customerSessions(after: $text) { nodes { id } } }",
    ):
        assert api.codes(handmade, {"text": text}) == ["BAD_USER_INPUT"]
    assert {name: len(rows) for name, rows in api.all_rows().items()} == before
    created = """mutation($text: String!) { createSession(input: {integrationId: $text, coupon: $text}) {
      session { integrationId coupon } errors { message } } }"""
    assert api.data(created, {"text": text})["createSession"]["session"] == {"integrationId": text, "coupon": text}


@pytest.mark.parametrize(
    "document",
    [
        "{ customerSessions(first: 101) { nodes { id } } }",
        "{ customerSessions(last: 2147483647) { nodes { id } } }",
        "{ customerSessions(first: -1) { nodes { id } } }",
    ],
)
def test_owasp_page_size(api: Api, document: str) -> None:
    assert api.codes(document) == ["BAD_USER_INPUT"]


def test_owasp_query_cost(api: Api) -> None:
    nested = "events(first: 100) { nodes { session { " * 3 + "id" + " } } }" * 3
    for document in (
        f'{{ customerSession(integrationId: "") {{ {nested} }} }}',
        "{ customerSessions(first: 100) { nodes { events(first: 100) { nodes { id } } } } }",
    ):
        assert api.codes(document) == ["LIMIT_EXCEEDED"]


def test_owasp_object_level_authorization(serve: Callable[..., Api]) -> None:
    api = add_sessions(serve())
    id_ = api.data('{ customerSession(integrationId: "s1") { id } }')["customerSession"]["id"]
    document = "query($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } }"
    assert api.data(document, {"id": id_}, key="other reader") == {"node": None, "nodes": [None]}


def test_owasp_authentication(api: Api) -> None:
    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": "Basic x"}, {"Cookie": "session=x"}):
        response = api.request("POST", json={"query": "{ __schema { types { name } } }"}, headers=headers)
        assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
        assert "data" not in response.json()
