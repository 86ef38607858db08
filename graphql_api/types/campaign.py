"""Campaigns with their rules, limits and counters."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, ClassVar

import strawberry
from sqlalchemy import ColumnElement, Text, literal_column, select

from db.domain.promotions.campaign import Stacking
from db.domain.promotions.campaign_state import CampaignState
from db.domain.promotions.code import CampaignRequirement
from graphql_api.execution.context import Info
from graphql_api.execution.run import read_field
from graphql_api.sql.fields import Page, column, from_json, many, reads
from graphql_api.sql.json_documents import JsonField
from graphql_api.sql.scope import Scope
from graphql_api.sql.source import Columns, Source
from graphql_api.types.campaign_limit import CampaignLimit
from graphql_api.types.code_list import COUPON_LIST, REFERRAL_ORDER, CouponsFilter
from graphql_api.types.node import After, Before, Connection, First, Last, Node, of_application
from graphql_api.types.promotion_rule import PromotionRule
from graphql_api.types.redemption import HISTORY_ORDER
from graphql_api.types.sources import CAMPAIGN_REVISIONS, CAMPAIGNS, COUPONS, REFERRALS

if TYPE_CHECKING:
    from graphql_api.types.code import Coupon, Referral
    from graphql_api.types.redemption import Redemption


def of_campaign(scope: Scope, row: Columns) -> list[ColumnElement[bool]]:
    """Return the conditions on rows of the campaign in scope."""
    return [of_application(row, scope.row), row["campaign_id"] == scope.row["id"]]


def coupons(scope: Scope, code: Columns) -> list[ColumnElement[bool]]:
    """Return the conditions on coupons of the campaign in scope."""
    return [*of_campaign(scope, code), *COUPONS.of_kind(code)]


def all_coupons(scope: Scope, code: Columns) -> list[ColumnElement[bool]]:
    """Return the conditions on all coupons of the campaign's application."""
    return [of_application(code, scope.row), *COUPONS.of_kind(code)]


def referrals(scope: Scope, code: Columns) -> list[ColumnElement[bool]]:
    """Return the conditions on referrals of the campaign in scope."""
    return [*of_campaign(scope, code), *REFERRALS.of_kind(code)]


def current_limits(scope: Scope, limit: Columns) -> list[ColumnElement[bool]]:
    """Return the conditions on limits that the newest revision has."""
    return [*of_campaign(scope, limit), limit["position"].is_not(None)]


def rules(scope: Scope) -> ColumnElement[str]:
    """Return the rules of the newest revision, as JSON."""
    made = scope.alias(CAMPAIGN_REVISIONS)
    found = select(JsonField(made.c.content, literal_column("'rules'", Text)))
    found = found.where(*of_campaign(scope, made.c), made.c.revision == scope.row["revision"])
    return found.correlate_except(made).scalar_subquery()


@strawberry.type(
    description="A promotion: rules that give discounts to sessions that meet their conditions, within limits."
    " Campaigns apply in the order of rank, and of creation where ranks are equal."
)
class Campaign(Node):
    source: ClassVar[Source] = CAMPAIGNS

    name: str = column("A name for people, 1 to 100 characters; unique in the application.")
    notes: str | None = column("A description for people, at most 10000 characters; null if there is none.")
    state: CampaignState = column("The state of the campaign. Only an ACTIVE campaign gives discounts.")
    starts: datetime | None = column("The time from which on the campaign applies; null if it has no start.")
    ends: datetime | None = column("The time from which on it no longer applies; null if it has no end.")
    rank: int = column("The place in the order in which campaigns apply: lower ranks come first.")
    stacking: Stacking = column("Whether campaigns that come later still apply after this one gave a discount.")
    best_of: str | None = column(
        "The name of a group. Of the campaigns in a group, only the one that gives the greatest discount applies. Null"
        " if the campaign is in no group."
    )
    requires: CampaignRequirement = column("The code that a session needs for this campaign.")
    revision: int = column(
        "The number of the content: 1 after the creation, and one more after each change of anything except the state."
    )
    created: datetime = column("When the campaign was created.")
    updated: datetime = column("When the campaign last changed.")
    rules: list[PromotionRule] = from_json("The rules, in the order in which they apply.", rules)
    limits: list[CampaignLimit] = many("The limits, in the order of the input.", current_limits, order_by=["position"])

    @strawberry.field(
        description="A page of the campaign's coupons, in the order of their codes.",
        metadata=reads(COUPON_LIST.indexed_page_within("campaign_id", coupons, all_coupons)),
    )
    async def coupons(
        self,
        info: Info,
        filter: CouponsFilter = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Annotated["Coupon", strawberry.lazy("graphql_api.types.code")]]:
        """Read with the campaign."""
        return await read_field(info)

    @strawberry.field(
        description="A page of the campaign's referrals, in the order of their codes.",
        metadata=reads(Page(referrals, lambda scope: REFERRAL_ORDER)),
    )
    async def referrals(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Annotated["Referral", strawberry.lazy("graphql_api.types.code")]]:
        """Read with the campaign."""
        return await read_field(info)

    @strawberry.field(
        description="A page of the discounts that the campaign gave to closed sessions, the newest first.",
        metadata=reads(Page(of_campaign, lambda scope: HISTORY_ORDER)),
    )
    async def redemption_history(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Annotated["Redemption", strawberry.lazy("graphql_api.types.redemption")]]:
        """Read with the campaign."""
        return await read_field(info)
