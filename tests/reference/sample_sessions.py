"""Sample sessions in every state and four currencies, with equal values that make orders break ties."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from sample_promotions import SamplePromotions
from sqlalchemy import Connection, func, insert, select, text

from db.domain.attribute_definition import AttributeDefinition, AttributeEntity, AttributeType
from db.domain.cart import CartLine, LineName, ReturnRequest
from db.domain.commands import (
    CancelSession,
    CloseSession,
    CreateApplication,
    CreateAttributeDefinition,
    CreateSession,
    Discount,
    ReturnItems,
    SessionContent,
    UpdateProfile,
    UpdateSession,
)
from db.domain.lifecycle import SessionState
from db.domain.money import RoundingMode
from db.domain.webhook import WebhookState
from db.operations.applications import create_application
from db.operations.attribute_definitions import create_attribute_definition
from db.operations.outcome import Actor
from db.operations.profiles import update_profile
from db.operations.sessions import cancel_session, close_session, create_session, return_items, update_session
from db.repository.core import EVENT, WEBHOOK
from db.repository.ids import next_ids

START = datetime(2026, 3, 1, 10, tzinfo=UTC)

TILL = Actor("Till", "till00000000")
WORDS = (
    "",
    "Zoë",
    'a "quoted" \\ word',
    "line\nbreak",
    "漢字",
    "😀",
    "e\u0301",
    "\uffff",
    "\U0010ffff",
    "tab\t\x7f\x01",
)
PRICES = ("0", "1.5", "9.99", "0.0125", "10", "250", "7.3")
PROFILES = ("ada", "Ada", "zoë", "漢字", "😀-1", "rich", "idle")
COUPONS = ("SPRING", "spring", "50%", "'; --")
SKUS = ("apple", "Apple", "pear", "漢字", "x" * 40)
DEFINITIONS = (
    (AttributeEntity.CUSTOMER_SESSION, "note", AttributeType.STRING),
    (AttributeEntity.CUSTOMER_SESSION, "score", AttributeType.NUMBER),
    (AttributeEntity.CUSTOMER_SESSION, "gift", AttributeType.BOOLEAN),
    (AttributeEntity.CUSTOMER_SESSION, "place", AttributeType.LOCATION),
    (AttributeEntity.CUSTOMER_SESSION, "tags", AttributeType.STRING_LIST),
    (AttributeEntity.CART_ITEM, "colour", AttributeType.STRING),
    (AttributeEntity.CUSTOMER_PROFILE, "notes", AttributeType.STRING_LIST),
)


def fill_applications(connection: Connection) -> None:
    """Fill applications 1 and 2, which exist, and two more whose currencies have three and four minor digits."""
    for currency, mode in (("KWD", RoundingMode.HALF_EVEN), ("CLF", RoundingMode.DOWN)):
        create_application(connection, CreateApplication(name=currency, currency=currency, rounding_mode=mode), START)
    for application_id, digits, size in ((1, 2, 260), (2, 0, 60), (3, 3, 60), (4, 4, 60)):
        SampleSessions(connection, application_id, digits).fill(size)
        promotions = SamplePromotions(connection, application_id, START)
        promotions.fill()
        promotions.fill_sessions()


class SampleSessions:
    """The sessions of one application; the same in every run."""

    def __init__(self, connection: Connection, application_id: int, digits: int) -> None:
        self.connection = connection
        self.application_id = application_id
        self.unit = Decimal(1).scaleb(-digits)
        self.random = Random(application_id)  # noqa: S311 (reproducible, not for security)

    def fill(self, size: int) -> None:
        """Insert attributes, sessions and profiles."""
        for entity, name, type_ in DEFINITIONS:
            definition = AttributeDefinition(entity=entity, name=name, type=type_, description=self.word())
            command = CreateAttributeDefinition(application_id=self.application_id, definition=definition)
            create_attribute_definition(self.connection, command, START)
        for number in range(size):
            self.add_session(
                f"{self.random.choice(('s', 'S', 'ß', '😀', 's%_'))}{number}", START + timedelta(seconds=number // 7)
            )
        for name in PROFILES[::2]:
            profile = UpdateProfile(
                application_id=self.application_id, integration_id=name, attributes={"notes": list(WORDS)}
            )
            update_profile(self.connection, TILL, profile, START + timedelta(hours=1))

        self.add_webhooks()

    def add_webhooks(self) -> None:
        """Insert webhooks that send nothing: one at the beginning of the history, one later."""
        middle = select(func.min(EVENT.c.id) + 20).where(EVENT.c.application_id == self.application_id)
        places = (0, self.connection.execute(middle).scalar_one())
        for after_id, types, state in zip(places, (None, ["CLOSED", "CANCELLED"]), ("PAUSED", "FAILING"), strict=True):
            (webhook_id,) = next_ids(self.connection, WEBHOOK, self.application_id)
            row = {
                "application_id": self.application_id,
                "id": webhook_id,
                "url": f"https://shop.example/{self.word()}",
            }
            row |= {"document": self.word(), "types": types, "state": WebhookState[state], "secrets": [], "retries": []}
            row |= {"after_id": after_id, "acknowledged": [], "failures": 3, "created": START}
            if types:
                row |= {"last_attempt": START, "last_status": 500, "last_error": self.word(), "next_attempt": START}
            self.connection.execute(insert(WEBHOOK).values(row))

    def add_session(self, integration_id: str, now: datetime) -> None:
        """Create a session and change it."""
        name: dict[str, Any] = {"application_id": self.application_id, "integration_id": integration_id}
        state = self.random.choice((SessionState.OPEN, SessionState.OPEN, SessionState.CLOSED))
        content = self.content()
        create_session(self.connection, TILL, CreateSession(**name, state=state, content=content), now)
        later = now + timedelta(milliseconds=self.random.choice((0, 0, 1, 5_000)))
        for _ in range(self.random.choice((0, 0, 1, 4)) if state is SessionState.OPEN else 0):
            update_session(self.connection, TILL, UpdateSession(**name, content=self.content()), later)
        if state is SessionState.OPEN and self.random.random() < 0.5:
            close_session(self.connection, TILL, CloseSession(**name), later)
            state = SessionState.CLOSED
        if state is SessionState.CLOSED:
            for item in self.returned(integration_id):
                command = ReturnItems(**name, items=[item])
                return_items(self.connection, TILL, command, later + timedelta(minutes=1))
        if self.random.random() < 0.2:
            reason = self.random.choice((None, "Changed my mind", *WORDS[1:5]))
            cancel_session(self.connection, TILL, CancelSession(**name, reason=reason), later + timedelta(minutes=2))

    def content(self) -> SessionContent:
        """Return the content of a session."""
        profile, lines = self.random.choice((None, None, *PROFILES)), list(self.lines())
        if profile == "rich":
            lines = [CartLine(sku="yacht", quantity=1, price=Decimal("99999999999999.9999"))]
        total = sum((each.price * each.quantity for each in lines), Decimal(0))
        return SessionContent(
            profile_id=profile,
            coupon=self.random.choice((None, None, *COUPONS)),
            referral=self.random.choice((None, None, *COUPONS)),
            cart_items=lines,
            identifiers=self.random.sample(
                ("web", "shop", "Web", "漢字", *map(str, range(20))), self.random.randint(0, 5)
            ),
            attributes=self.attributes() if self.random.random() < 0.7 else {},
            discounts=[
                Discount(label, 3 * self.unit) for label in WORDS[1:4] if total > 9 * self.unit and self.flip_coin()
            ],
        )

    def lines(self) -> Iterator[CartLine]:
        """Yield cart lines; a SKU may occur twice."""
        for _ in range(self.random.choice((0, 1, 2, 3, 5))):
            yield CartLine(
                sku=self.random.choice(SKUS),
                quantity=self.random.randint(1, 4),
                price=Decimal(self.random.choice(PRICES)),
                name=self.word() or None,
                category=self.random.choice((None, "fruit")),
                product_name=self.word() or None,
                weight=self.random.choice((None, Decimal("150"), Decimal("0.5"))),
                length=self.random.choice((None, Decimal("12.3400"), Decimal(0))),
                attributes={"colour": self.word()} if self.flip_coin() else {},
            )

    def attributes(self) -> dict[str, Any]:
        """Return attribute values of every type."""
        return {
            "note": self.word(),
            "score": self.random.choice((0, -1.5, 2**53, 1e-7, 12)),
            "gift": self.flip_coin(),
            "place": {"latitude": 47.5, "longitude": -122},
            "tags": list(self.random.sample(WORDS, 3)),
        }

    def returned(self, integration_id: str) -> Iterator[ReturnRequest]:
        """Yield the items of up to two returns."""
        for line in self.random.sample(range(self.lines_of(integration_id)), min(2, self.lines_of(integration_id))):
            if self.flip_coin():
                yield ReturnRequest(LineName(position=line), 1)

    def lines_of(self, integration_id: str) -> int:
        """Return the number of lines of a session."""
        count = text(
            "SELECT count(*) FROM cart_item JOIN customer_session s ON s.application_id = cart_item.application_id"
            " AND s.id = session_id WHERE s.application_id = :application_id AND s.integration_id = :integration_id"
        )
        names = {"application_id": self.application_id, "integration_id": integration_id}
        return int(self.connection.execute(count, names).scalar_one())

    def flip_coin(self) -> bool:
        """Return True with probability 1/2."""
        return self.random.random() < 0.5

    def word(self) -> str:
        """Return a text that is hard to quote."""
        return self.random.choice(WORDS)
