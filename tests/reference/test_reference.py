"""Compiled reads return what the reference implementation returns, for random documents."""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from api_server import Api
from compared_api import VIEWERS, ComparedApi
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st
from random_documents import QueryRequest, request
from reference_resolver import answer as answer_of
from stores import Store

from db.tables import Row
from graphql_api.errors import BadUserInput, LimitExceeded, OperationFailed
from graphql_api.execution.executor import execute_fields
from graphql_api.execution.run import run_query
from graphql_api.security.viewer import TokenPermissions, TokenRights

randoms = st.randoms(use_true_random=False)


@pytest.fixture(scope="module")
def compared(store: Store, seeded: tuple[str, dict[str, str]]) -> Iterator[ComparedApi]:
    """Four applications with sessions, and limits that the random documents do not exceed."""
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
        yield ComparedApi(api)
    store.release(url)


@settings(max_examples=150)
@given(random=randoms)
def test_compiled_query_equals_the_reference(compared: ComparedApi, random: Random) -> None:
    asked = request(random, compared.known_values)
    answer = compared.post(asked)
    expected = answer_of(compared.dataset, asked.document, asked.variables, asked.operation_name, VIEWERS[asked.key])
    errors = answer.get("errors", ())
    codes = {(error.extensions or {}).get("code") for error in expected.errors or ()}
    assert {error["extensions"]["code"] for error in errors} == codes
    assert answer["data"] == expected.data
    assert text(answer["data"]) == text(expected.data), "the keys stand in another order"


@settings(max_examples=50)
@given(random=randoms)
def test_compiled_query_equals_field_by_field_execution(compared: ComparedApi, random: Random) -> None:
    asked = request(random, compared.known_values)
    field_by_field = compared.run(execute_fields, asked)
    assume(not field_by_field["codes"])
    assert compared.run(run_query, asked) == field_by_field


@settings(max_examples=100)
@given(random=randoms)
def test_cached_cost_formula_serves_other_variables(compared: ComparedApi, random: Random) -> None:
    asked = request(random, compared.known_values)
    try:
        compared.costs(asked)
        others = {
            name: not value if isinstance(value, bool) else None if random.random() < 0.3 else value
            for name, value in asked.variables.items()
        }
        cached, new = compared.costs(replace(asked, variables=others))
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
def test_queries_with_a_session_token_restrict_every_table_to_its_session(
    compared: ComparedApi, random: Random
) -> None:
    try:
        statement = compared.statement(request(random, compared.known_values), TokenPermissions(1, TokenRights.READ))
    except (BadUserInput, LimitExceeded, OperationFailed):
        reject()
    for each in TABLE.finditer(statement):
        assert NARROWED.match(statement, each.start()), statement


def text(data: Any) -> str:
    """Return data as JSON."""
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
def test_arguments_are_validated_even_if_no_selected_field_needs_them(api: Api, field: str, code: str) -> None:
    assert api.codes(f"{{ {field} }}", key="reader") == [code]


REDEMPTION = "id session { id } campaign { id } revision usedCode amount returnedAmount created reversed"
CODE = f"id code starts ends usageLimit used created redemptionHistory {{ totalCount nodes {{ {REDEMPTION} }} }}"
REWARD = """__typename ... on PercentOff { percent } ... on AmountOff { off: amount }
  ... on AmountOffEach { each: amount } ... on FixedPrice { price }
  ... on BuyGet { buy get getLines percentOff times } ... on OfferReward { sku quantity }
  ... on MessageReward { text }"""
CAMPAIGN = f"""id name notes state starts ends rank stacking bestOf requires revision created updated
  rules {{ label when lines maxAmount reward {{ {REWARD} }} }}
  limits {{ id measure per period max whenShort counters {{ nodes {{ subject period used remaining }} }} }}
  coupons {{ nodes {{ {CODE} recipientProfileId batch }} }}
  referrals {{ nodes {{ {CODE} advocateProfileId friendProfileId }} }}
  redemptionHistory {{ edges {{ cursor node {{ {REDEMPTION} }} }} pageInfo {{ hasNextPage }} }}"""
OUTCOME = "code status message campaign { name }"
EVALUATION = f"""at coupon {{ {OUTCOME} }} referral {{ {OUTCOME} }}
  campaigns {{ campaign {{ id }} revision label outcome amount message path needed actual }}
  offers {{ campaign {{ id }} label sku quantity }} messages {{ campaign {{ id }} label text }}"""
SESSION = f"""id evaluation {{ {EVALUATION} }} redemptions {{ {REDEMPTION} }}
  profile {{ coupons {{ nodes {{ code }} }} }}
  discounts {{ label amount source campaign {{ name }} allocations {{ position amount }} }}"""


@pytest.mark.parametrize("application_id", [1, 2, 3, 4])
@pytest.mark.parametrize(
    "field",
    [
        f"campaigns(first: 100, applicationId: $a) {{ nodes {{ {CAMPAIGN} }} }}",
        f"customerSessions(first: 100, applicationId: $a) {{ nodes {{ {SESSION} }} }}",
        f"coupons(first: 100, applicationId: $a) {{ totalCount nodes {{ {CODE} campaign {{ id }} }} }}",
    ],
)
def test_promotions_equal_the_reference(compared: ComparedApi, field: str, application_id: int) -> None:
    asked = QueryRequest(f"query ($a: Int!) {{ {field} }}", {"a": application_id}, None, "admin")
    expected = answer_of(compared.dataset, asked.document, asked.variables, None, VIEWERS[asked.key])
    assert not expected.errors
    assert compared.post(asked)["data"] == expected.data
