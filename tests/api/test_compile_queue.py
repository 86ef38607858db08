"""Compiling is fair between keys: many documents of one key do not delay the document of another."""

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from served import Api

from graphql_api.execution import compile_queue, document
from graphql_api.sql import plan

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
    with CountingExecutor(1) as executor:
        monkeypatch.setattr(compile_queue, "EXECUTOR", executor)
        api.runner.run(scenario())
    assert len(compiled) == MANY + 1
    assert compiled.index("Other reader") == 1
