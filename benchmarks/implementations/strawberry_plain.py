"""Strawberry, SQLModel and DataLoaders, used as in their manuals: ``plain``, and ``cached`` with both caches.

Unlike Cartograph it has no keys, no limits and one currency.
"""

import os
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

import strawberry
from sqlalchemy import ColumnElement, event, func
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, SchemaExtension, ValidationCache
from strawberry.schema.config import StrawberryConfig
from strawberry.types.scalar import ScalarDefinition

from db.domain.events import EventType
from db.domain.lifecycle import SessionState
from db.domain.times import format_time
from db.tables import CartItemRow, CustomerProfileRow, DiscountRow, SessionEventRow, SessionReturnRow
from db.tables import CustomerSessionRow as Row

T = TypeVar("T")

APPLICATION = 1
engine = create_async_engine(
    f"sqlite+aiosqlite:///{os.environ['DATABASE']}",
    isolation_level="AUTOCOMMIT",  # each read is one statement, and needs no transaction around it
    pool_reset_on_return=None,
    pool_size=2,  # as in Cartograph; more connections were slower, since they wait for the GIL
    max_overflow=0,
)
strawberry.enum(SessionState)


@event.listens_for(engine.sync_engine, "connect")
def set_pragmas(connection: Any, record: object) -> None:
    """Set the cache size of Cartograph's connections."""
    connection.execute("PRAGMA cache_size = -16384")


async def rows(statement: Any) -> Sequence[Any]:
    """Return the rows of a statement. Resolvers run concurrently and must not share a database session."""
    async with AsyncSession(engine) as database:
        return (await database.exec(statement)).all()


@strawberry.type
class CartItem:
    """A line."""

    position: int
    sku: str
    name: str | None
    quantity: int
    price: Decimal
    total: Decimal


@strawberry.type
class Discount:
    """A discount."""

    label: str
    amount: Decimal


@strawberry.type
class SessionReturn:
    """A return."""

    created: datetime
    amount: Decimal


@strawberry.type
class CustomerProfile:
    """A customer."""

    integration_id: str
    created: datetime


@strawberry.interface
class SessionEvent:
    """One change of a session."""

    version: int
    occurred: datetime
    actor: str


EVENTS: dict[EventType, Callable[..., SessionEvent]] = {
    type_: strawberry.type(type(name, (SessionEvent,), {}))
    for type_, name in (
        (EventType.CREATED, "SessionCreated"),
        (EventType.UPDATED, "SessionUpdated"),
        (EventType.CLOSED, "SessionClosed"),
        (EventType.ITEMS_RETURNED, "ItemsReturned"),
        (EventType.CANCELLED, "SessionCancelled"),
    )
}


@strawberry.type
class SessionEventConnection:
    """A page of a history."""

    nodes: list[SessionEvent]


def load_by_session(
    table: Any, order: str, convert: Callable[[Any], T]
) -> Callable[[list[int]], Awaitable[list[list[T]]]]:
    """Return a batch function that loads the rows of sessions from a table."""

    async def load(keys: list[int]) -> list[list[T]]:
        statement = select(table).where(table.application_id == APPLICATION, table.session_id.in_(keys))
        found = defaultdict(list)
        for row in await rows(statement.order_by(table.session_id, getattr(table, order))):
            found[row.session_id].append(convert(row))
        return [found[key] for key in keys]

    return load


async def load_profiles(keys: list[str]) -> list[CustomerProfile | None]:
    """Load profiles by integration ID."""
    row = CustomerProfileRow
    statement = select(row).where(row.application_id == APPLICATION, col(row.integration_id).in_(keys))
    found = {
        each.integration_id: CustomerProfile(integration_id=each.integration_id, created=each.created)
        for each in await rows(statement)
    }
    return [found.get(key) for key in keys]


async def load_sessions(keys: list[str]) -> list["CustomerSession | None"]:
    """Load sessions by integration ID."""
    statement = select(Row).where(Row.application_id == APPLICATION, col(Row.integration_id).in_(keys))
    found = {row.integration_id: session_of(row) for row in await rows(statement)}
    return [found.get(key) for key in keys]


async def load_events(keys: list[tuple[int, int]]) -> list[list[SessionEvent]]:
    """Load the last events of sessions; a key is a session's ID and the number of events."""
    row = SessionEventRow
    rank = func.row_number().over(partition_by=col(row.session_id), order_by=col(row.version).desc())
    of_these = row.application_id == APPLICATION, col(row.session_id).in_([key for key, _ in keys])
    ranked = select(row, rank.label("rank")).where(*of_these).subquery()
    last = aliased(row, ranked)
    statement = select(last).where(ranked.c.rank <= max(count for _, count in keys))
    found = defaultdict(list)
    for each in await rows(statement.order_by(col(last.session_id), col(last.version))):
        made = EVENTS[each.type](version=each.version, occurred=each.occurred, actor=each.actor)
        found[each.session_id].append(made)
    return [found[key][-count:] for key, count in keys]


def line_of(row: CartItemRow) -> CartItem:
    """Convert a row."""
    return CartItem(
        position=row.position,
        sku=row.sku,
        name=row.name,
        quantity=row.quantity,
        price=row.price,
        total=row.price * row.quantity,
    )


class Loaders:
    """The loaders of one request."""

    def __init__(self) -> None:
        self.sessions = DataLoader(load_sessions)
        self.profiles = DataLoader(load_profiles)
        self.lines = DataLoader(load_by_session(CartItemRow, "position", line_of))
        self.discounts = DataLoader(
            load_by_session(DiscountRow, "label", lambda row: Discount(label=row.label, amount=row.amount))
        )
        self.returns = DataLoader(
            load_by_session(
                SessionReturnRow, "version", lambda row: SessionReturn(created=row.created, amount=row.amount)
            )
        )
        self.events = DataLoader(load_events)


Info = strawberry.Info[Loaders, None]


@strawberry.type
class CustomerSession:
    """A session; its parts are loaded by the loaders."""

    integration_id: str
    profile_id: str | None
    state: SessionState
    coupon: str | None
    total: Decimal
    net_total: Decimal
    created: datetime
    first_session: bool
    key: strawberry.Private[int]

    @strawberry.field
    async def profile(self, info: Info) -> CustomerProfile | None:
        """Load the customer."""
        return await info.context.profiles.load(self.profile_id) if self.profile_id else None

    @strawberry.field
    async def cart_items(self, info: Info) -> list[CartItem]:
        """Load the cart lines."""
        return await info.context.lines.load(self.key)

    @strawberry.field
    async def discounts(self, info: Info) -> list[Discount]:
        """Load the discounts."""
        return await info.context.discounts.load(self.key)

    @strawberry.field
    async def returns(self, info: Info) -> list[SessionReturn]:
        """Load the returns."""
        return await info.context.returns.load(self.key)

    @strawberry.field
    async def events(self, info: Info, last: int = 20) -> SessionEventConnection:
        """Load the last events."""
        return SessionEventConnection(nodes=await info.context.events.load((self.key, last)))


def session_of(row: Row) -> CustomerSession:
    """Convert a row."""
    return CustomerSession(
        integration_id=row.integration_id,
        profile_id=row.profile_id,
        state=row.state,
        coupon=row.coupon,
        total=row.total,
        net_total=row.total - row.discount_total - row.returned_total,
        created=row.created,
        first_session=row.first_session,
        key=row.id,
    )


@strawberry.input
class DateTimeRange:
    """A range of time."""

    from_: datetime | None = strawberry.field(name="from", default=None)
    to: datetime | None = None


@strawberry.input
class CustomerSessionFilter:
    """Conditions for sessions."""

    states: list[SessionState] | None = None
    coupons: list[str] | None = None
    created: DateTimeRange | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the conditions as SQL."""
        found: list[ColumnElement[bool]] = []
        if self.states is not None:
            found.append(col(Row.state).in_(self.states))
        if self.coupons is not None:
            found.append(col(Row.coupon).in_(self.coupons))
        if self.created is not None and self.created.from_ is not None:
            found.append(col(Row.created) >= self.created.from_)
        if self.created is not None and self.created.to is not None:
            found.append(col(Row.created) < self.created.to)
        return found


@strawberry.type
class CustomerSessionConnection:
    """A page of sessions; fields that are not selected are not read."""

    conditions: strawberry.Private[list[ColumnElement[bool]]]
    first: strawberry.Private[int]

    @strawberry.field
    async def nodes(self) -> list[CustomerSession]:
        """Load the newest sessions."""
        newest = select(Row).where(*self.conditions).order_by(col(Row.created).desc(), col(Row.id).desc())
        return [session_of(row) for row in await rows(newest.limit(self.first))]

    @strawberry.field
    async def total_count(self) -> int:
        """Count all sessions."""
        (count,) = await rows(select(func.count()).select_from(Row).where(*self.conditions))
        return int(count)


@strawberry.type
class Query:
    """The fields that the cases select."""

    @strawberry.field
    async def customer_session(self, info: Info, integration_id: str) -> CustomerSession | None:
        """Load a session by its integration ID."""
        return await info.context.sessions.load(integration_id)

    @strawberry.field
    async def customer_sessions(
        self, first: int = 20, filter: CustomerSessionFilter | None = None
    ) -> CustomerSessionConnection:
        """Return a page of sessions."""
        conditions = filter.conditions() if filter else []
        return CustomerSessionConnection(conditions=[col(Row.application_id) == APPLICATION, *conditions], first=first)


class Server(GraphQL[Loaders, None]):
    """Strawberry's own ASGI application, with loaders for each request."""

    async def get_context(self, request: Any, response: Any) -> Loaders:
        """Return the context of a request."""
        return Loaders()


scalars: dict[object, ScalarDefinition] = {
    Decimal: strawberry.scalar(name="Decimal", serialize=lambda amount: f"{amount:.2f}", parse_value=Decimal),
    datetime: strawberry.scalar(name="DateTime", serialize=format_time, parse_value=datetime.fromisoformat),
}


def server(*extensions: type[SchemaExtension]) -> Server:
    """The application with these extensions."""
    config = StrawberryConfig(scalar_map=scalars)
    types: list[Any] = list(EVENTS.values())
    return Server(strawberry.Schema(Query, types=types, extensions=extensions, config=config), graphql_ide=None)


plain = server()
cached = server(ParserCache, ValidationCache)
