"""The root fields of queries. Each declares what it reads, and its resolver runs the statement."""

from typing import Annotated

import strawberry
from sqlalchemy import ColumnElement, Integer, Text, or_

from db.domain.attribute_definition import AttributeEntity
from db.domain.promotions.campaign_state import CampaignState
from graphql_api.execution.context import Info
from graphql_api.execution.run import read_field
from graphql_api.preview_session import preview_session
from graphql_api.sql.fields import Embedded, Groups, Many, Nodes, One, Order, Page, reads
from graphql_api.sql.filter_conditions import any_of
from graphql_api.sql.request import HasValue, viewer_application
from graphql_api.sql.scope import Conditions, Scope
from graphql_api.sql.source import Columns, Source
from graphql_api.types.application import Application
from graphql_api.types.attribute_definition import AttributeDefinition
from graphql_api.types.campaign import Campaign
from graphql_api.types.code import Coupon, Referral
from graphql_api.types.code_list import COUPON_LIST, CouponsFilter, NormalizedCode
from graphql_api.types.customer_profile import CustomerProfile
from graphql_api.types.customer_session import CustomerSession
from graphql_api.types.node import After, ApplicationId, Before, Connection, First, IntegrationId, Last, Node, of_viewer
from graphql_api.types.profile_list import PROFILE_LIST, ProfileFilter, ProfileOrder
from graphql_api.types.session_list import SESSION_LIST, SessionFilter, SessionOrder
from graphql_api.types.session_statistics import (
    GroupBy,
    MaxGroups,
    SessionStatistics,
    StatisticsGroup,
    group_count,
    statistics,
)
from graphql_api.types.sources import COUPONS, REFERRALS
from graphql_api.types.viewer import Viewer
from graphql_api.types.webhook import Webhook


def listed(scope: Scope, row: Columns) -> list[ColumnElement[bool]]:
    """Return the condition on rows of the requested application."""
    return [of_viewer(scope, row)]


def named(scope: Scope, row: Columns) -> list[ColumnElement[bool]]:
    """Return the conditions on the row with the requested integration ID."""
    return [of_viewer(scope, row), row["integration_id"] == scope.bind(scope.argument("integrationId"), Text())]


def visible(scope: Scope, application: Columns) -> list[ColumnElement[bool]]:
    """Return the condition on applications that the caller can read: its own, or all for an ADMIN key."""
    own = scope.bind(viewer_application, Integer())
    return [or_(own == 0, application["application_id"] == own)]


def with_code(of: Source) -> Conditions:
    """Return the conditions on the coupon or referral with the requested code."""

    def where(scope: Scope, row: Columns) -> list[ColumnElement[bool]]:
        code = scope.bind(NormalizedCode(scope.argument("code")), Text())
        return [of_viewer(scope, row), *of.of_kind(row), row["normalized"] == code]

    return where


def with_name(scope: Scope, campaign: Columns) -> list[ColumnElement[bool]]:
    """Return the conditions on the campaign with the requested name."""
    return [of_viewer(scope, campaign), campaign["name"] == scope.bind(scope.argument("name"), Text())]


def in_states(scope: Scope, campaign: Columns) -> list[ColumnElement[bool]]:
    """Return the conditions on campaigns in the requested states."""
    states, found = scope.argument("states"), [of_viewer(scope, campaign)]
    if scope.plan_key(HasValue(states)):
        found.append(any_of(scope, campaign["state"], states))
    return found


def coupons(scope: Scope, coupon: Columns) -> list[ColumnElement[bool]]:
    """Return the conditions on the coupons of the requested application."""
    return [of_viewer(scope, coupon), *COUPONS.of_kind(coupon)]


def definitions(scope: Scope, definition: Columns) -> list[ColumnElement[bool]]:
    """Return the conditions on the requested definitions."""
    entity = scope.argument("entity")
    found = [of_viewer(scope, definition)]
    if scope.plan_key(HasValue(entity)):
        found.append(definition["entity"] == scope.bind(entity, definition["entity"].type))
    return found


Code = Annotated[str, strawberry.argument(description="The code, in upper or lower case.")]


@strawberry.type(description="Entry points for reading.")
class Query:
    preview_session = preview_session

    @strawberry.field(
        description="The object with a global ID; null if there is none, or it belongs to another application.",
        metadata=reads(Nodes("id")),
    )
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="A global ID, as the field id answers it.")],
    ) -> Node | None:
        return await read_field(info)

    @strawberry.field(
        description="The objects with global IDs, in the order of the IDs; null for each that does not exist or belongs"
        " to another application.",
        metadata=reads(Nodes("ids")),
    )
    async def nodes(
        self,
        info: Info,
        ids: Annotated[
            list[strawberry.ID],
            strawberry.argument(description="Global IDs, at most maxPageSize of viewer.limits. An ID can be repeated."),
        ],
    ) -> list[Node | None]:
        return await read_field(info)

    @strawberry.field(
        description="The caller: its key or session token, and its limits.", metadata=reads(Embedded(None))
    )
    async def viewer(self, info: Info) -> Viewer:
        return await read_field(info)

    @strawberry.field(
        description="The application of the key, or with an ADMIN key the one in applicationId; null if it does not"
        " exist.",
        metadata=reads(One(listed)),
    )
    async def application(self, info: Info, application_id: ApplicationId = None) -> Application | None:
        return await read_field(info)

    @strawberry.field(
        description="The applications that the key can read, ordered by number: one for a READER or WRITER key, all for"
        " an ADMIN key.",
        metadata=reads(Page(visible, lambda scope: Order("application", ("application_id",)))),
    )
    async def applications(self, info: Info, first: First = None, after: After = None) -> Connection[Application]:
        return await read_field(info)

    @strawberry.field(
        description="The session with an integration ID; null if the application has none.",
        metadata=reads(One(named)),
    )
    async def customer_session(
        self, info: Info, integration_id: IntegrationId, application_id: ApplicationId = None
    ) -> CustomerSession | None:
        return await read_field(info)

    @strawberry.field(
        description="The profile of the customer with an integration ID; null if the application has none.",
        metadata=reads(One(named)),
    )
    async def customer_profile(
        self, info: Info, integration_id: IntegrationId, application_id: ApplicationId = None
    ) -> CustomerProfile | None:
        return await read_field(info)

    @strawberry.field(
        description="A page of the application's sessions, the newest first unless orderBy says otherwise.",
        metadata=reads(SESSION_LIST.indexed_page(listed)),
    )
    async def customer_sessions(
        self,
        info: Info,
        application_id: ApplicationId = None,
        filter: SessionFilter = None,
        order_by: SessionOrder = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[CustomerSession]:
        return await read_field(info)

    @strawberry.field(
        description="A page of the application's customers, by integration ID unless orderBy says otherwise.",
        metadata=reads(PROFILE_LIST.indexed_page(listed)),
    )
    async def customer_profiles(
        self,
        info: Info,
        application_id: ApplicationId = None,
        filter: ProfileFilter = None,
        order_by: ProfileOrder = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[CustomerProfile]:
        return await read_field(info)

    @strawberry.field(
        description="Sums over the application's sessions that meet the filter, in groups. A session counts in the"
        " day, week, month or year in which it was closed, or created if it was never closed, in the application's"
        " time zone. Groups by time are ordered from the newest, all others by total from the greatest, then by key."
        " Costs 100, plus 1 for each group.",
        metadata=reads(Groups(statistics, group_count)),
    )
    async def session_statistics(
        self,
        info: Info,
        application_id: ApplicationId = None,
        filter: SessionFilter = None,
        group_by: GroupBy = StatisticsGroup.NOTHING,
        first: MaxGroups = None,
    ) -> list[SessionStatistics]:
        return await read_field(info)

    @strawberry.field(
        description="All attributes that the application has defined, ordered by kind of entity and name.",
        metadata=reads(Many(definitions, order_by=("entity", "name"))),
    )
    async def attribute_definitions(
        self,
        info: Info,
        application_id: ApplicationId = None,
        entity: Annotated[
            AttributeEntity | None,
            strawberry.argument(description="Return only the definitions for this kind of entity."),
        ] = None,
    ) -> list[AttributeDefinition]:
        return await read_field(info)

    @strawberry.field(
        description="A page of the application's campaigns, in the order in which they apply.",
        metadata=reads(Page(in_states, lambda scope: Order("campaign", ("rank", "id")))),
    )
    async def campaigns(
        self,
        info: Info,
        application_id: ApplicationId = None,
        states: Annotated[
            list[CampaignState] | None,
            strawberry.argument(description="Return only campaigns in one of these states. Null or left out: all."),
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Campaign]:
        return await read_field(info)

    @strawberry.field(
        description="The campaign with a name; null if the application has none.", metadata=reads(One(with_name))
    )
    async def campaign(
        self,
        info: Info,
        name: Annotated[str, strawberry.argument(description="The name of the campaign.")],
        application_id: ApplicationId = None,
    ) -> Campaign | None:
        return await read_field(info)

    @strawberry.field(
        description="The coupon with a code; null if the application has none.",
        metadata=reads(One(with_code(COUPONS))),
    )
    async def coupon(self, info: Info, code: Code, application_id: ApplicationId = None) -> Coupon | None:
        return await read_field(info)

    @strawberry.field(
        description="A page of the application's coupons, in the order of their codes.",
        metadata=reads(COUPON_LIST.indexed_page(coupons)),
    )
    async def coupons(
        self,
        info: Info,
        application_id: ApplicationId = None,
        filter: CouponsFilter = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Coupon]:
        return await read_field(info)

    @strawberry.field(
        description="The referral with a code; null if the application has none.",
        metadata=reads(One(with_code(REFERRALS))),
    )
    async def referral(self, info: Info, code: Code, application_id: ApplicationId = None) -> Referral | None:
        return await read_field(info)

    @strawberry.field(
        description="All webhooks of the application, in the order of their creation.",
        metadata=reads(Many(lambda scope, webhook: [of_viewer(scope, webhook)], order_by=("id",))),
    )
    async def webhooks(self, info: Info, application_id: ApplicationId = None) -> list[Webhook]:
        return await read_field(info)
