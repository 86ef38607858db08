"""GraphQL over HTTP: media types, status codes and errors. No input causes an internal error."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from api_server import Api

ANSWER = "application/graphql-response+json"
JSON = "application/json"
QUERY = {"query": "{ __typename }"}


@pytest.fixture(scope="module")
def api(shared_api: Api) -> Api:
    """The API with an empty database."""
    return shared_api


def post(api: Api, content: bytes | None = None, **options: Any) -> httpx.Response:
    """Send a POST with a valid key, as JSON by default."""
    headers = {"Authorization": f"Bearer {api.keys['writer']}", "Content-Type": JSON, **options.pop("headers", {})}
    return api.request("POST", content=json.dumps(QUERY).encode() if content is None else content, headers=headers)


def get(api: Api, headers: dict[str, str] | None = None, **parameters: Any) -> httpx.Response:
    """Send a GET with a valid key."""
    key = {"Authorization": f"Bearer {api.keys['writer']}"}
    return api.request("GET", params=parameters, headers={**key, **(headers or {})})


def code(response: httpx.Response) -> str:
    """Return the code of the first error, which must not be INTERNAL."""
    error = response.json()["errors"][0]
    assert error["extensions"]["code"] != "INTERNAL"
    return str(error["extensions"]["code"])


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (ANSWER, ANSWER),
        (f"{JSON};q=0.5, {ANSWER}", ANSWER),
        (f"{ANSWER};q=0.5, {JSON}", JSON),
        (f"{ANSWER}, {JSON}", JSON),
        (f"text/html;q=0.1, {JSON}", JSON),
        (f"*/*;q=0.1, {ANSWER};q=0.2", ANSWER),
    ],
)
def test_the_media_type_is_the_one_that_the_client_prefers(api: Api, accept: str, expected: str) -> None:
    response = post(api, headers={"Accept": accept})
    assert (response.status_code, response.headers["content-type"]) == (200, f"{expected}; charset=utf-8")
    assert response.json()["data"] == {"__typename": "Query"}


@pytest.mark.parametrize("accept", ["text/plain", "image/*", f"{JSON};q=0", "nonsense"])
def test_an_accept_header_without_a_supported_type_is_refused(api: Api, accept: str) -> None:
    assert post(api, headers={"Accept": accept}).status_code == 406


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        (JSON, 200),
        (f"{JSON}; charset=utf-8", 200),
        (f"{JSON}; charset=UTF-8", 200),
        (f'{JSON}; charset="utf-8"', 200),
        ("Application/JSON", 200),
        (f"{JSON}; charset=latin-1", 415),
        ("xapplication/jsonx", 415),
        ("application/graphql", 415),
        ("text/plain", 415),
        ("multipart/form-data; boundary=x", 415),
        ("application/x-www-form-urlencoded", 415),
        ("", 415),
    ],
)
def test_only_json_bodies_are_accepted(api: Api, content_type: str, status: int) -> None:
    assert post(api, headers={"Content-Type": content_type}).status_code == status


@pytest.mark.parametrize(
    "request_",
    [
        {"query": "{"},
        {"query": "{ nothing }"},
        {"query": "query($x: Int!) { __typename @skip(if: false) applications(first: $x) { totalCount } }"},
        {"query": "query A { __typename } query B { __typename }"},
        {"query": "query A { __typename }", "operationName": "B"},
        {"query": "fragment F on Query { __typename }"},
    ],
)
def test_a_request_error_has_no_data_and_a_status_by_media_type(api: Api, request_: dict[str, Any]) -> None:
    for media_type, status in ((ANSWER, 400), (JSON, 200)):
        response = post(api, json.dumps(request_).encode(), headers={"Accept": media_type})
        assert response.status_code == status
        assert "data" not in response.json()
        assert code(response)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"])
def test_other_methods_are_not_allowed(api: Api, method: str) -> None:
    response = api.request(method)
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD, POST")


def test_a_get_can_query(api: Api) -> None:
    document = "query A($n: Int) { applications(first: $n) { nodes { name } } } query B { __typename }"
    response = get(api, query=document, variables='{"n": 1}', operationName="A", extensions="{}")
    assert response.json()["data"] == {"applications": {"nodes": [{"name": "Shop"}]}}
    assert get(api, query="{ __typename }", variables="").json()["data"] == {"__typename": "Query"}


def test_a_get_cannot_run_a_mutation(api: Api) -> None:
    before = api.all_rows()
    response = get(api, query='mutation { createSession(input: {integrationId: "s1"}) { replayed } }')
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert api.all_rows() == before


def test_a_get_that_a_page_can_send_without_a_preflight_is_not_executed(api: Api) -> None:
    response = api.request("GET", params={"query": "{ __typename }"}, headers={"Accept": ANSWER})
    assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize(
    "parameters",
    [{}, {"query": ""}, {"query": "{ __typename }", "variables": "x"}, {"query": "{ __typename }", "variables": "[]"}],
)
def test_a_get_with_invalid_parameters_is_refused(api: Api, parameters: dict[str, str]) -> None:
    assert get(api, {"Accept": ANSWER}, **parameters).status_code == 400


def test_a_repeated_parameter_is_refused(api: Api) -> None:
    assert get(api, query=["{ __typename }", "{ viewer { role } }"]).status_code == 400


def test_long_headers_are_parsed_quickly(api: Api) -> None:
    for header in ("Accept", "Accept-Encoding", "Content-Type", "Authorization", "If-None-Match"):
        for piece in (",", "a,", "*/*;q=0.1,", '"a",', ";", ";q=1"):
            assert post(api, headers={header: piece * 5_000}).status_code in (200, 401, 406, 415)


def test_a_query_string_in_another_encoding_is_refused(api: Api) -> None:
    headers = {"Authorization": f"Bearer {api.keys['writer']}"}
    assert api.request("GET", "/graphql?query=%ff%fe", headers=headers).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"1",
        b'"x"',
        b"[]",
        b"[1]",
        b"[null]",
        b'[{"query": "{ __typename }"}]',
        b"{}",
        b"{",
        b"\xff\xfe",
        b'{"query": "\xff"}',
        b'{"query": "\\ud800"}',
        b'{"query": NaN}',
        b'{"query": null}',
        b'{"query": 1}',
        b'{"query": ["{ __typename }"]}',
        b'{"query": "{ __typename }", "variables": 1}',
        b'{"query": "{ __typename }", "variables": []}',
        b'{"query": "{ __typename }", "variables": "{}"}',
        b'{"query": "{ __typename }", "variables": {"x": NaN}}',
        b'{"query": "{ __typename }", "variables": {"x": 1e999}}',
        b'{"query": "{ __typename }", "variables": {"x": "\\udfff"}}',
        b'{"query": "{ __typename }", "operationName": 1}',
        b'{"query": "{ __typename }", "operationName": {}}',
        b'{"query": "{ __typename }", "extensions": 1}',
        b'{"query": "{ __typename }", "extensions": []}',
        b'{"query": "{ __typename }", "variables": {"x": ' + b"[" * 101 + b"]" * 101 + b"}}",
        b"[" * 100_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    ],
)
@pytest.mark.parametrize("media_type", [ANSWER, JSON])
def test_an_invalid_body_is_refused(api: Api, body: bytes, media_type: str) -> None:
    response = post(api, body, headers={"Accept": media_type})
    assert response.status_code == 400
    assert code(response) == "BAD_USER_INPUT"
    assert response.headers["content-type"].startswith(media_type)


@pytest.mark.parametrize("coding", ["gzip", "br", "identity, gzip"])
def test_a_compressed_body_is_refused(api: Api, coding: str) -> None:
    response = post(api, headers={"Content-Encoding": coding})
    assert (response.status_code, response.headers["accept-encoding"]) == (415, "identity")
    assert post(api, headers={"Content-Encoding": "Identity"}).status_code == 200


def test_null_parameters_count_as_omitted(api: Api) -> None:
    body = {**QUERY, "variables": None, "operationName": None, "extensions": None}
    assert post(api, json.dumps(body).encode()).json()["data"] == {"__typename": "Query"}


def test_a_body_over_the_limit_is_refused(serve: Callable[..., Api]) -> None:
    api = serve(max_request_bytes=100)
    short = json.dumps(QUERY).encode().ljust(100)
    assert post(api, short).status_code == 200
    for headers in ({}, {"Content-Length": "9" * 5_000}, {"Content-Length": "1, 2"}):
        response = post(api, short + b" ", headers=headers)
        assert (response.status_code, code(response)) == (413, "BAD_USER_INPUT")


def test_a_content_length_over_the_limit_is_refused_at_once(serve: Callable[..., Api]) -> None:
    response = post(serve(max_request_bytes=100), b"{", headers={"Content-Length": "101"})
    assert (response.status_code, response.headers["connection"]) == (413, "close")


def test_graphiql_is_served_to_browsers_only(api: Api) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    response = api.request("GET", headers=browser)
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "unpkg" not in response.text
    assert "content-security-policy" in response.headers
    assert get(api, {"Accept": "*/*"}, query="{ __typename }").json()["data"] == {"__typename": "Query"}


def test_graphiql_can_be_disabled(serve: Callable[..., Api]) -> None:
    response = serve(graphiql=False).request("GET", headers={"Accept": "text/html"})
    assert response.status_code == 406


def test_introspection_can_be_disabled(serve: Callable[..., Api]) -> None:
    api = serve(introspection=False)
    assert set(api.codes("{ __schema { types { name } } }")) == {"GRAPHQL_VALIDATION_FAILED"}
    for document in ("{ viewr { role } }", "{ viewer { role(x: 1) } }", "mutation { createSessio }"):
        assert "Did you mean" not in json.dumps(api.query(document))
    assert api.data("{ __typename }") == {"__typename": "Query"}


def test_cors_allows_listed_origins_only(serve: Callable[..., Api], api: Api) -> None:
    headers = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    assert "access-control-allow-origin" not in api.request("OPTIONS", headers=headers).headers
    assert "access-control-allow-origin" not in post(api, headers=headers).headers
    opened = serve(cors_origins=("https://shop.example",))
    assert opened.request("OPTIONS", headers=headers).headers["access-control-allow-origin"] == "https://shop.example"
    assert post(opened, headers=headers).headers["access-control-allow-origin"] == "https://shop.example"
    other = {**headers, "Origin": "https://other.example"}
    assert "access-control-allow-origin" not in post(opened, headers=other).headers


def test_cors_lets_a_page_of_a_listed_origin_send_the_headers_that_it_asks_for(serve: Callable[..., Api]) -> None:
    asked = "authorization, content-type, traceparent, apollographql-client-name"
    headers = {
        "Origin": "https://shop.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": asked,
    }
    opened = serve(cors_origins=("https://shop.example",))

    response = opened.request("OPTIONS", headers=headers)
    assert (response.status_code, response.headers["access-control-allow-headers"]) == (200, asked)

    other = opened.request("OPTIONS", headers={**headers, "Origin": "https://other.example"})
    assert other.status_code == 400
    assert "access-control-allow-origin" not in other.headers


def test_health_and_readiness_are_reported(api: Api) -> None:
    for path in ("/healthz", "/readyz"):
        response = api.request("GET", path)
        assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_a_server_whose_database_fails_is_not_ready(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*arguments: Any) -> Any:
        raise OSError("disk on fire")

    monkeypatch.setattr(api.database, "query", fail)
    response = api.request("GET", "/readyz")
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert "fire" not in response.text
    assert api.request("GET", "/healthz").status_code == 200


@pytest.mark.parametrize("path", ["/nothing", "/graphql/", "/graphiql/../app.py", "/graphiql/%2e%2e/app.py"])
def test_other_paths_are_not_found(api: Api, path: str) -> None:
    assert api.request("GET", path).status_code in (307, 404)
