"""The rows that every server reads: 20,000 sessions of five lines with their histories, in Cartograph's tables."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection, text

from db.domain import session as rule
from db.domain.cart import CartLine, LineName, ReturnRequest
from db.domain.commands import CreateApplication, CreateKey, CreateSession, Discount, SessionContent
from db.domain.content import Rules
from db.domain.events import EventType, make_event
from db.domain.session import CustomerSession
from db.engine import open_database
from db.migrations import upgrade
from db.operations.applications import create_application
from db.operations.keys import create_key
from db.repository.applications import load_rules
from db.repository.bulk_insert import SessionWithEvents, insert_sessions
from db.tables import KeyRole

SESSIONS = 20_000
LINES = 5
PROFILES = 500
COUPONS = 40
BATCH = 1_000  # sessions in one insert
OPENED = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NAME = "benchmark"

Change = tuple[EventType, Callable[[CustomerSession, datetime], CustomerSession]]


def load(url: str) -> str:
    """Fill an empty database. Returns a key with the WRITER role."""
    return asyncio.run(write(url))


async def write(url: str) -> str:
    """Create the tables, then insert all rows in one transaction."""
    database = await open_database(url)
    try:
        await database.write(upgrade)
        return await database.write(fill)
    finally:
        await database.close()


def fill(connection: Connection) -> str:
    """Insert one application, its customers and sessions, and a key. Returns the key."""
    application_id = create_application(connection, CreateApplication(name=NAME, currency="EUR"), OPENED)
    rules = load_rules(connection, application_id)
    for start in range(0, SESSIONS, BATCH):
        sessions = [session_with_events(application_id, start + number, rules) for number in range(BATCH)]
        insert_sessions(connection, application_id, sessions)
    connection.execute(text("ANALYZE"))  # SQLite's manual recommends it after a bulk load; all servers get better plans
    command = CreateKey(application_id=application_id, name=NAME, role=KeyRole.WRITER)
    return create_key(connection, command, datetime.now(UTC)).secret


def session_with_events(application_id: int, number: int, rules: Rules) -> SessionWithEvents:
    """Return a session and its history, computed by the domain."""
    content = SessionContent(
        profile_id=f"customer-{number % PROFILES}", cart_items=[line(number, position) for position in range(LINES)]
    )
    command = CreateSession(application_id=application_id, integration_id=f"session-{number}", content=content)
    new = rule.create(command, rules, created(number), f"line-{number}-")
    session = replace(new, first_session=number < PROFILES)
    history = [make_event(EventType.CREATED, None, session, NAME)]
    for type_, change in changes(number, rules):
        at = session.updated + MINUTE
        before, session = session, replace(change(session, at), version=session.version + 1, updated=at)
        history.append(make_event(type_, before, session, NAME))
    return SessionWithEvents(session, history)


def created(number: int) -> datetime:
    """Return the creation time of a session: one is created every minute."""
    return OPENED + number * MINUTE


def line(number: int, position: int) -> CartLine:
    """Return a cart line. No two sessions have the same prices."""
    return CartLine(
        sku=f"sku-{number % 97}-{position}",
        name=f"Thing {position} of shelf {number % 97}",
        quantity=position + 1,
        price=Decimal(number + 100 * position + 99) / 100,
    )


def changes(number: int, rules: Rules) -> Iterator[Change]:
    """Yield the changes of a session.

    Of four sessions one stays open, one is closed, one is closed and partially returned, one is closed and cancelled.
    These four share a coupon; half of all sessions have none.
    """
    group, fate = divmod(number, 4)
    discounts = [Discount("Welcome", Decimal("1.50"))]
    content = SessionContent(discounts=discounts)
    if (code := group % (2 * COUPONS)) < COUPONS:
        discounts.append(Discount("Coupon", Decimal("2.50")))
        content = replace(content, coupon=f"coupon-{code}")
    yield EventType.UPDATED, lambda session, at: rule.update(session, content, rules, "")
    if fate == 0:
        return
    yield EventType.CLOSED, rule.close
    if fate == 2:
        items = [ReturnRequest(LineName(position=0), None)]
        yield EventType.ITEMS_RETURNED, lambda session, at: rule.return_items(session, items, rules.rounding, at)
    elif fate == 3:
        yield EventType.CANCELLED, lambda session, at: rule.cancel(session, None, at)
