"""Run operations on one application, and read its rows."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import reduce
from typing import Any, ClassVar, Concatenate, ParamSpec, Self, TypeVar

import pytest
from sqlalchemy import Connection, RowMapping, delete, func, select

from db.domain.attribute_definition import AttributeDefinition, AttributeEntity, AttributeType
from db.domain.cart import CartLine, LineName, ReturnRequest
from db.domain.commands import (
    AddCartItems,
    CancelSession,
    CloseSession,
    CreateApplication,
    CreateAttributeDefinition,
    CreateSession,
    LineChange,
    MergeSessions,
    RemoveCartItems,
    ReturnItems,
    SessionContent,
    UpdateCartItems,
    UpdateSession,
    UpsertSession,
)
from db.domain.errors import Refusal, Refused
from db.domain.lifecycle import SessionState
from db.domain.session import CustomerSession
from db.engine.database import Database
from db.operations.applications import create_application
from db.operations.attribute_definitions import create_attribute_definition
from db.operations.carts import add_cart_items, merge_sessions, remove_cart_items, update_cart_items
from db.operations.outcome import Actor, Outcome
from db.operations.sessions import (
    cancel_session,
    close_session,
    create_session,
    return_items,
    update_session,
    upsert_session,
)
from db.repository.core import CART_ITEM, EVENT, PROFILE, SESSION
from db.repository.load import load_session
from db.tables import Row

P = ParamSpec("P")
T = TypeVar("T")


class Shop:
    """An application. Each operation runs one second after the previous one. The currency is the euro by default."""

    OPENED: ClassVar[datetime] = datetime(2026, 3, 1, 10, tzinfo=UTC)

    def __init__(self, runner: asyncio.Runner, database: Database, application_id: int) -> None:
        self.runner = runner
        self.database = database
        self.application_id = application_id
        self.now = self.OPENED
        self.till = Actor("Till", "till00000000")

    def another(self, name: str, currency: str, **facts: Any) -> Self:
        """Create another application in the same database."""
        command = CreateApplication(name=name, currency=currency, **facts)
        return type(self)(self.runner, self.database, self.write(create_application, command, self.tick()))

    def write(self, operation: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run an operation in a transaction."""
        return self.runner.run(self.database.write(operation, *args, **kwargs))

    def query(self, operation: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a query in a read-only transaction."""
        return self.runner.run(self.database.query(operation, *args, **kwargs))

    def tick(self) -> datetime:
        """Advance the clock by one second."""
        self.now += timedelta(seconds=1)
        return self.now

    def name(self, integration_id: str) -> dict[str, Any]:
        """Return the fields that identify a session in a command."""
        return {"application_id": self.application_id, "integration_id": integration_id}

    def create(
        self,
        integration_id: str = "s1",
        state: SessionState = SessionState.OPEN,
        key: str | None = None,
        net_total: str | None = None,
        **content: Any,
    ) -> Outcome:
        """Create a session; ``key`` is the idempotency key, and the net total is the expected one."""
        command = CreateSession(
            **self.name(integration_id),
            state=state,
            idempotency_key=key,
            content=SessionContent(**content),
            expected_net_total=None if net_total is None else Decimal(net_total),
        )
        return self.write(create_session, self.till, command, self.tick())

    def update(
        self, integration_id: str = "s1", version: int | None = None, key: str | None = None, **content: Any
    ) -> Outcome:
        """Update a session; ``version`` is the expected one."""
        command = UpdateSession(
            **self.name(integration_id),
            expected_version=version,
            idempotency_key=key,
            content=SessionContent(**content),
        )
        return self.write(update_session, self.till, command, self.tick())

    def upsert(self, integration_id: str = "s1", key: str | None = None, **content: Any) -> Outcome:
        """Create or update a session."""
        command = UpsertSession(**self.name(integration_id), idempotency_key=key, content=SessionContent(**content))
        return self.write(upsert_session, self.till, command, self.tick())

    def add(self, *items: CartLine, integration_id: str = "s1", **facts: Any) -> Outcome:
        """Put lines into the cart of a session."""
        command = AddCartItems(**self.name(integration_id), items=items, **facts)
        return self.write(add_cart_items, self.till, command, self.tick())

    def change(self, *items: LineChange, integration_id: str = "s1", **facts: Any) -> Outcome:
        """Change lines of a session."""
        command = UpdateCartItems(**self.name(integration_id), items=items, **facts)
        return self.write(update_cart_items, self.till, command, self.tick())

    def remove(self, *lines: LineName, integration_id: str = "s1", **facts: Any) -> Outcome:
        """Remove lines of a session."""
        command = RemoveCartItems(**self.name(integration_id), lines=lines, **facts)
        return self.write(remove_cart_items, self.till, command, self.tick())

    def merge(self, source: str, target: str, **facts: Any) -> Outcome:
        """Merge one session into another."""
        command = MergeSessions(
            application_id=self.application_id, from_integration_id=source, into_integration_id=target, **facts
        )
        return self.write(merge_sessions, self.till, command, self.tick())

    def close(
        self,
        integration_id: str = "s1",
        total: str | None = None,
        version: int | None = None,
        key: str | None = None,
        require_coupon: bool = False,
        net_total: str | None = None,
    ) -> Outcome:
        """Close a session; the total, the net total and the version are the expected ones."""
        command = CloseSession(
            **self.name(integration_id),
            expected_total=None if total is None else Decimal(total),
            require_coupon=require_coupon,
            expected_net_total=None if net_total is None else Decimal(net_total),
            expected_version=version,
            idempotency_key=key,
        )
        return self.write(close_session, self.till, command, self.tick())

    def cancel(
        self, integration_id: str = "s1", reason: str | None = None, version: int | None = None, key: str | None = None
    ) -> Outcome:
        """Cancel a session."""
        command = CancelSession(
            **self.name(integration_id), reason=reason, expected_version=version, idempotency_key=key
        )
        return self.write(cancel_session, self.till, command, self.tick())

    def return_items(
        self,
        *items: ReturnRequest,
        integration_id: str = "s1",
        version: int | None = None,
        key: str | None = None,
    ) -> Outcome:
        """Return items of a session."""
        command = ReturnItems(**self.name(integration_id), items=items, expected_version=version, idempotency_key=key)
        return self.write(return_items, self.till, command, self.tick())

    def define(
        self, entity: AttributeEntity, name: str, type_: AttributeType = AttributeType.STRING, **facts: Any
    ) -> None:
        """Define an attribute."""
        definition = AttributeDefinition(entity=entity, name=name, type=type_, **facts)
        command = CreateAttributeDefinition(application_id=self.application_id, definition=definition)
        self.write(create_attribute_definition, command, self.tick())

    def session(self, integration_id: str = "s1") -> CustomerSession:
        """Load a session. Loading locks its row, which needs a transaction that may write."""
        return self.write(load_session, self.application_id, integration_id)

    def profile(self, integration_id: str) -> RowMapping:
        """Return the row of a profile."""
        statement = select(PROFILE).filter_by(application_id=self.application_id, integration_id=integration_id)
        return self.query(lambda connection: connection.execute(statement).mappings().one())

    def history(self, integration_id: str = "s1") -> Sequence[RowMapping]:
        """Return the events of a session, the oldest first."""
        session = self.session(integration_id)
        statement = (
            select(EVENT)
            .where(EVENT.c.application_id == self.application_id, EVENT.c.session_id == session.id)
            .order_by(EVENT.c.version)
        )
        return self.query(lambda connection: connection.execute(statement).mappings().all())

    def all_rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return all rows of all tables, as the driver reads them."""

        def rows(connection: Connection, table: str) -> list[tuple[Any, ...]]:
            return sorted((tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {table}")), key=repr)  # noqa: S608 (table names are constants)

        return {name: self.query(rows, name) for name in Row.metadata.tables}


def open_shop(runner: asyncio.Runner, database: Database) -> Shop:
    """Create an application whose currency is the euro."""
    application = CreateApplication(name="Shop", currency="EUR")
    return Shop(runner, database, runner.run(database.write(create_application, application, Shop.OPENED)))


def fold(history: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Merge the ``changes`` of events, the oldest first."""
    return reduce(lambda folded, each: {**folded, **each}, history, {})


def line(sku: str = "apple", quantity: int = 1, price: str = "1.00", **facts: Any) -> CartLine:
    """Return a cart line."""
    return CartLine(sku=sku, quantity=quantity, price=Decimal(price), **facts)


def without_ids(cart: Iterable[CartLine]) -> tuple[CartLine, ...]:
    """Return the lines of a stored cart as they were sent."""
    return tuple(each._replace(id=None) for each in cart)


def units(position: int, quantity: int | None = None) -> ReturnRequest:
    """Return the request to return units of a line; without a quantity, all that remain."""
    return ReturnRequest(LineName(position=position), quantity)


def refusals(change: Callable[..., object], *args: Any, **kwargs: Any) -> tuple[Refusal, ...]:
    """Return the reasons for which an operation is refused."""
    with pytest.raises(Refused) as refused:
        change(*args, **kwargs)
    return refused.value.refusals


def remove_newest(connection: Connection, application_id: int) -> tuple[int, int]:
    """Remove the newest session with its events. Returns its ID and that of its last event."""
    of_application = SESSION.c.application_id == application_id
    session_id = connection.execute(select(func.max(SESSION.c.id)).where(of_application)).scalar_one()
    key = {"application_id": application_id, "session_id": session_id}
    event_id = connection.execute(select(func.max(EVENT.c.id)).filter_by(**key)).scalar_one()
    for table in (CART_ITEM, EVENT):
        connection.execute(delete(table).filter_by(**key))
    connection.execute(delete(SESSION).filter_by(application_id=application_id, id=session_id))
    return session_id, event_id
