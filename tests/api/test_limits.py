"""Limits: what is too much is refused, soon; what fails within is not shown."""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from served import Api


@pytest.fixture(scope="module")
def api(shared_api: Api) -> Api:
    """The API with nothing in it."""
    return shared_api


def test_a_document_is_measured_with_its_fragments_spread(serve: Callable[..., Api]) -> None:
    few = {"max_depth": 3, "max_aliases": 3, "max_directives": 2, "max_root_fields": 2, "max_fields": 7}
    api = serve(**few, max_operations=2, max_tokens=100, max_document_length=1_200)
    within = "{ viewer { application { id } } }"
    assert api.codes(within) == []
    for document, problem in {
        '{ customerSession(integrationId: "") { events { nodes { id } } } }': "nests fields: 4",
        """{ customerSession(integrationId: "") { ...F } }
           fragment F on CustomerSession { events { nodes { id } } }""": "nests fields: 4",
        "{ viewer { a: role b: role c: role d: role } }": "aliases: 4",
        "{ viewer { ...F ...F } } fragment F on Viewer { a: role b: role }": "aliases: 4",
        "{ viewer @skip(if: true) @include(if: true) { ... @skip(if: true) { role } } }": "directives: 3",
        "{ viewer { role } ... { __typename ...F } } fragment F on Query { t: __typename }": "root fields: 3",
        "query @skip(if: true) { viewer @skip(if: true) @include(if: true) { role } }": "directives: 3",
        "{ viewer { ...F ...F ...F ...F } } fragment F on Viewer { role keyName }": "fields: 9",
        "query A { __typename } query B { __typename } query C { __typename }": "operations: 3",
        "{" + " __typename" * 100 + "}": "100 tokens",
        "\n" * 100 + "{ __typename }": "lines: 101",
        "{ __typename }".rjust(1_201): "characters: 1201",
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
def test_a_document_that_is_too_much_is_over_a_limit_or_not_valid(api: Api, document: str) -> None:
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
def test_a_document_that_cannot_be_run_says_why(api: Api, document: str, expected: str) -> None:
    assert set(api.codes(document)) == {expected}


def test_pages_within_pages_multiply_and_are_limited(api: Api) -> None:
    document = """query($n: Int) { customerSessions(first: $n) { nodes { events(first: $n) { nodes { id } } } } }"""
    assert api.codes(document, {"n": 10}) == []
    assert api.codes(document, {"n": 100}) == ["LIMIT_EXCEEDED"]


@pytest.mark.parametrize(
    ("document", "cost"),
    [
        ("{ __typename }", 0),
        ("{ __schema { queryType { name } } }", 0),
        ("{ viewer { role limits { maxCost } } }", 2),
        ("{ customerSessions(first: 7) { nodes { id cartItems { sku } } } }", 14),
        ("{ a: customerSessions(first: 7) { totalCount nodes { id } } }", 27),
        ("{ customerSessions(first: 0) { totalCount } }", 20),
        ("{ customerProfiles(first: 7) { nodes { sessions(first: 5) { totalCount } } } }", 147),
        ("{ customerSessions(first: 7) { edges { cursor } } }", 7),
        ("{ customerSessions(first: 7) { edges { cursor node { id } } edges { node { state } } } }", 7),
        ("{ customerSessions(first: 7, filter: {states: [OPEN]}) { edges { node { id } } } }", 27),
        ('{ customerProfile(integrationId: "ada") { totalSales } }', 21),
        ('mutation { createSession(input: {integrationId: ""}) { session { id cartItems { sku } } } }', 22),
    ],
)
def test_an_answer_says_what_it_cost(api: Api, document: str, cost: int) -> None:
    assert api.query(document)["extensions"] == {"cost": {"requested": cost, "maximum": 10_000}}


def test_a_mutation_that_would_cost_too_much_changes_nothing(serve: Callable[..., Api]) -> None:
    api = serve(max_cost=100)
    before = api.everything()
    create = 'mutation($n: Int) { createSession(input: {integrationId: "s1"}) { session { %s } } }'
    payload = "events(first: $n) { nodes { id session { id } } }"
    for n, code in ((90, "LIMIT_EXCEEDED"), (101, "BAD_USER_INPUT")):
        answer = api.query(create % payload, {"n": n})
        assert [error["extensions"]["code"] for error in answer["errors"]] == [code]
        assert "data" not in answer
        assert api.everything() == before
    assert api.codes(create % payload, {"n": 10}) == []


def test_what_costs_too_much_is_not_compiled(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphql_api.execution.document.Compiler.whole", None)
    document = "{ customerSessions(first: 100) { nodes { events(first: 100) { nodes { id } } } } }"
    assert api.codes(document) == ["LIMIT_EXCEEDED"]


def test_the_limits_can_be_read(serve: Callable[..., Api]) -> None:
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
        "maxOperations": 20,
        "maxTokens": 2_000,
        "maxDocumentLength": 20_000,
        "maxCost": 8,
        "maxRequestBytes": 1_048_576,
        "maxCartItems": 1_000,
        "maxCartUnits": 10_000,
        "maxIdentifiers": 5,
    }


def test_what_fails_within_is_masked_and_told_in_the_log(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*arguments: Any) -> Any:
        raise OSError("disk on fire")

    monkeypatch.setattr(api.database, "read", fail)
    with caplog.at_level(logging.ERROR, "cartograph"):
        answer = api.query("{ applications { totalCount } }")
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert error["path"] == ["applications"]
    assert "fire" not in json.dumps(answer)
    (record,) = [record for record in caplog.records if error["extensions"]["id"] in record.getMessage()]
    assert record.exc_info
    assert str(record.exc_info[1]) == "disk on fire"


def test_what_is_not_done_in_time_is_cut_off(serve: Callable[..., Api], monkeypatch: pytest.MonkeyPatch) -> None:
    api = serve(deadline_seconds=0.05)

    async def never(*arguments: Any) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(api.database, "read", never)
    assert api.codes("{ applications { totalCount } }") == ["TIMEOUT"]
