"""An answer that would be far too large is refused before the database builds it."""

from collections.abc import Callable
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from typing import Any

import pytest
from api_server import Api, add_sessions
from shop import line
from sqlalchemy import Connection, Select, case, select, text

from graphql_api.execution import document as documents
from graphql_api.sql import answer_size
from graphql_api.sql.json_objects import EMPTY

pytestmark = pytest.mark.alone

LARGE = 40  # sessions of almost 512 KiB each
LINES = "cartItems { sku b: sku c: sku d: sku }"
TOO_LARGE = [
    f"{{ customerSessions(first: 100) {{ nodes {{ {LINES} }} }} }}",
    f"{{ customerSessions(last: 100) {{ edges {{ node {{ {LINES} }} }} }} }}",
    f'{{ customerProfile(integrationId: "ada") {{ sessions(first: 100) {{ nodes {{ {LINES} }} }} }} }}',
    "{ customerSessions(first: 100) { nodes { a: events { nodes { changes } } b: events { nodes { changes } } } } }",
    "{ " + " ".join(f'a{n}: customerSession(integrationId: "s{n}") {{ {LINES} }}' for n in range(LARGE)) + " }",
    f'{{ customerSession(integrationId: "s1") {{ {" ".join(f"a{n}: {LINES}" for n in range(40))} }} }}',
]
ANSWERED = [
    """{ customerSessions(first: 100) {
        edges { cursor node { id profileId coupon identifiers cartItems { sku name quantity price attributes } } }
        nodes { discounts { label amount } attributes returns { id items { sku quantity amount } } nextStates }
        pageInfo { startCursor endCursor hasNextPage } totalCount } }""",
    """{ customerSessions(last: 3) { nodes {
        total updated events(first: 100) { nodes { id __typename changes actor
            ... on SessionUpdated { changedFields } ... on ItemsReturned { return { created items { position } } } } }
        profile { id integrationId attributes totalSales lastActivity sessions(first: 100) { nodes { id currency } } }
        application { id name timeZone } } } }""",
    '{ nodes(ids: ["session-1-1", "event-1-1-1", "profile-1-616461", "profile-1-62"]) { id } viewer { role } }',
]


def fill(api: Api) -> None:
    """Create large sessions of one customer."""
    for number in range(LARGE):
        lines = [line(f"{index:03}" + "x" * 897) for index in range(500)]
        api.shop.create(f"s{number}", profile_id="ada", cart_items=lines)


def peak_of_backends(connection: Connection) -> int:
    """Return the greatest amount of memory in KiB that a backend of the database has used; 0 on SQLite."""
    if connection.dialect.name == "sqlite":
        return 0
    pids = connection.execute(text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")).scalars()
    states = [Path(f"/proc/{pid}/status").read_text() for pid in pids]
    return max(int(each.partition("VmHWM:")[2].split()[0]) for each in states)


def test_page_of_large_sessions_takes_little_memory(serve: Callable[..., Api]) -> None:
    api = serve()
    fill(api)
    before = getrusage(RUSAGE_SELF).ru_maxrss

    for document in TOO_LARGE:
        assert api.codes(document) == ["LIMIT_EXCEEDED"], document

    assert getrusage(RUSAGE_SELF).ru_maxrss - before < 64 * 1_024
    assert api.shop.query(peak_of_backends) < 256 * 1_024


@pytest.mark.parametrize("document", ANSWERED)
def test_answer_is_the_same_with_a_check_of_its_size(
    serve: Callable[..., Api], monkeypatch: pytest.MonkeyPatch, document: str
) -> None:
    api = add_sessions(serve())
    unchecked = api.data(document)

    monkeypatch.setattr(answer_size.Exceeds, "compare", lambda *_: True)

    assert api.data(f"{document} ") == unchecked  # another document, whose plan is not cached


@pytest.mark.parametrize("reads_texts", [True, False])
@pytest.mark.parametrize("document", ANSWERED)
def test_estimate_is_at_least_the_size_of_the_answer(
    serve: Callable[..., Api], monkeypatch: pytest.MonkeyPatch, document: str, reads_texts: bool
) -> None:
    api = add_sessions(serve())

    def compared(statement: Select[Any], *_: object) -> Select[Any]:
        json: Any = next(iter(statement.inner_columns))
        estimate = answer_size.Estimates(reads_texts=reads_texts).of(json)
        return select(case((estimate < answer_size.ByteLength(json), EMPTY), else_=json))

    monkeypatch.setattr(documents, "limit_answer", compared)

    assert api.data(document)
