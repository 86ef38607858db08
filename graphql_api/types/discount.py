"""Discounts of sessions, and their shares by line."""

from decimal import Decimal
from typing import ClassVar

import strawberry
from sqlalchemy import ColumnElement, Text, case, cast, func, select

from db.domain.cart import MAX_LINES
from db.domain.promotions.allocated_discount import DiscountSource
from graphql_api.sql.fields import column, from_json, one, value
from graphql_api.sql.json_objects import Concat, json_array
from graphql_api.sql.json_scalars import JsonInt
from graphql_api.sql.scope import Scope
from graphql_api.sql.source import Source
from graphql_api.types.amounts import money
from graphql_api.types.campaign import Campaign
from graphql_api.types.node import of_session
from graphql_api.types.redemption import its_campaign
from graphql_api.types.sources import CART_ITEMS, DISCOUNTS


def shares(scope: Scope) -> ColumnElement[str]:
    """Return the shares of a discount, as JSON. A stored discount that is the only one has those of the lines."""
    own = cast(scope.row["shares"], Text)
    if "session_id" not in scope.row:  # the discount of a preview
        return own
    line = scope.alias(CART_ITEMS)
    pair = Concat(["[", JsonInt(line.c.position), ",", JsonInt(line.c.discount_share), "]"])
    of_lines = select(pair.label("o")).where(*of_session(line.c, scope.row), line.c.discount_share > 0)
    return func.coalesce(own, json_array(of_lines.order_by(line.c.position).correlate_except(line), MAX_LINES))


def origin(scope: Scope) -> ColumnElement[str]:
    """Return the source of a discount: only one of a campaign has a revision."""
    return case((scope.row["revision"].is_(None), DiscountSource.MANUAL.value), else_=DiscountSource.CAMPAIGN.value)


@strawberry.type(description="The share that one cart line has of a discount.")
class DiscountAllocation:
    position: int = column("The index of the line in the cart, from 0.")
    amount: Decimal = money("The share, above 0.")


@strawberry.type(description="A discount on the whole session.")
class Discount:
    source: ClassVar[Source] = DISCOUNTS

    label: str = column("The name of the discount, 1 to 100 characters; unique in the session.")
    amount: Decimal = money(
        "The amount, 0 or more, in whole minor units of the currency: two decimal places for EUR, none for JPY."
    )
    source_: DiscountSource = value("The source of the discount.", origin, name="source")
    campaign: Campaign | None = one(
        "The campaign that gave the discount; null for a discount of the caller, and for a session token.", its_campaign
    )
    allocations: list[DiscountAllocation] = from_json(
        "The shares of the cart lines, by position; lines without a share are left out. They sum to the amount.",
        shares,
        items=("position", "amount"),
    )
