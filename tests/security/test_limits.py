"""Limits of documents, their costs, the deadline, and the masking of internal errors."""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from api_server import Api


@pytest.fixture(scope="module")
def api(shared_api: Api) -> Api:
    """The API without data."""
    return shared_api


def test_document_over_a_limit_is_refused_with_its_measure(serve: Callable[..., Api]) -> None:
    few = {"max_depth": 3, "max_aliases": 3, "max_directives": 2, "max_root_fields": 2, "max_fields": 7}
    api = serve(**few, max_operations=2, max_tokens=100, max_document_length=1_200)
    allowed = "{ viewer { application { id } } }"
    assert api.codes(allowed) == []
    for document, problem in {
        '{ customerSession(integrationId: "") { events { nodes { id } } } }': "4 levels of fields",
        """{ customerSession(integrationId: "") { ...F } }
           fragment F on CustomerSession { events { nodes { id } } }""": "4 levels of fields",
        "{ viewer { a: role b: role c: role d: role } }": "4 aliases",
        "{ viewer { ...F ...F } } fragment F on Viewer { a: role b: role }": "4 aliases",
        "{ viewer @skip(if: true) @include(if: true) { ... @skip(if: true) { role } } }": "3 directives",
        "{ viewer { role } ... { __typename ...F } } fragment F on Query { t: __typename }": "3 root fields",
        "query @skip(if: true) { viewer @skip(if: true) @include(if: true) { role } }": "3 directives",
        "{ viewer { ...F ...F ...F ...F } } fragment F on Viewer { role keyName }": "9 fields",
        "query A { __typename } query B { __typename } query C { __typename }": "3 operations",
        "{" + " __typename" * 100 + "}": "100 tokens",
        "\n" * 100 + "{ __typename }": "101 lines",
        "{ __typename }".rjust(1_201): "1201 characters",
    }.items():
        (error,) = api.query(document)["errors"]
        assert error["extensions"]["code"] == "LIMIT_EXCEEDED"
        assert problem in error["message"]


@pytest.mark.parametrize(
    "document",
    [
        "#\n" * 1_001 + "{ __typename }",
        "{" + "a{" * 900 + "a" + "}" * 901,
        "{ node(id: " + "[" * 1_500,
        "query($a: " + "[" * 1_500,
        "{" + "...{" * 600 + "__typename" + "}" * 601,
        "{...F0}" + "".join(f"fragment F{i} on Query{{...F{i + 1}}}" for i in range(230)) + "fragment F230 on Query{a}",
    ],
)
def test_deep_or_long_document_is_refused(api: Api, document: str) -> None:
    assert api.codes(document)[0] in ("LIMIT_EXCEEDED", "GRAPHQL_VALIDATION_FAILED")


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ ...A } fragment A on Query { ...A }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ ...Nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ }", "GRAPHQL_PARSE_FAILED"),
        ("{ viewer { } }", "GRAPHQL_PARSE_FAILED"),
        ("", "GRAPHQL_PARSE_FAILED"),
        ("\0", "GRAPHQL_PARSE_FAILED"),
        ('{ customerSession(integrationId: "\\uD800") { id } }', "GRAPHQL_PARSE_FAILED"),
        ('{ customerSession(integrationId: "\\u{D800}") { id } }', "GRAPHQL_PARSE_FAILED"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
def test_invalid_document_has_error_code(api: Api, document: str, expected: str) -> None:
    assert set(api.codes(document)) == {expected}


def test_cost_of_nested_pages_multiplies(api: Api) -> None:
    document = """query($n: Int) { customerSessions(first: $n) { nodes { events(first: $n) { nodes { id } } } } }"""
    assert api.codes(document, {"n": 10}) == []
    assert api.codes(document, {"n": 100}) == ["LIMIT_EXCEEDED"]


@pytest.mark.parametrize(
    ("document", "cost"),
    [
        ("{ __typename }", 0),
        ("{ __schema { queryType { name } } }", 1),
        ("{ viewer { role limits { maxCost } } }", 2),
        ("{ customerSessions(first: 7) { nodes { id cartItems { sku } } } }", 14),
        ("{ a: customerSessions(first: 7) { totalCount nodes { id } } }", 27),
        ("{ customerSessions(first: 0) { totalCount } }", 20),
        ("{ customerProfiles(first: 7) { nodes { sessions(first: 5) { totalCount } } } }", 147),
        ("{ customerSessions(first: 7) { edges { cursor } } }", 7),
        ("{ customerSessions(first: 7) { edges { cursor node { id } } edges { node { state } } } }", 7),
        ("{ customerSessions(first: 7, filter: {states: [OPEN]}) { edges { node { id } } } }", 27),
        ('{ customerProfile(integrationId: "ada") { totalSales } }', 1),
        ('mutation { createSession(input: {integrationId: ""}) { session { id cartItems { sku } } } }', 22),
    ],
)
def test_cost_is_in_extensions(api: Api, document: str, cost: int) -> None:
    assert api.query(document)["extensions"] == {"cost": {"requested": cost, "maximum": 10_000}}


def test_mutation_over_max_cost_changes_nothing(serve: Callable[..., Api]) -> None:
    api = serve(max_cost=100)
    before = api.all_rows()
    create = 'mutation($n: Int) { createSession(input: {integrationId: "s1"}) { session { %s } } }'
    payload = "events(first: $n) { nodes { id session { id } } }"
    for n, code in ((90, "LIMIT_EXCEEDED"), (101, "BAD_USER_INPUT")):
        answer = api.query(create % payload, {"n": n})
        assert [error["extensions"]["code"] for error in answer["errors"]] == [code]
        assert "data" not in answer
        assert api.all_rows() == before
    assert api.codes(create % payload, {"n": 10}) == []


def test_operation_over_max_cost_is_not_compiled(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphql_api.execution.document.Compiler.operation", None)
    document = "{ customerSessions(first: 100) { nodes { events(first: 100) { nodes { id } } } } }"
    assert api.codes(document) == ["LIMIT_EXCEEDED"]


def test_viewer_reads_the_limits(serve: Callable[..., Api]) -> None:
    document = """{ viewer { limits { maxPageSize maxDepth maxAliases maxDirectives maxRootFields maxFields
      maxOperations maxTokens maxDocumentLength maxCost maxRequestBytes
      maxCartItems maxCartUnits maxIdentifiers } } }"""
    assert serve(max_depth=7, max_cost=8).data(document)["viewer"]["limits"] == {
        "maxPageSize": 100,
        "maxDepth": 7,
        "maxAliases": 100,
        "maxDirectives": 50,
        "maxRootFields": 100,
        "maxFields": 2_000,
        "maxOperations": 10,
        "maxTokens": 2_000,
        "maxDocumentLength": 20_000,
        "maxCost": 8,
        "maxRequestBytes": 1_048_576,
        "maxCartItems": 1_000,
        "maxCartUnits": 10_000,
        "maxIdentifiers": 5,
    }


def test_internal_error_is_masked_and_logged(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*arguments: Any) -> Any:
        raise OSError("disk on fire")

    monkeypatch.setattr(api.database, "read", fail)
    with caplog.at_level(logging.ERROR, "cartograph"):
        answer = api.query("{ applications { totalCount } }")
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert "data" not in answer
    assert "fire" not in json.dumps(answer)
    (record,) = [record for record in caplog.records if error["extensions"]["id"] in record.getMessage()]
    assert record.exc_info
    assert str(record.exc_info[1]) == "disk on fire"


def test_operation_past_its_deadline_times_out(serve: Callable[..., Api], monkeypatch: pytest.MonkeyPatch) -> None:
    api = serve(deadline_seconds=0.05)

    async def never(*arguments: Any) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(api.database, "read", never)
    assert api.codes("{ applications { totalCount } }") == ["TIMEOUT"]
