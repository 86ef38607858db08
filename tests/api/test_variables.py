"""Variables are coerced exactly as graphql-core does it."""

from typing import Any

import pytest
from api_server import settings_for
from graphql import GraphQLError, get_variable_values, parse
from graphql.execution.values import VariableValues

from graphql_api.errors import OperationFailed
from graphql_api.execution.document import Document
from graphql_api.execution.run import coerce_variables
from graphql_api.schema import schema

DOCUMENT = """
query($text: String, $name: String!, $first: Int = 3, $none: Int = null, $names: [String!],
    $filter: CustomerSessionFilter) {
    __typename
}"""


@pytest.fixture
def document() -> Document:
    return Document.of(schema._schema, parse(DOCUMENT))


def by_graphql_core(document: Document, given: dict[str, Any]) -> VariableValues | list[GraphQLError]:
    """Return what graphql-core makes of the variables."""
    definitions = document.operations[0].variable_definitions or ()
    return get_variable_values(document.schema, definitions, given, hide_suggestions=True)


@pytest.mark.parametrize(
    "given",
    [
        {"name": "a"},
        {"name": "a", "text": None, "first": None, "none": 1, "unknown": 1},
        {"name": "a", "text": "", "first": 7.0, "names": "a"},
        {"name": "a", "names": ["a", "b"], "filter": {"skus": "a", "profileIds": None}},
    ],
)
def test_variables_have_the_values_of_graphql_core(document: Document, given: dict[str, Any]) -> None:
    values = coerce_variables(document, settings_for("sqlite://"), document.operations[0], given)
    expected = by_graphql_core(document, given)
    assert isinstance(expected, VariableValues)
    assert values.coerced == expected.coerced
    assert [(name, source.value) for name, source in values.sources.items()] == [
        (name, source.value) for name, source in expected.sources.items()
    ]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"name": None},
        {"name": 1},
        {"name": ["a"]},
        {"name": "a", "first": "7"},
        {"name": "a", "names": ["a", None]},
        {"name": "a", "filter": {"none": 1}},
    ],
)
def test_variables_have_the_errors_of_graphql_core(document: Document, given: dict[str, Any]) -> None:
    with pytest.raises(OperationFailed) as failed:
        coerce_variables(document, settings_for("sqlite://"), document.operations[0], given)
    assert [str(error) for error in failed.value.errors] == list(map(str, by_graphql_core(document, given)))
