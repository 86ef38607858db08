"""Validation finds what graphql-core's own finds: its rules are the same, the walk is another."""

import re
from contextlib import suppress

import pytest
from attacks import ATTACKS
from graphql import DocumentNode, GraphQLSyntaxError, parse
from graphql import validate as validate_by_graphql_core
from hypothesis import given
from hypothesis import strategies as st

from graphql_api.schema import schema
from graphql_api.security.validation import ENOUGH, MAX_ERRORS, RULES, TOO_MUCH_WORK, validate

DOCUMENTS = (
    "query A($id: ID!, $first: Int = 2) { node(id: $id) { __typename ... on CustomerSession { ...S @skip(if: true) } }"
    " customerSessions(first: $first, filter: {states: [OPEN]}) { totalCount nodes { ...S } } }"
    " fragment S on CustomerSession { id total cartItems { sku quantity } events(first: 1) { nodes { version } } }",
    "mutation B($input: CreateSessionInput!, $if: Boolean!) { createSession(input: $input) { session { id state }"
    " errors { __typename message path } replayed @include(if: $if) } }",
    'subscription C { customerSessionChanged(integrationId: "a") { session { id } } } query D { viewer { role } }',
    "{ a: viewer { role } b: viewer { ...F ...G } } fragment F on Viewer { ...G } fragment G on Viewer { role }",
    '{ __schema { types { name fields { name type { name } } } } __type(name: "Viewer") { kind } }',
    "query E($a: [ID!]!, $f: CustomerSessionFilter) { nodes(ids: $a) { id }"
    " customerSessions(filter: $f) { totalCount } }",
)
TOKEN = re.compile(r'"[^"]*"|\.\.\.|\w+|[^\w\s,]')
TOKENS = sorted({token for document in DOCUMENTS for token in TOKEN.findall(document)} | {"$b", "nil", "@nil", "0.5"})

changes = st.tuples(st.integers(0, 200), st.sampled_from(["drop", "repeat", "put"]), st.sampled_from(TOKENS))


def messages(document: DocumentNode, hide_suggestions: bool = False) -> tuple[set[str], set[str]]:
    """What we find, and what graphql-core does."""
    ours = validate(schema._schema, document, RULES, hide_suggestions)
    theirs = validate_by_graphql_core(
        schema._schema, document, None, 10_000, hide_suggestions, allow_empty_selection_sets=False
    )
    if ours and ours[-1].message == ENOUGH:  # there may be more, which nobody looked for
        found = {each.message for each in ours}
        theirs = [*(each for each in theirs if each.message in found), ours[-1]]
    return {each.message for each in ours}, {each.message for each in theirs}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_documents_that_are_changed_below_are_valid(document: str) -> None:
    assert messages(parse(document)) == (set(), set())


@given(st.sampled_from(DOCUMENTS), st.lists(changes, max_size=3), st.booleans())
def test_what_is_wrong_with_a_document_is_found(document: str, made: list[tuple[int, str, str]], hide: bool) -> None:
    tokens = TOKEN.findall(document)
    for place, what, token in made:
        at = place % len(tokens)
        tokens[at : at + 1] = {"drop": [], "repeat": [tokens[at]] * 2, "put": [token]}[what]
    try:
        changed = parse(" ".join(tokens))
    except GraphQLSyntaxError:
        return
    ours, theirs = messages(changed, hide)
    assert ours == theirs


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_wrong_with_an_attack_is_found(attack: str) -> None:
    with suppress(GraphQLSyntaxError):
        ours, theirs = messages(parse(ATTACKS[attack](4)))
        assert ours == theirs


def test_no_more_errors_are_looked_for_than_anyone_reads() -> None:
    document = parse("{" + "".join(f"a{each} " for each in range(50)) + "}")
    *errors, last = validate(schema._schema, document, RULES, hide_suggestions=True)
    assert len(errors) == MAX_ERRORS
    assert last.message == ENOUGH


def test_a_wrong_value_that_fills_a_page_is_told_once() -> None:
    value = "{" + "".join(f"wrong{each}: 1 " for each in range(200)) + "}"
    document = parse("{ customerSessions(filter: " + value + ") { totalCount } }")
    errors = validate(schema._schema, document, RULES, hide_suggestions=True)
    assert len(errors) == 2


@pytest.mark.parametrize(
    "document",
    [
        "{ viewer {" + "role " * 200 + "} }",
        "{ viewer { ...F0 } }"
        + "".join(f"fragment F{each} on Viewer {{ ...F{each + 1} }}" for each in range(5_000))
        + "fragment F5000 on Viewer { role }",
    ],
)
def test_what_would_be_too_much_work_is_given_up(document: str) -> None:
    assert validate(schema._schema, parse(document), RULES, hide_suggestions=True)[0].message == TOO_MUCH_WORK


@pytest.mark.parametrize(
    ("document", "column"),
    [
        ('{ customerSessions(filter: {created: {from: "today"}}) { totalCount } }', 45),
        ("{ customerSessions(filter: {total: {min: 1.5}}) { totalCount } }", 42),
        ('mutation { createSession(input: {integrationId: "a", attributes: 7}) { replayed } }', 66),
    ],
)
def test_a_wrong_scalar_is_said_to_be_where_it_is(document: str, column: int) -> None:
    (error,) = validate(schema._schema, parse(document), RULES, hide_suggestions=True)
    assert error.locations == [(1, column)]
