"""The root of all reading. Every field says what it reads; the resolvers are all alike."""

from dataclasses import dataclass
from typing import Annotated

import strawberry
from sqlalchemy import ColumnElement, Integer, Text, or_

from db.domain.attribute_definition import AttributeEntity
from graphql_api.execution.context import Info
from graphql_api.execution.read import read_field
from graphql_api.sql.arguments import Getter
from graphql_api.sql.fields import Embedded, Many, Nodes, One, Order, Page, reads
from graphql_api.sql.global_ids import Columns
from graphql_api.sql.request import Request
from graphql_api.sql.scope import Scope
from graphql_api.types.application import Application
from graphql_api.types.attribute_definition import AttributeDefinition
from graphql_api.types.customer_profile import CustomerProfile
from graphql_api.types.customer_session import CustomerSession
from graphql_api.types.node import After, ApplicationId, Before, Connection, First, Last, Node
from graphql_api.types.session_filter import beside, filtered
from graphql_api.types.session_list import Filter, OrderBy, asked_order
from graphql_api.types.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Meant:
    """The application that a field is about, by the argument that may name it."""

    asked: Getter

    def __call__(self, request: Request) -> int:
        """Raises GraphQLError on one that the viewer does not see."""
        return request.viewer.resolve_application(self.asked(request))


def of_viewer(scope: Scope, row: Columns) -> ColumnElement[bool]:
    """Rows of the application that the field is about."""
    return row["application_id"] == scope.bind(Meant(scope.argument("applicationId")), Integer())


def named(scope: Scope, row: Columns) -> list[ColumnElement[bool]]:
    """The row with the integration ID that the field asks for."""
    return [of_viewer(scope, row), row["integration_id"] == scope.bind(scope.argument("integrationId"), Text())]


def visible(scope: Scope, application: Columns) -> list[ColumnElement[bool]]:
    """The applications that exist for the viewer: its own, or all for an ADMIN key."""
    own = scope.bind(lambda request: request.viewer.application_id, Integer())
    return [or_(own == 0, application["application_id"] == own)]


def definitions(scope: Scope, definition: Columns) -> list[ColumnElement[bool]]:
    """The definitions that the field asks for."""
    entity = scope.argument("entity")
    found = [of_viewer(scope, definition)]
    if scope.look(lambda request: entity(request) is not None):
        found.append(definition["entity"] == scope.bind(entity, definition["entity"].type))
    return found


IntegrationId = Annotated[str, strawberry.argument(description="The ID that the integration layer set.")]


@strawberry.type(description="All that can be read.")
class Query:
    """The fields a query starts from."""

    @strawberry.field(description="The object with a global id; null where there is none.", metadata=reads(Nodes("id")))
    async def node(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="A global id.")]
    ) -> Node | None:
        """Null also for an object of another application."""
        return await read_field(info)

    @strawberry.field(
        description="The objects with these global ids, in their order; null for each that is not there.",
        metadata=reads(Nodes("ids")),
    )
    async def nodes(
        self,
        info: Info,
        ids: Annotated[list[strawberry.ID], strawberry.argument(description="Global ids; as many as a page may hold.")],
    ) -> list[Node | None]:
        """An id that stands twice is answered twice."""
        return await read_field(info)

    @strawberry.field(description="Who asks, and within which limits.", metadata=reads(Embedded(None)))
    async def viewer(self, info: Info) -> Viewer:
        """The key of the request."""
        return await read_field(info)

    @strawberry.field(
        description="The key's own application, or with an ADMIN key any; null where there is none.",
        metadata=reads(One(lambda scope, application: [of_viewer(scope, application)])),
    )
    async def application(self, info: Info, application_id: ApplicationId = None) -> Application | None:
        """One application."""
        return await read_field(info)

    @strawberry.field(
        description="The applications that the key can see, by number.",
        metadata=reads(Page(visible, lambda scope: Order("application", ("application_id",)))),
    )
    async def applications(self, info: Info, first: First = None, after: After = None) -> Connection[Application]:
        """One for a READER or WRITER key, all for an ADMIN key."""
        return await read_field(info)

    @strawberry.field(
        description="The session with an integration ID; null where the application has none.",
        metadata=reads(One(named)),
    )
    async def customer_session(
        self, info: Info, integration_id: IntegrationId, application_id: ApplicationId = None
    ) -> CustomerSession | None:
        """One session."""
        return await read_field(info)

    @strawberry.field(
        description="The profile with an integration ID; null where the application has none.",
        metadata=reads(One(named)),
    )
    async def customer_profile(
        self, info: Info, integration_id: IntegrationId, application_id: ApplicationId = None
    ) -> CustomerProfile | None:
        """One profile."""
        return await read_field(info)

    @strawberry.field(
        description="The sessions of the application.",
        metadata=reads(
            Page(
                lambda scope, session: [of_viewer(scope, session), *filtered(scope, session)],
                asked_order,
                lambda scope, order: beside(scope, order, lambda row: of_viewer(scope, row)),
            )
        ),
    )
    async def customer_sessions(
        self,
        info: Info,
        application_id: ApplicationId = None,
        filter: Filter = None,
        order_by: OrderBy = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[CustomerSession]:
        """A page of sessions."""
        return await read_field(info)

    @strawberry.field(
        description="The customers of the application, by integration ID.",
        metadata=reads(
            Page(
                lambda scope, profile: [of_viewer(scope, profile)],
                lambda scope: Order("profile", ("integration_id",)),
            )
        ),
    )
    async def customer_profiles(
        self,
        info: Info,
        application_id: ApplicationId = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[CustomerProfile]:
        """A page of profiles."""
        return await read_field(info)

    @strawberry.field(
        description="The attributes that the application has defined, by entity and name.",
        metadata=reads(Many(definitions, order_by=("entity", "name"))),
    )
    async def attribute_definitions(
        self,
        info: Info,
        application_id: ApplicationId = None,
        entity: Annotated[
            AttributeEntity | None, strawberry.argument(description="Only those of one kind of entity.")
        ] = None,
    ) -> list[AttributeDefinition]:
        """All of them: there are few."""
        return await read_field(info)
