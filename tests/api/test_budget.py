"""Budgets and the gate: who asks for too much is told when to come back, and the others do not notice."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from served import Api

from graphql_api.errors import Overloaded, RateLimited
from graphql_api.security.budget import Budget
from graphql_api.security.rate_limit import Gate

PAGE = {"query": "{ customerSessions(first: 30) { nodes { state } } }"}  # costs 30
WHO = {"query": "{ viewer { role } }"}
CREATE = "mutation($id: String!) { createSession(input: {integrationId: $id}) { session { state } } }"


class Clock:
    """The time of a test."""

    def __init__(self) -> None:
        self.now = 1_000_000_020.0

    def __call__(self) -> float:
        """What time.time() answers."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """It stands still until a test turns it."""
    made = Clock()
    monkeypatch.setattr(time, "time", made)
    return made


def post(api: Api, body: dict[str, Any], key: str = "writer") -> httpx.Response:
    return api.runner.run(api.post(body, key))


def refused(response: httpx.Response) -> tuple[int, str]:
    """The status and the code of an answer with one error and no data."""
    answer = response.json()
    assert "data" not in answer
    (error,) = answer["errors"]
    return response.status_code, error["extensions"]["code"]


def test_a_key_that_has_spent_its_budget_is_told_when_it_has_one_again(serve: Callable[..., Api], clock: Clock) -> None:
    api = serve(max_cost_per_minute=50)
    assert [post(api, PAGE).status_code for _ in range(2)] == [200, 200]

    over = post(api, PAGE)
    assert refused(over) == (429, "RATE_LIMITED")
    assert over.headers["retry-after"] == "60"

    clock.now += 59.5
    assert post(api, PAGE).headers["retry-after"] == "1"
    clock.now += 0.5
    assert post(api, PAGE).status_code == 200


def test_one_keys_budget_is_not_anothers(serve: Callable[..., Api]) -> None:
    api = serve(max_cost_per_minute=50)
    for _ in range(3):
        post(api, PAGE)
    assert refused(post(api, WHO)) == (429, "RATE_LIMITED")
    assert post(api, WHO, "reader").status_code == 200


@pytest.mark.parametrize("body", [WHO, {"query": "{"}, {"query": "{ nothing }"}, {"documentId": "none"}])
def test_whatever_is_asked_for_costs_something(serve: Callable[..., Api], body: dict[str, Any]) -> None:
    api = serve(max_cost_per_minute=5)
    statuses = [post(api, body).status_code for _ in range(7)]
    assert statuses == [200] * 6 + [429]


def test_a_mutation_is_charged_and_one_that_is_not_let_in_changes_nothing(serve: Callable[..., Api]) -> None:
    api = serve(max_cost_per_minute=1)
    api.data(CREATE, {"id": "s1"})  # costs 2: the mutation and its session
    before = api.everything()
    assert api.codes(CREATE, {"id": "s2"}) == ["RATE_LIMITED"]
    assert api.everything() == before


def test_where_no_budget_is_set_there_is_none(api: Api) -> None:
    assert {post(api, PAGE).status_code for _ in range(100)} == {200}


def test_what_is_beyond_what_is_taken_at_once_is_told_to_come_back(
    serve: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    api = serve(max_operations_under_way=2)
    read, arrived, free = api.database.read, asyncio.Semaphore(0), asyncio.Event()

    async def held(*arguments: Any) -> Any:
        arrived.release()
        await free.wait()
        return await read(*arguments)

    async def five() -> tuple[list[httpx.Response], list[httpx.Response]]:
        under_way = [asyncio.create_task(api.post(WHO)) for _ in range(2)]
        for _ in under_way:
            await arrived.acquire()
        beyond = [await api.post(WHO) for _ in range(2)]
        free.set()
        return beyond, [*await asyncio.gather(*under_way), await api.post(WHO)]

    monkeypatch.setattr(api.database, "read", held)
    beyond, taken = api.runner.run(five())
    for response in beyond:
        assert refused(response) == (503, "RATE_LIMITED")
        assert response.headers["retry-after"] == "1"
    assert [response.status_code for response in taken] == [200] * 3
    assert len(api.server.gate) == 0


@pytest.mark.parametrize("body", [WHO, PAGE, {"query": "{"}, {"query": "{ nothing }"}, {"query": 7}, {}])
def test_every_operation_that_comes_in_goes_out(api: Api, body: dict[str, Any]) -> None:
    post(api, body)
    assert len(api.server.gate) == 0


@given(st.lists(st.integers(0, 100)))
def test_a_holder_is_let_in_for_as_long_as_it_has_overdrawn_nothing(costs: list[int]) -> None:
    budget, spent = Budget(100), 0
    for cost in costs:
        if spent > 100:
            with pytest.raises(RateLimited):
                budget.check("holder")
        else:
            budget.check("holder")
            budget.charge("holder", cost)
            spent += cost


@given(st.lists(st.integers(1, 400), min_size=200))
def test_no_more_than_a_hundredth_of_a_large_budget_is_overlooked(costs: list[int]) -> None:
    budget, spent = Budget(10_000), 0
    for cost in costs:
        try:
            budget.check("holder")
        except RateLimited:
            break
        budget.charge("holder", cost)
        spent += cost
        assert spent <= 10_000 + 100 + 400
    assert spent > 10_000 or spent == sum(costs)


def test_a_holder_that_was_forgotten_is_found_out_again(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    monkeypatch.setattr("graphql_api.security.budget.MAX_KNOWN", 1)
    budget = Budget(1)
    budget.charge("one", 2)
    budget.charge("another", 2)
    budget.check("one")
    budget.charge("one", 1)
    with pytest.raises(RateLimited):
        budget.check("one")


def test_one_that_is_not_let_in_does_not_count() -> None:
    gate = Gate(1, None)
    gate.enter("one")
    for _ in range(2):
        with pytest.raises(Overloaded):
            gate.enter("another")
    gate.leave("one", 1)
    gate.enter("another")
    assert len(gate) == 1
