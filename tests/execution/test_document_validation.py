"""Errors of documents: their codes, locations and number, and the limit of the work that validation does."""

import gc
from typing import Any

import pytest
from api_server import Api, settings_for
from graphql import Source, get_introspection_query

from graphql_api.execution.document_validation import InvalidDocument, parse_and_validate
from graphql_api.schema import schema


@pytest.fixture(scope="module")
def api(shared_api: Api) -> Api:
    """The API without data."""
    return shared_api


def errors(document: str, **settings: Any) -> list[dict[str, Any]]:
    """Return the errors of a document, as a client gets them."""
    with pytest.raises(InvalidDocument) as invalid:
        parse_and_validate(document, schema._schema, settings_for("sqlite+aiosqlite:///unused.db", **settings))
    return [dict(error.formatted) for error in invalid.value.errors]


VALID = (
    "query A($id: ID!, $first: Int = 2) { node(id: $id) { __typename ... on CustomerSession { ...S @skip(if: true) } }"
    " customerSessions(first: $first, filter: {states: [OPEN]}) { totalCount nodes { ...S } } }"
    " fragment S on CustomerSession { id total cartItems { sku quantity } events(first: 1) { nodes { version } } }",
    "mutation B($input: CreateSessionInput!, $if: Boolean!) { createSession(input: $input) { session { id state }"
    " errors { __typename message path } replayed @include(if: $if) } }",
    'subscription C { customerSessionChanged(integrationId: "a") { session { id } } } query D { viewer { role } }',
    "{ a: viewer { role } b: viewer { ...F ...G } } fragment F on Viewer { ...G } fragment G on Viewer { role }",
    "query E($a: [ID!]!, $f: CustomerSessionFilter) { nodes(ids: $a) { id }"
    " customerSessions(filter: $f) { totalCount } }",
    f"query F({', '.join(f'$i{each}: String!' for each in range(100))}) {{"
    + " ".join(
        f"a{each}: customerSession(integrationId: $i{each}) {{ integrationId state total }}" for each in range(100)
    )
    + "}",
    get_introspection_query(
        specified_by_url=True,
        directive_is_repeatable=True,
        schema_description=True,
        input_value_deprecation=True,
        one_of=True,
    ),
)


@pytest.mark.parametrize("document", VALID)
def test_valid_document_is_within_default_limits(document: str) -> None:
    parse_and_validate(document, schema._schema, settings_for("sqlite+aiosqlite:///unused.db"))


@pytest.mark.parametrize(
    ("document", "line", "column"),
    [
        ("{ viewer { } }", 1, 12),
        ("{\r\n  viewer {\r\n    role\r\n", 4, 1),
        ('{\n  node(id: "\\x") { id }\n}', 2, 13),
        ("# \u2028 comment\r{ viewer { role } ] }", 2, 19),
        ('{ node(id: """\n\n""" 7) { id } }', 3, 5),
    ],
)
def test_syntax_error_has_code_and_location(document: str, line: int, column: int) -> None:
    (error,) = errors(document)
    assert error["extensions"] == {"code": "GRAPHQL_PARSE_FAILED"}
    assert error["locations"] == [{"line": line, "column": column}]


@pytest.mark.parametrize(
    ("document", "line", "column"),
    [
        ("{\n  viewer {\r\n    rule\n  }\n}", 3, 5),
        ('{ customerSessions(filter: {created: {from: "today"}}) { totalCount } }', 1, 45),
        ("{ customerSessions(filter: {total: {min: 1.5}}) { totalCount } }", 1, 42),
        ('mutation { createSession(input: {integrationId: "a", attributes: 7}) { replayed } }', 1, 66),
    ],
)
def test_validation_error_has_code_and_location(document: str, line: int, column: int) -> None:
    (error,) = errors(document)
    assert error["extensions"] == {"code": "GRAPHQL_VALIDATION_FAILED"}
    assert error["locations"] == [{"line": line, "column": column}]


def test_validation_stops_after_five_errors() -> None:
    *first, last = errors("{" + "".join(f"a{each} " for each in range(50)) + "}")
    assert len(first) == 5
    assert last["message"] == "Too many validation errors, error limit reached. Validation aborted."
    assert {error["extensions"]["code"] for error in (*first, last)} == {"GRAPHQL_VALIDATION_FAILED"}


def test_message_does_not_repeat_a_long_value_in_full() -> None:
    value = "{" + "".join(f"wrong{each}: 1 " for each in range(200)) + "}"
    found = errors("{ customerSessions(filter: " + value + ") { totalCount } }")
    assert max(len(error["message"]) for error in found) == 1_000


@pytest.mark.parametrize(
    "document",
    [
        "{ viewer {" + "role " * 200 + "} }",
        "{ viewer {"
        + "".join(f"...F{each} " for each in range(100))
        + "} }"
        + "".join(f"fragment F{each} on Viewer {{ role }}" for each in range(100)),
        "{ viewer { ...F0 } }"
        + "".join(f"fragment F{each} on Viewer {{ ...F{each + 1} }}" for each in range(200))
        + "fragment F200 on Viewer { role }",
    ],
)
def test_document_that_is_too_much_work_to_validate_exceeds_a_limit(document: str) -> None:
    (error,) = errors(document)
    assert error["extensions"] == {"code": "LIMIT_EXCEEDED"}


@pytest.mark.parametrize("settings", [{"dev": True}, {}, {"dev": True, "introspection": False}])
def test_names_are_suggested_only_in_development(settings: dict[str, Any]) -> None:
    (error,) = errors("{ viewer { rol } }", **settings)
    assert ("Did you mean 'role'?" in error["message"]) == (settings == {"dev": True})


@pytest.mark.parametrize("variables", [{"input": {"integrationI": "x"}}, {"input": {"state": "OPE"}}])
def test_names_are_not_suggested_for_variables(api: Api, variables: dict[str, Any]) -> None:
    answer = api.query("mutation($input: CreateSessionInput!) { createSession(input: $input) { replayed } }", variables)
    assert not any("Did you mean" in error["message"] for error in answer["errors"])


@pytest.mark.parametrize("document", ["{ viewer { rule } } # 1", "{ viewer { role } # 2", "{ viewer { role } } ] # 3"])
def test_refused_document_is_released_after_the_answer(api: Api, document: str) -> None:
    assert api.codes(document)
    gc.collect()
    assert not [each for each in gc.get_objects() if isinstance(each, Source) and each.body == document]
