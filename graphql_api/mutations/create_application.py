"""createApplication."""

from typing import Annotated

import strawberry
from sqlalchemy import ColumnElement, Integer

from db.domain.attribute_definition import UnknownAttributes
from db.domain.commands import CreateApplication
from db.domain.errors import InvalidInput
from db.domain.money import RoundingMode
from db.operations import applications
from graphql_api.execution.context import Info
from graphql_api.mutations.declaration import mutation
from graphql_api.mutations.payload import PAYLOAD, EntityPayload
from graphql_api.mutations.runner import execute_and_read
from graphql_api.sql.fields import One, reads
from graphql_api.sql.scope import Scope
from graphql_api.sql.source import Columns
from graphql_api.types.application import Application


@strawberry.input(description="The application to create.")
class CreateApplicationInput:
    name: str = strawberry.field(description="A name for people, 1 to 200 characters.")
    currency: str = strawberry.field(
        description='The ISO 4217 code of the currency of all its amounts, such as "EUR". It cannot change.'
    )
    time_zone: str = strawberry.field(
        description='The IANA name of its time zone, such as "Europe/Lisbon".', default="UTC"
    )
    rounding_mode: RoundingMode = strawberry.field(
        description="How a line's discount share is rounded when some of its units are returned. It cannot change.",
        default=RoundingMode.HALF_UP,
    )
    unknown_attributes: UnknownAttributes = strawberry.field(
        description="Whether values of attributes that are not defined are refused or dropped.",
        default=UnknownAttributes.REJECT,
    )


def written_application(scope: Scope, application: Columns) -> list[ColumnElement[bool]]:
    """Return the condition that selects the application that was written."""
    return [application["application_id"] == scope.bind(lambda request: request.source, Integer())]


@strawberry.type
class ApplicationPayload(EntityPayload):
    """The payload of a mutation of an application. Its outcome is the number of the application."""

    @strawberry.field(
        description="The application after the mutation; null if the mutation was refused.",
        metadata=reads(One(written_application)),
    )
    async def application(self, info: Info) -> Application | None:
        """Read by its key."""
        return await self.read(info)


@strawberry.type(description="The answer of createApplication.")
class CreateApplicationPayload(ApplicationPayload):
    pass


@mutation(
    description="Create an application, which owns sessions, profiles, attribute definitions and keys. Needs an ADMIN"
    " key.",
    errors=[InvalidInput],
    metadata=PAYLOAD,
)
async def create_application(
    info: Info, input: Annotated[CreateApplicationInput, strawberry.argument(description="The new application.")]
) -> CreateApplicationPayload:
    info.context.viewer.require_admin()
    command = CreateApplication(
        name=input.name,
        currency=input.currency,
        time_zone=input.time_zone,
        rounding_mode=input.rounding_mode,
        unknown_attributes=input.unknown_attributes,
    )
    return await execute_and_read(
        info, CreateApplicationPayload, applications.create_application, command, info.context.now()
    )
