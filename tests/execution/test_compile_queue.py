"""Compiling is fair between applications, keys and session tokens."""

import asyncio
import math
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from api_server import Api
from token_requests import stocked, token

from db.tables import KeyRole
from graphql_api.execution import compile_queue, document
from graphql_api.observability import operation_record
from graphql_api.security.viewer import Viewer
from graphql_api.sql import plan, slices

MANY = 10


def test_new_document_waits_for_at_most_one_document_of_another_key(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    release = Event()
    submitted = asyncio.Semaphore(0)

    class CountingExecutor(ThreadPoolExecutor):
        def submit(self, *args: Any, **options: Any) -> Future[Any]:
            submitted.release()
            return super().submit(*args, **options)

    def build_plan(statement: Any, context: Any, cost: Any, dialect: Any) -> plan.Plan:
        compiled.append(context.key.request.viewer.key_name)
        release.wait()
        return plan.build_plan(statement, context, cost, dialect)

    async def scenario() -> None:
        bodies = [{"query": f"query Q{number} {{ customerSessions {{ totalCount }} }}"} for number in range(MANY)]
        requests = [asyncio.create_task(api.post(body)) for body in bodies]
        await submitted.acquire()
        requests.append(asyncio.create_task(api.post({"query": "{ customerSessions { totalCount } }"}, "other reader")))
        await submitted.acquire()
        release.set()
        assert {answer.status_code for answer in await asyncio.gather(*requests)} == {200}

    monkeypatch.setattr(document, "build_plan", build_plan)
    monkeypatch.setattr(slices, "SLICE_SECONDS", math.inf)  # each statement is one submission
    with CountingExecutor(1) as executor:
        monkeypatch.setattr(compile_queue, "EXECUTOR", executor)
        api.runner.run(scenario())
    assert len(compiled) == MANY + 1
    assert compiled.index("Other reader") <= 1


LOOKUP = 'customerSession(integrationId: "s1") { id }'


def large(fields: int) -> dict[str, str]:
    """Return a body whose statement is long."""
    nodes = " ".join(f'a{each}: node(id: "session-1-{each}") {{ ...F }}' for each in range(1, fields + 1))
    return {"query": f"{{ {nodes} }} fragment F on CustomerSession {{ id total cartItems {{ sku }} returns {{ id }} }}"}


async def finished_in_order(api: Api, *requests: tuple[str, dict[str, str], str]) -> list[str]:
    """Send requests one after another without waiting. Return their names in the order of the responses."""
    finished: list[str] = []

    async def send(name: str, body: dict[str, str], key: str) -> None:
        assert "errors" not in (await api.post(body, key)).json()
        finished.append(name)

    tasks = []
    for name, body, key in requests:
        await api.post({"query": "{ __typename }"}, key)  # the key is looked up, so that only compiling takes time
        tasks.append(asyncio.create_task(send(name, body, key)))
        await asyncio.sleep(0.01)
    await asyncio.gather(*tasks)
    return finished


@pytest.mark.parametrize("key", ["other reader", "reader"])
def test_small_document_does_not_wait_for_a_large_one_of_another_key(
    api: Api, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "SLICE_SECONDS", 0.001)
    requests = ("large", large(50), "writer"), ("small", {"query": "{ customerSessions { totalCount } }"}, key)
    assert api.runner.run(finished_in_order(api, *requests)) == ["small", "large"]


def test_session_tokens_of_a_key_take_turns(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    stocked(api)
    one, other = token(api), token(api, integrationId="other")
    release = Event()
    finished: list[str] = []
    release.set()

    def build_plan(*arguments: Any) -> plan.Plan:
        release.wait(10)
        return plan.build_plan(*arguments)

    async def send(number: int, key: str) -> None:
        assert "errors" not in (await api.post({"query": f"query Q{number} {{ {LOOKUP} }}"}, key)).json()
        finished.append(key)

    async def scenario() -> None:
        for key in (one, other):
            await api.post({"query": "{ __typename }"}, key)
        release.clear()
        tasks = [asyncio.create_task(send(number, key)) for number, key in enumerate([one, one, one, one, other])]
        await asyncio.sleep(0.2)  # all of them wait for the compiler
        release.set()
        await asyncio.gather(*tasks)

    monkeypatch.setattr(document, "build_plan", build_plan)
    api.runner.run(scenario())
    assert finished.index(other) <= 2


def test_cancelled_work_ends_with_its_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "SLICE_SECONDS", 0)
    started, ended = Event(), Event()

    def endless() -> None:
        started.set()
        try:
            while True:
                slices.pause()
        finally:
            ended.set()

    async def scenario() -> None:
        viewer = Viewer(1, "a" * 12, "Writer", KeyRole.WRITER)
        task = asyncio.create_task(compile_queue.run_in_compile_queue(viewer, endless))
        assert await asyncio.to_thread(started.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scenario())
    assert ended.wait(10)


def test_compiling_is_charged(serve: Callable[..., Api], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operation_record, "COST_PER_SECOND", 10_000)
    api = serve(max_cost_per_minute=300)
    api.data("{ viewer { role } }", key="reader")
    api.data(large(40)["query"])  # takes more than 30 ms
    assert api.codes("{ viewer { role } }") == ["RATE_LIMITED"]
