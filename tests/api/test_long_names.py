"""Texts of the greatest length in lookups, filters and orders."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from api_server import Api
from long_texts import LONGEST, SIMILAR
from shop import line

PREFIXES = (
    "",
    "z",
    LONGEST[0],
    *(LONGEST[:size] for size in (499, 500, 501, 999, 1_000)),
    LONGEST[:500] + "\\",
    "z" * 999,
)


@pytest.fixture(scope="module")
def api(shared_api: Api) -> Api:
    """An API with one session for each text, which is its integration ID, profile ID and SKU."""
    for name in SIMILAR:
        shared_api.shop.create(name, profile_id=name, cart_items=[line(name)])
    return shared_api


def listed(api: Api, filter: str, value: Any) -> list[str]:
    """Return the integration IDs of the sessions that match a filter, in order."""
    document = f"""query ($value: {"String" if isinstance(value, str) else "[String!]"}) {{
        customerSessions(filter: {{{filter}: $value}}, orderBy: {{field: INTEGRATION_ID, direction: ASC}}) {{
            totalCount nodes {{ integrationId }} }} }}"""
    found = api.data(document, {"value": value})["customerSessions"]
    assert found["totalCount"] == len(found["nodes"])
    return [each["integrationId"] for each in found["nodes"]]


@pytest.mark.parametrize("number", range(len(SIMILAR)))
def test_sessions_and_profiles_are_found_by_integration_id_and_by_global_id(api: Api, number: int) -> None:
    name = SIMILAR[number]
    document = """query ($name: String!) {
        customerSession(integrationId: $name) { id integrationId cartItems { sku } profile { id integrationId } }
        customerProfile(integrationId: $name) { integrationId sessions { nodes { integrationId } } } }"""
    found = api.data(document, {"name": name})

    assert found["customerSession"]["integrationId"] == name
    assert found["customerSession"]["cartItems"] == [{"sku": name}]
    assert found["customerSession"]["profile"]["integrationId"] == name
    assert found["customerProfile"] == {"integrationId": name, "sessions": {"nodes": [{"integrationId": name}]}}
    ids = [found["customerSession"]["id"], found["customerSession"]["profile"]["id"]]
    document = """query ($ids: [ID!]!) { nodes(ids: $ids) {
        ... on CustomerSession { integrationId } ... on CustomerProfile { integrationId } } }"""
    assert api.data(document, {"ids": ids})["nodes"] == [{"integrationId": name}] * 2


@pytest.mark.parametrize("filter", ["profileIds", "skus"])
def test_a_filter_matches_the_whole_text(api: Api, filter: str) -> None:
    for name, other in pairwise(SIMILAR):
        assert listed(api, filter, [name]) == [name]
        assert listed(api, filter, [name, other]) == sorted([name, other])
    assert listed(api, filter, [LONGEST[:998]]) == []


@pytest.mark.parametrize("number", range(len(PREFIXES)))
def test_a_prefix_of_any_length_matches(api: Api, number: int) -> None:
    prefix = PREFIXES[number]
    assert listed(api, "integrationIdPrefix", prefix) == sorted(name for name in SIMILAR if name.startswith(prefix))


@pytest.mark.parametrize(
    ("list_of", "to"), [("customerSessions", "ASC"), ("customerSessions", "DESC"), ("customerProfiles", "ASC")]
)
@pytest.mark.parametrize(
    ("size", "cursor", "end"), [("first", "after", "endCursor"), ("last", "before", "startCursor")]
)
def test_pages_are_ordered_by_code_point(api: Api, list_of: str, to: str, size: str, cursor: str, end: str) -> None:
    order = f"orderBy: {{field: INTEGRATION_ID, direction: {to}}}, " if list_of == "customerSessions" else ""
    document = f"""query ($at: String) {{ {list_of}({order}{size}: 3, {cursor}: $at) {{
        nodes {{ integrationId }} pageInfo {{ hasNextPage hasPreviousPage {end} }} }} }}"""

    def pages() -> Iterator[list[str]]:
        more, at = True, None
        while more:
            page = api.data(document, {"at": at})[list_of]
            yield [each["integrationId"] for each in page["nodes"]]
            more, at = page["pageInfo"]["hasNextPage" if size == "first" else "hasPreviousPage"], page["pageInfo"][end]

    found = [*pages()]
    assert [name for page in (found if size == "first" else found[::-1]) for name in page] == sorted(
        SIMILAR, reverse=to == "DESC"
    )
