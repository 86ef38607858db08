"""Measure the CPU time of changes on SQLite without campaigns, and with a campaign of five limits."""

import asyncio
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from statistics import median
from time import process_time
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

sys.path.insert(0, str(Path(__file__).parent.parent))  # run as a script, from a checkout

from db import migrations
from db.domain.cart import CartLine
from db.domain.commands import CloseSession, CreateApplication, CreateSession, SessionContent, UpdateSession
from db.domain.promotions.campaign_state import CampaignState
from db.domain.promotions.commands import CreateCampaign
from db.engine import open_database
from db.operations.applications import create_application
from db.operations.campaigns import create_campaign
from db.operations.outcome import Actor
from db.operations.sessions import close_session, create_session, update_session

ACTOR, NOW = Actor("Till", "till00000000"), datetime(2026, 3, 1, tzinfo=UTC)
CART = [CartLine(sku=f"SKU-{number}", quantity=2, price=Decimal("10.00")) for number in range(5)]
LIMITS = [
    {"measure": "USES", "per": "CAMPAIGN", "max": "1000000"},
    {"measure": "USES", "per": "PROFILE", "max": "1000000"},
    {"measure": "USES", "per": "PROFILE", "max": "1000000", "period": "DAY"},
    {"measure": "DISCOUNT", "per": "CAMPAIGN", "max": "1000000.00"},
    {"measure": "DISCOUNT", "per": "PROFILE", "max": "1000000.00", "period": "MONTH"},
]
CAMPAIGN = {
    "name": "Spring",
    "rules": [{"label": "spring", "reward": {"percentOff": {"percent": "10"}}}],
    "limits": LIMITS,
}
SESSIONS = 100  # of one round


def changes(application_id: int, name: str, number: int) -> Iterator[tuple[str, Callable[..., Any], Any]]:
    """Yield the changes of one session."""
    key: dict[str, Any] = {"application_id": application_id, "integration_id": name}
    content = SessionContent(cart_items=CART, profile_id=f"customer {number % 50}")
    yield "create", create_session, CreateSession(**key, content=content)
    yield "update", update_session, UpdateSession(**key, content=SessionContent(cart_items=CART[:3]))
    yield "close", close_session, CloseSession(**key)


def measure(connection: Connection, applications: dict[str, int], prefix: str) -> dict[tuple[str, str], float]:
    """Return the CPU time of each change in each application, in microseconds."""
    spent: defaultdict[tuple[str, str], float] = defaultdict(float)
    for number in range(SESSIONS):
        for kind, application_id in applications.items():
            for change, operation, command in changes(application_id, f"{prefix} {number}", number):
                before = process_time()
                operation(connection, ACTOR, command, NOW)
                spent[kind, change] += process_time() - before
    return {key: seconds / SESSIONS * 1e6 for key, seconds in spent.items()}


async def run(rounds: int) -> None:
    """Create two applications, and measure changes of their sessions in turns."""
    with tempfile.TemporaryDirectory() as directory:
        database = await open_database(f"sqlite+aiosqlite:///{directory}/closes.db")
        await database.write(migrations.upgrade)
        applications = {}
        for kind in ("without campaigns", "with five limits"):
            command = CreateApplication(name=kind, currency="EUR")
            applications[kind] = await database.write(create_application, command, NOW)
        command_ = CreateCampaign(
            application_id=applications["with five limits"], content=CAMPAIGN, state=CampaignState.ACTIVE
        )
        await database.write(create_campaign, ACTOR, command_, NOW)
        found: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
        for number in range(rounds):
            for key, spent in (await database.write(measure, applications, f"round {number}")).items():
                found[key].append(spent)
        await database.close()
    for (kind, change), spents in sorted(found.items()):
        typer.echo(f"{change} {kind}: {median(spents):.0f} µs of CPU time (fastest round {min(spents):.0f})")


def main(rounds: Annotated[int, typer.Option(min=1, help="Rounds of 100 sessions.")] = 15) -> None:
    """Print the median CPU time of each change, without HTTP and GraphQL."""
    asyncio.run(run(rounds))


if __name__ == "__main__":
    typer.run(main)
