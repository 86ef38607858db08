"""cartograph webhooks test, cartograph webhooks deliver, and the metrics of deliveries."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_server import Api
from receiver import Received, Receiver, status
from sockets import until
from sqlalchemy import Connection, select
from test_delivery import Hook

from db.repository.core import WEBHOOK
from graphql_api.cli import main
from graphql_api.settings import PREFIX

NETWORKS = "127.0.0.0/8"


@pytest.fixture
def api(serve_file: Callable[..., Api], monkeypatch: pytest.MonkeyPatch, own_directory: Path) -> Api:
    """The API on SQLite, which sends nothing itself; commands use its database."""
    api = serve_file(webhooks=False, webhook_networks=(NETWORKS,))
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", api.server.settings.database_url)
    monkeypatch.setenv(f"{PREFIX}WEBHOOK_NETWORKS", NETWORKS)
    return api


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def place(connection: Connection) -> Any:
    """Return the place and the holder of the lease."""
    return tuple(connection.execute(select(WEBHOOK.c.after_id, WEBHOOK.c.lease_holder)).one())


def play(api: Api, scenario: Callable[[Hook], Any]) -> None:
    """Run a scenario with a webhook at the beginning of the history."""

    async def with_receiver() -> None:
        async with Receiver() as receiver:
            hook = Hook(api, receiver)
            await hook.create()
            await scenario(hook)

    api.runner.run(with_receiver())


def test_test_sends_the_newest_event_and_prints_the_answer(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    async def scenario(hook: Hook) -> None:
        async def answer(request: Received) -> bytes:
            return b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

        hook.receiver.answer = answer
        assert await asyncio.to_thread(main, ["webhooks", "test", hook.id]) == 0
        await hook.change("s1")
        assert await asyncio.to_thread(main, ["webhooks", "test", hook.id]) == 0
        empty, newest = hook.receiver.requests
        for request in (empty, newest):
            request.verify(hook.secret)
        assert empty.message["type"] == "webhook.test"
        assert newest.message["type"] == "session.created"
        assert newest.id.startswith("event-1-1-1-test-")
        assert capsys.readouterr().out == "200 hello\n" * 2
        assert await api.database.query(place) == (0, None)

    play(api, scenario)


def test_test_reports_a_failure(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    async def scenario(hook: Hook) -> None:
        async def answer(request: Received) -> bytes:
            return status(500)

        hook.receiver.answer = answer
        assert await asyncio.to_thread(main, ["webhooks", "test", hook.id]) == 1
        printed = capsys.readouterr()
        assert printed.out == "500\n"
        assert printed.err == "The answer had the status 500.\n"

    play(api, scenario)


@pytest.mark.parametrize(
    ("id_", "code", "message"),
    [
        ("webhook-1-9", 1, "There is no webhook 9 in application 1."),
        ("webhook-1", 2, "webhook-1 is not the ID of a webhook"),
        ("session-1-1", 2, "session-1-1 is not the ID of a webhook"),
    ],
)
def test_test_refuses_what_is_no_webhook(
    api: Api, capsys: pytest.CaptureFixture[str], id_: str, code: int, message: str
) -> None:
    assert main(["webhooks", "test", id_]) == code
    assert message in capsys.readouterr().err


def test_deliver_sends_until_sigterm_and_releases_its_leases(api: Api) -> None:
    port = free_port()
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parents[2]),
        f"{PREFIX}METRICS_PORT": str(port),
    }

    async def scenario(hook: Hook) -> None:
        await hook.change("s1")
        command = [sys.executable, "-m", "graphql_api", "webhooks", "deliver"]
        process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=DEVNULL)
        try:
            await until(lambda: bool(hook.receiver.acknowledged))
            await hook.change("s1", "a")
            await hook.acknowledged(2)
            metrics = ""
            async with httpx.AsyncClient(trust_env=False) as client:
                for _ in range(200):
                    metrics = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
                    if 'attempts_total{outcome="acknowledged"} 2.0' in metrics:
                        break
                    await asyncio.sleep(0.05)
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), 30) == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert 'cartograph_webhook_attempts_total{outcome="acknowledged"} 2.0' in metrics
        assert 'cartograph_webhooks{state="active"} 1.0' in metrics
        assert 'cartograph_webhooks{state="failing"} 0.0' in metrics
        assert "cartograph_webhook_lag " in metrics
        assert await api.database.query(place) == (2, None)

    play(api, scenario)
