"""Strawberry, SQLModel and a DataLoader, as their manuals show: ``plain``, and ``cached`` with both caches.

It asks for no key, sets no limits and prints amounts for one currency: less work than Cartograph does.
"""

import os
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

import strawberry
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, SchemaExtension, ValidationCache
from strawberry.schema.config import StrawberryConfig
from strawberry.types.scalar import ScalarDefinition

from db.domain.entity import rfc_3339
from db.domain.lifecycle import SessionState
from db.tables import CartItemRow, CustomerSessionRow

APPLICATION = 1
engine = create_async_engine(f"sqlite+aiosqlite:///{os.environ['DATABASE']}")
strawberry.enum(SessionState)
Info = strawberry.Info[dict[str, Any], None]


@strawberry.type
class CartItem:
    """A line."""

    position: int
    sku: str
    name: str | None
    quantity: int
    price: Decimal

    @strawberry.field
    def total(self) -> Decimal:
        """Price times quantity."""
        return self.price * self.quantity


@strawberry.interface
class Node:
    """Anything with a global id."""

    id: strawberry.ID


@strawberry.type
class CustomerSession(Node):
    """A session; its lines come through the loader."""

    integration_id: str
    profile_id: str | None
    state: SessionState
    total: Decimal
    created: datetime
    first_session: bool
    key: strawberry.Private[int]

    @strawberry.field
    async def cart_items(self, info: Info) -> list[CartItem]:
        """One statement for all the sessions of a request."""
        lines: list[CartItem] = await info.context["lines"].load(self.key)
        return lines

    @classmethod
    def of(cls, row: CustomerSessionRow) -> Self:
        """The type from the row."""
        return cls(
            id=strawberry.ID(f"session-{APPLICATION}-{row.id}"),
            integration_id=row.integration_id,
            profile_id=row.profile_id,
            state=row.state,
            total=row.total,
            created=row.created,
            first_session=row.first_session,
            key=row.id,
        )


@strawberry.type
class Query:
    """The fields that the cases ask for."""

    @strawberry.field
    async def customer_session(self, info: Info, integration_id: str) -> CustomerSession | None:
        """One session by its integration ID."""
        statement = select(CustomerSessionRow).where(
            CustomerSessionRow.application_id == APPLICATION, CustomerSessionRow.integration_id == integration_id
        )
        row = (await info.context["database"].exec(statement)).one_or_none()
        return CustomerSession.of(row) if row else None

    @strawberry.field
    async def nodes(self, info: Info, ids: list[strawberry.ID]) -> list[Node | None]:
        """Sessions by their global ids."""
        keys = [int(each.rpartition("-")[2]) for each in ids]
        statement = select(CustomerSessionRow).where(
            CustomerSessionRow.application_id == APPLICATION, col(CustomerSessionRow.id).in_(keys)
        )
        found = {row.id: CustomerSession.of(row) for row in await info.context["database"].exec(statement)}
        return [found.get(key) for key in keys]


class DatabaseSession(SchemaExtension):
    """One database session for each request, and the loader that reads through it."""

    async def on_operation(self) -> AsyncIterator[None]:
        """Opened before the operation, closed behind it."""
        async with AsyncSession(engine) as database:

            async def load_lines(keys: list[int]) -> list[list[CartItem]]:
                statement = (
                    select(CartItemRow)
                    .where(CartItemRow.application_id == APPLICATION, col(CartItemRow.session_id).in_(keys))
                    .order_by(col(CartItemRow.session_id), col(CartItemRow.position))
                )
                lines = defaultdict(list)
                for row in await database.exec(statement):
                    line = CartItem(
                        position=row.position, sku=row.sku, name=row.name, quantity=row.quantity, price=row.price
                    )
                    lines[row.session_id].append(line)
                return [lines[key] for key in keys]

            self.execution_context.context["database"] = database
            self.execution_context.context["lines"] = DataLoader(load_lines)
            yield


scalars: dict[object, ScalarDefinition] = {
    Decimal: strawberry.scalar(name="Decimal", serialize=lambda amount: f"{amount:.2f}", parse_value=Decimal),
    datetime: strawberry.scalar(name="DateTime", serialize=rfc_3339, parse_value=datetime.fromisoformat),
}


def server(*extensions: type[SchemaExtension]) -> GraphQL[Any, None]:
    """Strawberry's own ASGI application."""
    return GraphQL(
        strawberry.Schema(
            Query,
            types=[CustomerSession],
            extensions=extensions,
            config=StrawberryConfig(scalar_map=scalars),
        ),
        graphql_ide=None,
    )


plain = server(DatabaseSession)
cached = server(DatabaseSession, ParserCache, ValidationCache)
