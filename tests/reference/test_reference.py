"""Whatever is asked, the compiled reads answer what the slow reader answers."""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from api_server import Api
from crowded import VIEWERS, Crowded
from documents import request
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st
from reader import answer as answer_of
from stores import Store

from db.tables import Row
from graphql_api.errors import BadUserInput, LimitExceeded, OperationFailed
from graphql_api.execution.executor import execute_fields
from graphql_api.execution.run import run_query
from graphql_api.security.viewer import TokenPermissions, TokenRights

randoms = st.randoms(use_true_random=False)


@pytest.fixture(scope="module")
def crowded(store: Store, seeded: tuple[str, dict[str, str]]) -> Iterator[Crowded]:
    """Four applications full of sessions, behind limits that no document of these tests comes near."""
    url = store.copy(seeded[0])
    limits = {
        "max_aliases": 10_000,
        "max_directives": 10_000,
        "max_tokens": 100_000,
        "max_document_length": 10**6,
        "max_fields": 10**6,
        "max_cost": 10**9,
    }
    with asyncio.Runner() as runner, Api(runner, url, seeded[1], **limits) as api:
        yield Crowded(api)
    store.release(url)


@settings(max_examples=150)
@given(random=randoms)
def test_any_query_answers_what_the_slow_reader_answers(crowded: Crowded, random: Random) -> None:
    asked = request(random, crowded.facts)
    answer = crowded.post(asked)
    expected = answer_of(crowded.world, asked.document, asked.variables, asked.operation_name, VIEWERS[asked.key])
    errors = answer.get("errors", ())
    codes = {(error.extensions or {}).get("code") for error in expected.errors or ()}
    assert {error["extensions"]["code"] for error in errors} == codes
    assert answer["data"] == expected.data
    assert text(answer["data"]) == text(expected.data), "the keys stand in another order"


@settings(max_examples=50)
@given(random=randoms)
def test_a_query_answers_the_same_as_a_whole_and_field_by_field(crowded: Crowded, random: Random) -> None:
    asked = request(random, crowded.facts)
    field_by_field = crowded.run(execute_fields, asked)
    assume(not field_by_field["codes"])
    assert crowded.run(run_query, asked) == field_by_field


@settings(max_examples=100)
@given(random=randoms)
def test_cached_cost_formula_serves_other_variables(crowded: Crowded, random: Random) -> None:
    asked = request(random, crowded.facts)
    try:
        crowded.costs(asked)
        others = {
            name: not value if isinstance(value, bool) else None if random.random() < 0.3 else value
            for name, value in asked.variables.items()
        }
        cached, new = crowded.costs(replace(asked, variables=others))
    except (BadUserInput, LimitExceeded, OperationFailed):
        reject()
    assert cached == new


TABLE = re.compile(rf"(?:FROM|JOIN|,)\s+({'|'.join(Row.metadata.tables)})\s")
NARROWED = re.compile(
    r"FROM (\w+)\s+WHERE (?:0 = 1|false|(?:\1\.application_id = \S+"
    r" AND (?:customer_session\.id|\1\.session_id)|application\.application_id) = \S+)\) AS t\d"
)


@settings(max_examples=100)
@given(random=randoms)
def test_whatever_a_session_token_asks_every_table_is_read_for_its_session_alone(
    crowded: Crowded, random: Random
) -> None:
    try:
        statement = crowded.statement(request(random, crowded.facts), TokenPermissions(1, TokenRights.READ))
    except (BadUserInput, LimitExceeded, OperationFailed):
        reject()
    for each in TABLE.finditer(statement):
        assert NARROWED.match(statement, each.start()), statement


def text(data: Any) -> str:
    """The JSON of an answer."""
    return json.dumps(data, default=str)


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("customerSessions(applicationId: 2) { __typename }", "FORBIDDEN"),
        ("customerProfiles(applicationId: 2, last: 4) { pageInfo { __typename } }", "FORBIDDEN"),
        ("customerSessions(first: -1) { totalCount }", "BAD_USER_INPUT"),
        ('customerProfiles(after: "made by hand") { totalCount }', "BAD_USER_INPUT"),
    ],
)
def test_arguments_are_looked_at_even_where_nothing_is_selected_that_needs_them(
    api: Api, field: str, code: str
) -> None:
    assert api.codes(f"{{ {field} }}", key="reader") == [code]
