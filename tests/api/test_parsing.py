"""Parsing reads what graphql-core's own parser reads, and says the same of what it cannot read."""

from collections.abc import Callable

import pytest
from attacks import ATTACKS
from graphql import DocumentNode, GraphQLSyntaxError, ast_to_dict
from graphql import parse as parse_by_graphql_core
from hypothesis import given
from hypothesis import strategies as st
from test_validation import DOCUMENTS

from graphql_api.security.parsing import MAX_COMMENTS, parse

FEW = 40  # tokens
# What has a meaning, and what is at the border of having one.
LEXEMES = (
    *("{", "}", "(", ")", "[", "]", ":", "=", "!", "$", "@", "|", "&", "...", "..", "."),
    *("a", "on", "query", "mutation", "fragment", "true", "null", "type", "extend", "_b1", "é"),
    *("0", "-1", "007", "1.5", "1e3", "-", "12a", "3.", "4_", "+1"),
    *('""', '"x y"', '"\\n\\"\\\\\\/"', '"\\u0041"', '"\\u{1F600}"', '"\\uD800"', '"\\x"', '"é"'),
    *('"a\tb"', '"un', '"a\nb"'),
    *('"""block\n  of "two" lines\\""""', '""""""', '"""', "'"),
    *("#", "# so\n", "#\r", " ", ",", "\n", "\r\n", "\r", "\t", "\ufeff", "\0", "\u2028", "\ud800", "\x7f"),
)
SOUPS = st.lists(st.sampled_from([*LEXEMES, *DOCUMENTS]) | st.text(max_size=3), max_size=20).map("".join)


def read(parser: Callable[[str, int], DocumentNode], source: str, most: int) -> object:
    """What a parser makes of a text: nodes with their places in it, or an error with its own."""
    try:
        return ast_to_dict(parser(source, most), locations=True)
    except GraphQLSyntaxError as error:
        return error.message, error.positions, error.locations


def by_graphql_core(source: str, most: int) -> DocumentNode:
    """As graphql-core reads it."""
    return parse_by_graphql_core(
        source, max_lexical_tokens=most, max_comments=MAX_COMMENTS, allow_empty_selection_sets=False
    )


@given(SOUPS, st.sampled_from([FEW, 2_000]))
def test_any_text_is_read_as_graphql_core_reads_it(source: str, most: int) -> None:
    assert read(parse, source, most) == read(by_graphql_core, source, most)


@given(st.sampled_from(DOCUMENTS), st.integers(0, 300), st.sampled_from(LEXEMES), st.integers(0, 3))
def test_a_document_that_is_nearly_right_is_read_as_graphql_core_reads_it(
    document: str, place: int, put: str, dropped: int
) -> None:
    source = document[:place] + put + document[place + dropped :]
    assert read(parse, source, 2_000) == read(by_graphql_core, source, 2_000)


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("size", [3, 1_500])
def test_an_attack_is_read_as_graphql_core_reads_it(attack: str, size: int) -> None:
    source = ATTACKS[attack](size)
    assert read(parse, source, 2_000) == read(by_graphql_core, source, 2_000)
