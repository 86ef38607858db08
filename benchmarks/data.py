"""What every server is asked about: 20,000 sessions of five lines, in the product's own tables."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert

from db.domain.commands import CreateApplication, CreateKey
from db.domain.lifecycle import SessionState
from db.engine import open_database
from db.migrations import upgrade
from db.operations import create_application, create_key
from db.tables import CartItemRow, CustomerProfileRow, CustomerSessionRow, KeyRole

SESSIONS = 20_000
LINES = 5
PROFILES = 500
OPENED = datetime(2026, 1, 1, tzinfo=UTC)
NOTHING = Decimal(0)


def load(path: Path) -> str:
    """Make the database and answer a READER key to it."""
    return asyncio.run(write(f"sqlite+aiosqlite:///{path}"))


async def write(url: str) -> str:
    """Tables first, then all rows in one transaction."""
    database = await open_database(url)
    try:
        await database.write(upgrade)
        return await database.write(fill)
    finally:
        await database.close()


def fill(connection: Connection) -> str:
    """One application, its rows, and a key that reads them. The rows go in by the thousand, so they bring no events."""
    application_id = create_application(connection, CreateApplication(name="Benchmark", currency="EUR"), OPENED)
    rows = {
        CustomerProfileRow: profiles(application_id),
        CustomerSessionRow: sessions(application_id),
        CartItemRow: lines(application_id),
    }
    for table, values in rows.items():
        connection.execute(insert(table), list(values))
    command = CreateKey(application_id=application_id, name="benchmark", role=KeyRole.READER)
    return create_key(connection, command, datetime.now(UTC)).secret


def profiles(application_id: int) -> Iterator[dict[str, Any]]:
    """The customers."""
    for number in range(PROFILES):
        yield {
            "application_id": application_id,
            "integration_id": f"customer-{number}",
            "created": OPENED,
            "updated": OPENED,
            "attributes": {},
        }


def sessions(application_id: int) -> Iterator[dict[str, Any]]:
    """The sessions; the first of each customer is a first session."""
    for number in range(SESSIONS):
        moment = OPENED + timedelta(seconds=number)
        yield {
            "application_id": application_id,
            "id": number + 1,
            "integration_id": f"session-{number}",
            "profile_id": f"customer-{number % PROFILES}",
            "state": SessionState.OPEN,
            "version": 1,
            "first_session": number < PROFILES,
            "minor_digits": 2,
            "total": sum((price(number, position) * (position + 1) for position in range(LINES)), NOTHING),
            "discount_total": NOTHING,
            "returned_total": NOTHING,
            "created": moment,
            "updated": moment,
            "attributes": {},
        }


def lines(application_id: int) -> Iterator[dict[str, Any]]:
    """Five lines a session; no two sessions have the same prices."""
    for number in range(SESSIONS):
        for position in range(LINES):
            yield {
                "application_id": application_id,
                "session_id": number + 1,
                "position": position,
                "sku": f"sku-{number % 97}-{position}",
                "name": f"Thing {position} of shelf {number % 97}",
                "quantity": position + 1,
                "returned_quantity": 0,
                "price": price(number, position),
                "discount_share": NOTHING,
                "returned_total": NOTHING,
                "attributes": {},
            }


def price(number: int, position: int) -> Decimal:
    """In whole cents."""
    return Decimal(number + 100 * position + 99) / 100
