"""Rate and concurrency limits over WebSockets and event streams."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from api_server import Api
from sockets import Running, running

PAGE = "{ customerSessions(first: 30) { nodes { state } } }"  # costs 30
CHANGES = 'subscription { customerSessionChanged(integrationId: "s1", afterVersion: 0) { version session { state } } }'


def run_on_server(api: Api, scenario: Callable[[Running], Any]) -> None:
    """Run a scenario against a running server."""

    async def run() -> None:
        async with running(api) as server:
            await scenario(server)

    api.runner.run(run())


def spent(api: Api) -> bool:
    """Return whether the writer has spent its budget."""
    return api.codes("{ viewer { role } }") == ["RATE_LIMITED"]


async def one_query_by_stream(server: Running) -> None:
    async with server.stream(PAGE) as stream:
        assert [kind async for kind, _ in stream] == ["next", "complete"]


async def one_query_by_socket(server: Running) -> None:
    async with server.client() as client:
        operation = await client.start(PAGE)
        await operation.next()
        await operation.end()


async def three_events_by_stream(server: Running) -> None:
    async with server.stream(CHANGES) as stream:
        for _ in range(3):
            assert (await anext(stream))[0] == "next"


async def three_events_by_socket(server: Running) -> None:
    async with server.client() as client:
        operation = await client.start(CHANGES)
        for _ in range(3):
            await operation.next()


@pytest.mark.parametrize(
    "scenario", [one_query_by_stream, one_query_by_socket, three_events_by_stream, three_events_by_socket]
)
@pytest.mark.parametrize(("budget", "left"), [(3, False), (1_000, True)])
def test_results_over_streams_and_sockets_are_charged(
    serve: Callable[..., Api], scenario: Callable[[Running], Any], budget: int, left: bool
) -> None:
    api = serve(max_cost_per_minute=budget)
    shop = api.shop
    shop.create("s1")
    for coupon in ("a", "b", "c"):
        shop.update("s1", coupon=coupon)
    run_on_server(api, scenario)
    assert spent(api) is not left


def test_refusal_over_a_socket_says_when_to_retry(serve: Callable[..., Api]) -> None:
    async def two_queries(server: Running) -> None:
        async with server.client() as client:
            await (await client.start(PAGE)).next()
            (error,) = await (await client.start(PAGE)).end()
            assert error["extensions"]["code"] == "RATE_LIMITED"
            assert 0 < error["extensions"]["retryAfter"] <= 60

    run_on_server(serve(max_cost_per_minute=1), two_queries)


def test_query_by_stream_counts_as_concurrent(serve: Callable[..., Api], monkeypatch: pytest.MonkeyPatch) -> None:
    api = serve(max_operations_under_way=1)
    read, arrived, free = api.database.read, asyncio.Event(), asyncio.Event()

    async def waiting(*arguments: Any) -> Any:
        arrived.set()
        await free.wait()
        return await read(*arguments)

    async def two(server: Running) -> None:
        first = asyncio.create_task(one_query_by_stream(server))
        await arrived.wait()
        beyond = await api.post({"query": PAGE})
        assert (beyond.status_code, len(api.server.admission)) == (503, 1)
        free.set()
        await first
        assert len(api.server.admission) == 0

    monkeypatch.setattr(api.database, "read", waiting)
    run_on_server(api, two)
