"""The shop that ``cartograph serve --dev`` shows: 300 purchases that people made at the CDNOW music shop in 1997-98.

Each start creates a key that is valid for a day: only hashes of keys are stored, so an older one cannot be printed.
"""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from operator import itemgetter
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from db.domain.cart import CartLine, LineName, ReturnRequest
from db.domain.commands import (
    CancelSession,
    CloseSession,
    CreateApplication,
    CreateKey,
    CreateSession,
    ReturnItems,
    SessionContent,
)
from db.operations.applications import create_application
from db.operations.keys import create_key
from db.operations.outcome import Actor
from db.operations.sessions import cancel_session, close_session, create_session, return_items
from db.tables import ApplicationRow
from graphql_api.demo.promotions import COUPON, REFERRAL, STARTS, add_promotions

SESSIONS = Path(__file__).parent / "sessions.jsonl"
SHOP = Actor(name="Demo shop", key_prefix="")
STAYS_OPEN, IS_CANCELLED, IS_RETURNED = 3, 6, 9  # the last digit of a session's number
HAS_COUPON, HAS_REFERRAL = (3, 5), (4, 7)  # the last digits, from the start of the promotions on

Step = tuple[datetime, Callable[..., object], Any]


def prepare(connection: Connection, now: datetime) -> str:
    """Fill the database if it is empty, and return a new WRITER key of its first application."""
    application_id = connection.scalar(select(func.min(ApplicationRow.application_id))) or fill(connection)
    expires = now + timedelta(days=1)
    command = CreateKey(application_id=application_id, name="development", role="writer", expires=expires)
    return create_key(connection, command, now).secret


def fill(connection: Connection) -> int:
    """Create the shop and run the operations on its sessions in order of time. Return its application ID."""
    records = [json.loads(line, parse_float=Decimal) for line in SESSIONS.read_text(encoding="utf-8").splitlines()]
    opened = min(datetime.fromisoformat(record["created"]) for record in records)
    application_id = create_application(connection, CreateApplication(name=SHOP.name, currency="EUR"), opened)
    steps: list[Step] = [(STARTS, add_promotions, application_id)]
    steps += [each for number, record in enumerate(records) for each in session_steps(application_id, number, record)]
    for moment, operation, command in sorted(steps, key=itemgetter(0)):
        operation(connection, SHOP, command, moment)
    return application_id


def session_steps(application_id: int, number: int, record: dict[str, Any]) -> Iterator[Step]:
    """Yield the operations on one session with their times: most sessions are closed after ten minutes."""
    name = {"application_id": application_id, "integration_id": record["integrationId"]}
    cart = [
        CartLine(
            sku=item["sku"],
            name=item["name"],
            quantity=item["quantity"],
            price=Decimal(item["price"]),
            category=item["category"],
        )
        for item in record["cartItems"]
    ]
    created = datetime.fromisoformat(record["created"])
    digit = number % 10
    content = SessionContent(
        profile_id=record["profileId"],
        cart_items=cart,
        coupon=COUPON if created >= STARTS and digit in HAS_COUPON else None,
        referral=REFERRAL if created >= STARTS and digit in HAS_REFERRAL else None,
    )
    yield created, create_session, CreateSession(**name, content=content)
    if digit == IS_CANCELLED:
        yield created + timedelta(hours=1), cancel_session, CancelSession(**name, reason="Payment failed.")
    elif digit != STAYS_OPEN:
        yield created + timedelta(minutes=10), close_session, CloseSession(**name)
    if digit == IS_RETURNED:
        items = [ReturnRequest(LineName(position=0), None)]
        yield (
            created + timedelta(days=7),
            return_items,
            ReturnItems(**name, items=items),
        )


def invitation(endpoint: str, key: str) -> str:
    """Return the text for the terminal: the address of GraphiQL, the key, and a command to try."""
    query = '{ customerSession(integrationId: "cdnow-1") { state total cartItems { name quantity price } } }'
    body = json.dumps({"query": query})
    return f"""
  GraphiQL  {endpoint}
  Key       {key}  (a writer's, for a day)
  Try       curl {endpoint} -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' -d '{body}'
"""
