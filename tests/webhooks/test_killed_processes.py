"""Two processes deliver while they are killed again and again: no event is lost, and none overtakes another."""

import asyncio
import os
import random
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from api_server import Api
from receiver import OK, Received, Receiver, status
from sqlalchemy import Connection, select
from test_delivery import CHANGE, UPDATE, Hook

from db.domain.webhook import WebhookState
from db.repository.core import EVENT, WEBHOOK
from graphql_api.settings import PREFIX

SECONDS = 12  # of writing, killing and random answers
SESSIONS = 12
# With leases of two seconds a killed process is followed soon.
DELIVER = """
from graphql_api.webhooks import deliverer, retries
deliverer.LEASE_SECONDS, deliverer.RENEW_SECONDS, deliverer.POLL_SECONDS = 2, 0.5, 0.2
retries.FIRST_PAUSE = 0.05
from graphql_api.cli import main
raise SystemExit(main(["webhooks", "deliver"]))
"""


class Chaos:
    """Writers, two delivering processes, and what is observed."""

    def __init__(self, hook: Hook, url: str) -> None:
        self.hook = hook
        self.random = random.Random(17)  # noqa: S311  # reproducible, not for security
        self.calm = False
        self.processes: list[Process] = []
        self.killed = 0
        self.places: list[int] = []
        self._environment = {
            **os.environ,
            f"{PREFIX}DATABASE_URL": url,
            f"{PREFIX}WEBHOOK_NETWORKS": "127.0.0.0/8",
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }
        hook.receiver.answer = self.answer

    async def answer(self, request: Received) -> bytes | None:
        """Answer late, with an error, or not at all."""
        request.verify(self.hook.secret)
        luck = self.random.random()
        if self.calm or luck > 0.35:
            await asyncio.sleep(0 if self.calm else self.random.choice((0, 0.02, 0.2)))
            return OK
        if luck < 0.01:
            return status(410)
        return status(500) if luck < 0.2 else None

    async def start(self) -> None:
        """Start a process."""
        self.processes.append(
            await asyncio.create_subprocess_exec(
                sys.executable, "-c", DELIVER, env=self._environment, stdout=DEVNULL, stderr=DEVNULL
            )
        )

    async def kill_again_and_again(self) -> None:
        """Kill the older process with SIGKILL, and start another."""
        while True:
            await asyncio.sleep(self.random.uniform(1, 2.5))
            process = self.processes.pop(0)
            process.kill()
            await process.wait()
            self.killed += 1
            await self.start()

    async def write(self) -> None:
        """Change sessions."""
        for number in range(10**6):
            name = f"s{self.random.randrange(SESSIONS)}"
            await self.hook.run(CHANGE, input={"integrationId": name, "coupon": str(number)})
            await asyncio.sleep(0.02)

    async def observe(self) -> None:
        """Compare the place with what was acknowledged, and set a paused webhook active again."""
        while True:
            await self.check_place()
            await asyncio.sleep(0.1)

    async def check_place(self) -> None:
        """Assert that all events before the place have been acknowledged."""
        (after_id, state), ids = await self.hook.api.database.query(stored)
        acknowledged = {request.key for request in self.hook.receiver.acknowledged}
        assert {key for key, id_ in ids.items() if id_ <= after_id} <= acknowledged
        self.places.append(after_id)
        if state is not WebhookState.ACTIVE:
            await self.hook.run(UPDATE, input={"id": self.hook.id, "state": "ACTIVE"})


def stored(connection: Connection) -> tuple[tuple[int, WebhookState], dict[tuple[int, int], int]]:
    """Return the place and the state, and the IDs of all events by session and version."""
    after_id, state = connection.execute(select(WEBHOOK.c.after_id, WEBHOOK.c.state)).one()
    events = connection.execute(select(EVENT.c.session_id, EVENT.c.version, EVENT.c.id))
    return (after_id, state), {(session_id, version): id_ for session_id, version, id_ in events}


@pytest.mark.alone
def test_events_arrive_in_order_though_processes_are_killed(serve: Callable[..., Api]) -> None:
    api = serve(webhooks=False, webhook_networks=("127.0.0.0/8",))

    async def scenario() -> None:
        async with Receiver() as receiver:
            hook = Hook(api, receiver)
            await hook.create()
            chaos = Chaos(hook, api.server.settings.database_url)
            try:
                await play(chaos)
            finally:
                for process in chaos.processes:
                    with suppress(ProcessLookupError):
                        process.kill()
                    await process.wait()

    async def play(chaos: Chaos) -> None:
        await chaos.start()
        await chaos.start()
        work: list[asyncio.Task[Any]] = [
            asyncio.create_task(each()) for each in (chaos.write, chaos.kill_again_and_again, chaos.observe)
        ]
        done, _ = await asyncio.wait(work, timeout=SECONDS, return_when=asyncio.FIRST_EXCEPTION)
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        for task in done:
            task.result()  # raises what it has raised
        chaos.calm = True
        for _ in range(600):
            await chaos.check_place()
            _, ids = await api.database.query(stored)
            if chaos.places[-1] == max(ids.values()):
                break
            await asyncio.sleep(0.1)
        else:
            pytest.fail("the place does not reach the end of the history")
        assert chaos.killed >= 3
        assert len(ids) >= 50
        versions: dict[int, list[int]] = {}
        for session_id, version in sorted(ids):
            versions.setdefault(session_id, []).append(version)
        assert chaos.hook.receiver.versions() == versions

    api.runner.run(scenario())
