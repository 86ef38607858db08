"""Documents that nest rows in rows, as deep as the limits allow, and documents that repeat a selection."""

from typing import Any

import pytest
from api_server import Api, add_sessions

from graphql_api.sql.compiler import Compiler

SESSION = (
    "id integrationId created updated closed cancelled applicationId profileId coupon referral state nextStates"
    " identifiers currency total discountTotal returnedTotal netTotal attributes firstSession version"
    " discounts { label amount } returns { id amount items { sku amount } }"
    " cartItems { sku price product { name } discountShare attributes }"
)
PROFILE = "id integrationId created attributes closedSessions totalSales lastActivity"
EVENT = (
    "id version occurred actor changes"
    " ... on SessionCreated { state first: total } ... on SessionUpdated { changedFields next: total }"
    " ... on SessionClosed { discountTotal } ... on ItemsReturned { return { amount items { sku } } }"
    " ... on SessionCancelled { from reason }"
)
WAYS = {  # from a session to a session
    "profile": "profile {{ {profile} sessions(first: 1) {{ totalCount nodes {{ {rest} }} }} }}",
    "profile from the end": "profile {{ {profile} sessions(last: 1) {{ edges {{ cursor node {{ {rest} }} }} }} }}",
    "events": "events(first: 1) {{ nodes {{ {event} session {{ {rest} }} }} }}",
    "returns": "events(last: 2) {{ edges {{ node {{ ... on ItemsReturned {{ session {{ {rest} }} }} }} }} }}",
}
ROOTS = (
    'customerSession(integrationId: "s1") {{ {0} }}',
    'nodes(ids: ["session-1-1"]) {{ ... on CustomerSession {{ {0} }} }}',
    'node(id: "event-1-1-1") {{ ... on SessionCreated {{ session {{ {0} }} }} }}',
    'customerSessions(filter: {{ skus: ["apple"], states: [PARTIALLY_RETURNED] }}, last: 1) {{ nodes {{ {0} }} }}',
)


@pytest.fixture(scope="module")
def api(shared_api: Api) -> Api:
    """A shop with a history."""
    return add_sessions(shared_api)


def nested(way: str, levels: int, session: str, **fields: str) -> str:
    """Select a session of a session of a session."""
    return (
        session if levels == 0 else f"{session} {way.format(rest=nested(way, levels - 1, session, **fields), **fields)}"
    )


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("root", ROOTS, ids=lambda root: root.partition("(")[0])
@pytest.mark.parametrize("wide", [False, True], ids=["narrow", "wide"])
def test_document_as_deep_as_the_limits_allow_is_answered(api: Api, root: str, way: str, wide: bool) -> None:
    fields = (
        {"session": SESSION, "profile": PROFILE, "event": EVENT}
        if wide
        else dict.fromkeys(("session", "profile", "event"), "id")
    )
    documents = ["{ " + root.format(nested(way, levels, **fields)) + " }" for levels in range(9, 0, -1)]
    answers = (api.query(document) for document in documents)
    deepest = next(answer for answer in answers if "levels of fields" not in str(answer.get("errors")))
    assert "errors" not in deepest, deepest["errors"]


def test_sum_of_a_profile_of_a_session_of_an_event_is_answered(api: Api) -> None:
    document = '{ nodes(ids: ["event-1-1-1"]) { ... on SessionCreated { session { profile { totalSales } } } } }'
    assert api.data(document) == {"nodes": [{"session": {"profile": {"totalSales": "11.50"}}}]}


@pytest.mark.parametrize(
    "field", ['node(id: "session-1-{0}")', 'nodes(ids: ["session-1-{0}"])', 'customerSession(integrationId: "s{0}")']
)
def test_selection_that_a_document_repeats_is_compiled_once(
    api: Api, field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = 0
    value = Compiler.value

    def counting(self: Compiler, *arguments: Any) -> Any:
        nonlocal compiled
        compiled += 1
        return value(self, *arguments)

    monkeypatch.setattr(Compiler, "value", counting)
    fragment = f"fragment S on Node {{ id ... on CustomerSession {{ {SESSION} }} ... on SessionEvent {{ {EVENT} }} }}"
    counts, answers = [], []
    for times in (1, 7):
        compiled = 0
        fields = " ".join(f"a{number}: {field.format(number)} {{ ...S }}" for number in range(1, times + 1))
        answers.append(api.data(f"{{ {fields} }} {fragment}"))
        counts.append(compiled)
    assert counts[0] == counts[1] > 0
    assert answers[0]["a1"] == answers[1]["a1"] != answers[1]["a7"]
