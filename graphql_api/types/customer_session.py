"""Customer sessions."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar

import strawberry
from sqlalchemy import ColumnElement, case, select

from db.domain import content
from db.domain.lifecycle import SessionState, next_states
from db.engine import json
from graphql_api.execution.context import Info
from graphql_api.execution.run import read_field
from graphql_api.scalars import JSONObject
from graphql_api.sql.fields import Order, Page, column, from_json, json_text, many, one, reads, value
from graphql_api.sql.json_objects import json_array
from graphql_api.sql.json_scalars import JsonString
from graphql_api.sql.scope import Scope
from graphql_api.sql.source import Source
from graphql_api.types.amounts import money
from graphql_api.types.application import Application
from graphql_api.types.cart_item import CartItem
from graphql_api.types.customer_profile import CustomerProfile
from graphql_api.types.discount import Discount
from graphql_api.types.evaluation import SessionEvaluation
from graphql_api.types.node import After, Before, Connection, First, Last, Node, of_application, of_session
from graphql_api.types.redemption import Redemption
from graphql_api.types.session_event import SessionEvent
from graphql_api.types.session_return import SessionReturn
from graphql_api.types.sources import APPLICATIONS, IDENTIFIERS, SESSIONS


def possible_states(scope: Scope) -> ColumnElement[str]:
    """Return the names of the next states as SQL: a CASE over the transitions of the life cycle."""
    names = {state: json.dumps([each.name for each in next_states(state)]) for state in SessionState}
    return case(*((scope.row["state"] == state, text) for state, text in names.items()))


def currency(scope: Scope) -> ColumnElement[str]:
    """Return the currency of the session's application."""
    application = scope.alias(APPLICATIONS)
    found = select(application.c.currency).where(of_application(application.c, scope.row))
    return found.correlate_except(application).scalar_subquery()


def identifiers(scope: Scope) -> ColumnElement[str]:
    """Return the session's identifiers as a JSON array."""
    table = scope.alias(IDENTIFIERS)
    found = select(JsonString(table.c.identifier).label("o")).where(*of_session(table.c, scope.row))
    return json_array(
        found.order_by(table.c.position).correlate_except(table), content.MAX_IDENTIFIERS, scope.row["size"]
    )


@strawberry.type(description="A shopper's cart, from the first item over the purchase to the last return.")
class CustomerSession(Node):
    source: ClassVar[Source] = SESSIONS

    integration_id: str = column(
        "The ID that your system gave the session, 1 to 1000 characters and at most 1300 bytes of UTF-8; unique in the"
        " application."
    )
    created: datetime = column("When the session was created.")
    updated: datetime = column("When the latest event of the session's history happened.")
    closed: datetime | None = column("When the session was closed, that is, the purchase was made; null if it was not.")
    cancelled: datetime | None = column("When the session was cancelled; null if it was not.")
    application_id: int = column("The number of the application that owns the session.")
    application: Application = one(
        "The application that owns the session.", lambda scope, application: [of_application(application, scope.row)]
    )
    profile_id: str | None = column("The integration ID of the customer; null for an anonymous session.")
    profile: CustomerProfile | None = one(
        "The profile of the customer; null for an anonymous session.",
        lambda scope, profile: [
            of_application(profile, scope.row),
            profile["integration_id"] == scope.row["profile_id"],
        ],
    )
    coupon: str | None = column("The coupon code as the shopper entered it; null if there is none.")
    referral: str | None = column("The referral code as the shopper entered it; null if there is none.")
    state: SessionState = column("The state of the session.")
    next_states: list[SessionState] = json_text(
        "The other states that the session can go to; empty for a cancelled session.", possible_states
    )
    cart_items: list[CartItem] = many(
        "All lines of the cart, in order.",
        lambda scope, line: of_session(line, scope.row),
        order_by=["position"],
        within="size",
    )
    identifiers: list[str] = json_text(
        "Texts that the session can be found by, in the order in which they were given; at most 5.", identifiers
    )
    currency: str = value(
        'The ISO 4217 code of the currency of all amounts, such as "EUR"; that of the application.', currency
    )
    total: Decimal = money("The sum of price times quantity over the cart, before discounts and returns.")
    discount_total: Decimal = money("The sum of the discounts, at most total.")
    returned_total: Decimal = money(
        "The sum of all refunds. A refund is the price of the returned units less their part of the discounts."
    )
    net_total: Decimal = money(
        "The amount that the shopper pays in the end: total - discountTotal - returnedTotal. It is never negative.",
        lambda scope: scope.row["total"] - scope.row["discount_total"] - scope.row["returned_total"],
    )
    attributes: JSONObject = column("The values of the session's attributes, by name.")
    first_session: bool = column(
        "True if the customer had no other session in this application, of any state, when the session got"
        " its profileId. Always true for an anonymous session."
    )
    discounts: list[Discount] = many(
        "All discounts on the session, ordered by label.",
        lambda scope, discount: of_session(discount, scope.row),
        order_by=["label"],
        within="size",
    )
    evaluation: SessionEvaluation | None = from_json(
        "The latest evaluation of the session's promotions; null if it has never been evaluated, because the"
        " application had no campaigns or the session was imported.",
        lambda scope: scope.row["evaluation"],
    )
    redemptions: list[Redemption] = many(
        "The discounts that campaigns gave to the session when it was closed; empty for an open session.",
        lambda scope, redemption: of_session(redemption, scope.row),
        order_by=["campaign_id"],
    )
    returns: list[SessionReturn] = many(
        "All returns of the session, the oldest first.",
        lambda scope, made: of_session(made, scope.row),
        order_by=["version"],
        within="size",
    )
    version: int = column(
        "The number of accepted changes: 1 after the creation. Send it as expectedVersion to change the session only if"
        " nobody else has."
    )

    @strawberry.field(
        description="The history of the session, the oldest event first: one event for each accepted change.",
        metadata=reads(
            Page(lambda scope, event: of_session(event, scope.row), lambda scope: Order("version", ("version",)))
        ),
    )
    async def events(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[SessionEvent]:
        """Read with the session."""
        return await read_field(info)
