"""Rate limits and the limit of concurrent operations."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from api_server import Api
from hypothesis import given
from hypothesis import strategies as st

from graphql_api.errors import Overloaded, RateLimited
from graphql_api.observability import operation_record
from graphql_api.security import admission
from graphql_api.security.admission import AdmissionControl

PAGE = {"query": "{ customerSessions(first: 30) { nodes { state } } }"}  # costs 30
WHO = {"query": "{ viewer { role } }"}
CREATE = "mutation($id: String!) { createSession(input: {integrationId: $id}) { session { state } } }"


class Clock:
    """A clock that a test advances."""

    def __init__(self) -> None:
        self.now = 1_000_000_020.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Replace the monotonic clock of the budgets."""
    made = Clock()
    monkeypatch.setattr(admission, "monotonic", made)
    return made


def post(api: Api, body: dict[str, Any], key: str = "writer") -> httpx.Response:
    return api.runner.run(api.post(body, key))


def refused(response: httpx.Response) -> tuple[int, str]:
    """Return the status and the code of an answer with one error and no data."""
    answer = response.json()
    assert "data" not in answer
    (error,) = answer["errors"]
    return response.status_code, error["extensions"]["code"]


def test_key_over_its_budget_is_refused_until_retry_after(serve: Callable[..., Api], clock: Clock) -> None:
    api = serve(max_cost_per_minute=50)
    assert [post(api, PAGE).status_code for _ in range(2)] == [200, 200]

    over = post(api, PAGE)
    assert refused(over) == (429, "RATE_LIMITED")
    assert over.headers["retry-after"] == "60"

    clock.now += 59.5
    assert post(api, PAGE).headers["retry-after"] == "1"
    clock.now += 0.5
    assert post(api, PAGE).status_code == 200


def test_budgets_of_keys_are_independent(serve: Callable[..., Api]) -> None:
    api = serve(max_cost_per_minute=50)
    for _ in range(3):
        post(api, PAGE)
    assert refused(post(api, WHO)) == (429, "RATE_LIMITED")
    assert post(api, WHO, "reader").status_code == 200


@pytest.mark.parametrize("body", [WHO, {"query": "{"}, {"query": "{ nothing }"}, {"documentId": "none"}])
def test_every_request_is_charged_at_least_one(
    serve: Callable[..., Api], body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operation_record, "COST_PER_SECOND", 0)
    api = serve(max_cost_per_minute=5)
    statuses = [post(api, body).status_code for _ in range(7)]
    assert statuses == [200] * 6 + [429]


@pytest.mark.parametrize("document", ["{ nothing }", "{ viewer { limits { maxCost", "{ viewer { role } }"])
def test_time_for_a_new_document_is_charged(
    serve: Callable[..., Api], document: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operation_record, "COST_PER_SECOND", 10_000_000)  # each refusal takes more than 10 microseconds
    api = serve(max_cost_per_minute=100)
    post(api, {"query": document})
    assert refused(post(api, {"query": document})) == (429, "RATE_LIMITED")


def test_mutation_is_charged_and_a_refused_one_changes_nothing(serve: Callable[..., Api]) -> None:
    api = serve(max_cost_per_minute=1)
    api.data(CREATE, {"id": "s1"})  # costs 2: the mutation and its session
    before = api.all_rows()
    assert api.codes(CREATE, {"id": "s2"}) == ["RATE_LIMITED"]
    assert api.all_rows() == before


def test_no_rate_limit_by_default(api: Api) -> None:
    assert {post(api, PAGE).status_code for _ in range(100)} == {200}


def test_operation_beyond_the_concurrency_limit_is_refused(
    serve: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    api = serve(max_operations_under_way=2)
    read, arrived, free = api.database.read, asyncio.Semaphore(0), asyncio.Event()

    async def blocked_read(*arguments: Any) -> Any:
        arrived.release()
        await free.wait()
        return await read(*arguments)

    async def send_five() -> tuple[list[httpx.Response], list[httpx.Response]]:
        under_way = [asyncio.create_task(api.post(WHO)) for _ in range(2)]
        for _ in under_way:
            await arrived.acquire()
        beyond = [await api.post(WHO) for _ in range(2)]
        free.set()
        return beyond, [*await asyncio.gather(*under_way), await api.post(WHO)]

    monkeypatch.setattr(api.database, "read", blocked_read)
    refused_responses, responses = api.runner.run(send_five())
    for response in refused_responses:
        assert refused(response) == (503, "RATE_LIMITED")
        assert response.headers["retry-after"] == "1"
    assert [response.status_code for response in responses] == [200] * 3
    assert len(api.server.admission) == 0


@pytest.mark.parametrize("body", [WHO, PAGE, {"query": "{"}, {"query": "{ nothing }"}, {"query": 7}, {}])
def test_every_admitted_operation_is_released(api: Api, body: dict[str, Any]) -> None:
    post(api, body)
    assert len(api.server.admission) == 0


def test_wall_clock_that_is_set_back_does_not_prolong_a_window(
    serve: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    api = serve(max_cost_per_minute=50)
    monkeypatch.setattr("time.time", lambda: 1_000_000_000.0)
    post(api, PAGE)
    monkeypatch.setattr("time.time", lambda: 1_000_000_000.0 - 3_600)
    post(api, PAGE)
    assert int(post(api, PAGE).headers["retry-after"]) <= 60


@given(st.lists(st.integers(0, 100)))
def test_key_is_admitted_until_it_has_overdrawn(costs: list[int]) -> None:
    control, spent = AdmissionControl(1, 100), 0
    for cost in costs:
        if spent > 100:
            with pytest.raises(RateLimited):
                control.admit("key")
        else:
            control.admit("key")
            control.release("key", cost)
            spent += max(cost, 1)


def test_refused_operation_does_not_count_as_concurrent() -> None:
    admission = AdmissionControl(1, None)
    admission.admit("one")
    for _ in range(2):
        with pytest.raises(Overloaded):
            admission.admit("another")
    admission.release("one", 1)
    admission.admit("another")
    assert len(admission) == 1
