"""The session."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar

import strawberry
from sqlalchemy import ColumnElement, case, select

from db.domain.lifecycle import SessionState, next_states
from db.engine import json
from db.tables import ApplicationRow, CustomerSessionRow, DiscountRow, IdentifierRow
from graphql_api.execution.context import Info
from graphql_api.execution.read import read_field
from graphql_api.scalars import JSONObject
from graphql_api.sql.fields import Order, Page, column, json_text, many, money, one, reads, value
from graphql_api.sql.global_ids import Source
from graphql_api.sql.json_objects import in_list
from graphql_api.sql.json_scalars import Quoted
from graphql_api.sql.scope import Scope
from graphql_api.types.application import Application
from graphql_api.types.cart_item import CartItem
from graphql_api.types.customer_profile import CustomerProfile
from graphql_api.types.node import After, Before, Connection, First, Last, Node, of_application, of_session
from graphql_api.types.session_event import SessionEvent
from graphql_api.types.session_return import SessionReturn


def possible_states(scope: Scope) -> ColumnElement[str]:
    """The life cycle's graph, as SQL."""
    names = {state: json.dumps([each.name for each in next_states(state)]) for state in SessionState}
    return case(*((scope.row["state"] == state, text) for state, text in names.items()))


def currency(scope: Scope) -> ColumnElement[str]:
    """The currency of the session's application."""
    application = scope.trace.alias(Source(ApplicationRow))
    found = select(application.c.currency).where(of_application(application.c, scope.row))
    return found.correlate_except(application).scalar_subquery()


def identifiers(scope: Scope) -> ColumnElement[str]:
    """The session's identifiers as a JSON array."""
    table = scope.trace.alias(Source(IdentifierRow))
    found = select(Quoted(table.c.identifier).label("o")).where(*of_session(table.c, scope.row))
    return in_list(found.order_by(table.c.position).correlate_except(table))


@strawberry.type(description="A discount on the whole session.")
class Discount:
    """A discount as the API shows it."""

    source: ClassVar[Source] = Source(DiscountRow)

    label: str = column("What it is called; once in a session.")
    amount: Decimal = money("A whole number of minor units, 0 or more.")


@strawberry.type(description="A shopper's cart from the first item to the last return.")
class CustomerSession(Node):
    """A session as the API shows it."""

    source: ClassVar[Source] = Source(CustomerSessionRow, "session")

    integration_id: str = column(
        "Set by the integration layer; unique in the application; 1 to 1000 characters and at most 1300 bytes of UTF-8."
    )
    created: datetime = column("When it was created.")
    updated: datetime = column("When the latest event happened.")
    closed: datetime | None = column("When the purchase was made; null where it was not.")
    cancelled: datetime | None = column("When it was cancelled; null where it was not.")
    application_id: int = column("The number of its application.")
    application: Application = one(
        "Its application.", lambda scope, application: [of_application(application, scope.row)]
    )
    profile_id: str | None = column("The customer's integration ID; null for an anonymous session.")
    profile: CustomerProfile | None = one(
        "The customer; null for an anonymous session.",
        lambda scope, profile: [
            of_application(profile, scope.row),
            profile["integration_id"] == scope.row["profile_id"],
        ],
    )
    coupon: str | None = column("The coupon code, as entered.")
    referral: str | None = column("The referral code, as entered.")
    state: SessionState = column("Where it stands in its life.")
    next_states: list[SessionState] = json_text("The other states it can go to from here.", possible_states)
    cart_items: list[CartItem] = many(
        "The lines of the cart, in order.",
        lambda scope, line: of_session(line, scope.row),
        order_by=["position"],
    )
    identifiers: list[str] = json_text("Names the session can be found by, in the order given; at most 5.", identifiers)
    currency: str = value("The ISO 4217 code of its amounts.", currency)
    total: Decimal = money("Sum of price times quantity over the cart, before discounts and returns.")
    discount_total: Decimal = money("Sum of the discounts; never more than total.")
    returned_total: Decimal = money("What returns have given back, discount shares taken off.")
    net_total: Decimal = money(
        "total - discountTotal - returnedTotal; never negative.",
        lambda scope: scope.row["total"] - scope.row["discount_total"] - scope.row["returned_total"],
    )
    attributes: JSONObject = column("Its attributes, by name.")
    first_session: bool = column(
        "Whether the profile had no other session in this application when it was set; true for an anonymous session."
    )
    discounts: list[Discount] = many(
        "The discounts, in label order.",
        lambda scope, discount: of_session(discount, scope.row),
        order_by=["label"],
    )
    returns: list[SessionReturn] = many(
        "The returns, the oldest first.",
        lambda scope, made: of_session(made, scope.row),
        order_by=["version"],
    )
    version: int = column("1 at creation, one more with every accepted change.")

    @strawberry.field(
        description="The session's history, the oldest event first.",
        metadata=reads(
            Page(lambda scope, event: of_session(event, scope.row), lambda scope: Order("version", ("version",)))
        ),
    )
    async def events(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[SessionEvent]:
        """Read with the session."""
        return await read_field(info)
