"""The shop that ``cartograph serve --dev`` shows: 300 purchases that people made at the CDNOW music shop in 1997-98.

A key is made at each start, for a day: only its hash is kept, so an older one could not be printed again.
"""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from operator import itemgetter
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from db.domain.cart import CartLine, ReturnRequest
from db.domain.commands import (
    CancelSession,
    CloseSession,
    CreateApplication,
    CreateKey,
    CreateSession,
    ReturnItems,
    SessionCommand,
    SessionContent,
)
from db.operations.applications import create_application
from db.operations.keys import create_key
from db.operations.outcome import Actor, Outcome
from db.operations.sessions import cancel_session, close_session, create_session, return_items
from db.tables import ApplicationRow

SESSIONS = Path(__file__).parent / "sessions.jsonl"
SHOP = Actor(name="Demo shop", key_prefix="")
STAYS_OPEN, IS_CANCELLED, COMES_BACK = 3, 6, 9  # of ten

Happening = tuple[datetime, Callable[..., Outcome], SessionCommand]


def prepare(connection: Connection, now: datetime) -> str:
    """Fill the database if it is empty, and answer a new WRITER key to its first application."""
    application_id = connection.scalar(select(func.min(ApplicationRow.application_id))) or fill(connection)
    expires = now + timedelta(days=1)
    command = CreateKey(application_id=application_id, name="development", role="writer", expires=expires)
    return create_key(connection, command, now).secret


def fill(connection: Connection) -> int:
    """Make the shop, and let all that happened in it happen in order. Answers its application ID."""
    records = [json.loads(line, parse_float=Decimal) for line in SESSIONS.read_text(encoding="utf-8").splitlines()]
    opened = min(datetime.fromisoformat(record["created"]) for record in records)
    application_id = create_application(connection, CreateApplication(name=SHOP.name, currency="EUR"), opened)
    happened = [each for number, record in enumerate(records) for each in life(application_id, number, record)]
    for moment, operation, command in sorted(happened, key=itemgetter(0)):
        operation(connection, SHOP, command, moment)
    return application_id


def life(application_id: int, number: int, record: dict[str, Any]) -> Iterator[Happening]:
    """What happens to one session, and when: most are bought within ten minutes, and kept."""
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
    content = SessionContent(profile_id=record["profileId"], cart_items=cart)
    created = datetime.fromisoformat(record["created"])
    fate = number % 10
    yield created, create_session, CreateSession(**name, content=content)
    if fate == IS_CANCELLED:
        yield created + timedelta(hours=1), cancel_session, CancelSession(**name, reason="Payment failed.")
    elif fate != STAYS_OPEN:
        yield created + timedelta(minutes=10), close_session, CloseSession(**name)
    if fate == COMES_BACK:
        yield created + timedelta(days=7), return_items, ReturnItems(**name, items=[ReturnRequest(0, None, None)])


def invitation(endpoint: str, key: str) -> str:
    """Where to look, the key, and a line to paste into a shell."""
    query = '{ customerSession(integrationId: "cdnow-1") { state total cartItems { name quantity price } } }'
    body = json.dumps({"query": query})
    return f"""
  GraphiQL  {endpoint}
  Key       {key}  (a writer's, for a day)
  Try       curl {endpoint} -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' -d '{body}'
"""
