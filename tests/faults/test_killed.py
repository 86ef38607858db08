"""A server killed under load: acknowledged changes are stored, and nothing is half-written."""

import asyncio
import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from customers import Act, Customers, versions
from process import Process, address, serving
from promotion_shop import insert_campaign, percent
from stores import Store

from db.domain.promotions.campaign_state import CampaignState
from db.engine import open_database
from graphql_api.cli import main
from graphql_api.settings import PREFIX

pytestmark = pytest.mark.alone


@pytest.fixture
def process(
    own_directory: Path, store: Store, seeded: tuple[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Process]:
    """``cartograph serve`` in a process of its own, on either database."""
    url = store.copy(seeded[0])
    asyncio.run(add_promotion(url))
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", url)
    with serving("--port", "0") as process:
        yield process
    store.release(url)


@pytest.fixture
def customers(process: Process, seeded: tuple[str, dict[str, str]]) -> Customers:
    """Customers of that server."""
    return Customers(address(process), seeded[1]["writer"])


async def add_promotion(url: str) -> None:
    """Give every session a discount that counts against four limits."""
    database = await open_database(url)
    limits = [
        {"measure": measure, "per": per, "max": "100000"}
        for measure in ("USES", "DISCOUNT")
        for per in ("CAMPAIGN", "PROFILE")
    ]
    content = {"name": "Spring", "rules": [percent("10")], "limits": limits}
    await database.write(insert_campaign, 1, content, CampaignState.ACTIVE, datetime.now(UTC))
    await database.close()


def killing(process: Process, after: int) -> Act:
    """Kills the server as soon as so many changes have been acknowledged."""

    def kill(customers: Customers) -> None:
        if customers.changes == after:
            os.killpg(process.pid, signal.SIGKILL)

    return kill


def test_changes_acknowledged_before_a_kill_are_stored_completely(
    process: Process, customers: Customers, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(customers.shop(1_000, killing(process, after=500)))

    assert 500 <= customers.changes < 1_000
    kept = versions()
    assert {name: version for name, version in customers.acknowledged.items() if kept.get(name, 0) < version} == {}
    assert main(["check"]) == 0
    assert f"{len(kept)} sessions checked, 0 disagreements" in capsys.readouterr().out


def test_a_server_started_after_a_kill_continues_the_sessions(process: Process, customers: Customers) -> None:
    asyncio.run(customers.shop(100, killing(process, after=50)))
    before = versions()

    with serving("--port", "0") as another:
        again = Customers(address(another), customers.key)
        asyncio.run(again.shop(40, prefix="after "))

    kept = versions()
    assert {name: kept[name] for name in before} == before
    assert {name: kept[name] for name in again.acknowledged} == again.acknowledged
    assert main(["check"]) == 0
