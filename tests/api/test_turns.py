"""Keys take turns at what takes long: many large documents of one keep no other waiting."""

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from served import Api

from graphql_api.execution import compile_queue as turns
from graphql_api.execution import document
from graphql_api.sql import plan as plans

MANY = 10


def test_a_new_document_waits_for_one_of_another_key_and_not_for_all(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    go_on = Event()
    submitted = asyncio.Semaphore(0)

    class Thread(ThreadPoolExecutor):
        def submit(self, *args: Any, **options: Any) -> Future[Any]:
            submitted.release()
            return super().submit(*args, **options)

    def written(statement: Any, trace: Any, dialect: Any) -> plans.Plan:
        compiled.append(trace.request.viewer.key_name)
        go_on.wait()
        return plans.written(statement, trace, dialect)

    async def scenario() -> None:
        bodies = [{"query": f"query Q{number} {{ customerSessions {{ totalCount }} }}"} for number in range(MANY)]
        asked = [asyncio.create_task(api.post(body)) for body in bodies]
        await submitted.acquire()
        asked.append(asyncio.create_task(api.post({"query": "{ customerSessions { totalCount } }"}, "other reader")))
        await submitted.acquire()
        go_on.set()
        assert {answer.status_code for answer in await asyncio.gather(*asked)} == {200}

    monkeypatch.setattr(document, "written", written)
    with Thread(1) as thread:
        monkeypatch.setattr(turns, "COMPILER", thread)
        api.runner.run(scenario())
    assert len(compiled) == MANY + 1
    assert compiled.index("Other reader") == 1
