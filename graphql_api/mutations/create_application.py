"""createApplication."""

from dataclasses import dataclass
from typing import Annotated

import strawberry

from db import operations
from db.domain.attribute_definition import UnknownAttributes
from db.domain.commands import CreateApplication
from db.domain.errors import Refused
from db.domain.money import RoundingMode
from graphql_api.execution.context import now
from graphql_api.execution.read import answer
from graphql_api.mutations.payload import ERRORS
from graphql_api.sql.fields import One, reads
from graphql_api.types.application import Application
from graphql_api.types.info import Info
from graphql_api.types.user_error import UserError, user_errors
from graphql_api.types.written import of_source


@strawberry.input(description="A new owner of sessions.")
class CreateApplicationInput:
    """See Mutation.createApplication."""

    name: str = strawberry.field(description="What people call it; 1 to 200 characters.")
    currency: str = strawberry.field(description="The ISO 4217 code of all its amounts. It cannot change.")
    time_zone: str = strawberry.field(description="An IANA name, such as Europe/Lisbon.", default="UTC")
    rounding_mode: RoundingMode = strawberry.field(
        description="How parts of a discount share are rounded when items are returned. It cannot change.",
        default=RoundingMode.HALF_UP,
    )
    unknown_attributes: UnknownAttributes = strawberry.field(
        description="What becomes of attributes that are not defined.", default=UnknownAttributes.REJECT
    )


@dataclass(frozen=True, slots=True)
class ApplicationKey:
    """The application that was written."""

    application_id: int


@strawberry.type
class ApplicationPayload:
    """What both mutations of applications answer."""

    outcome: strawberry.Private[ApplicationKey | None] = None
    errors: list[UserError] = strawberry.field(description=ERRORS, default_factory=list)

    @strawberry.field(
        description="The application as it is now; null where the mutation was refused.",
        metadata=reads(One(lambda scope, application: [of_source(scope, application)])),
    )
    async def application(self, info: Info) -> Application | None:
        """Read by its key."""
        return await answer(info, self.outcome) if self.outcome else None


@strawberry.type(description="What createApplication answers.")
class CreateApplicationPayload(ApplicationPayload):
    """See Mutation.createApplication."""


@strawberry.mutation(description="Makes an application. Needs an ADMIN key.")
async def create_application(
    info: Info, input: Annotated[CreateApplicationInput, strawberry.argument(description="The new application.")]
) -> CreateApplicationPayload:
    """Input to command."""
    info.context.viewer.may_administer()
    command = CreateApplication(
        name=input.name,
        currency=input.currency,
        time_zone=input.time_zone,
        rounding_mode=input.rounding_mode,
        unknown_attributes=input.unknown_attributes,
    )
    try:
        application_id = await info.context.database.write(operations.create_application, command, now())
    except Refused as refused:
        return CreateApplicationPayload(errors=user_errors(refused))
    return CreateApplicationPayload(outcome=ApplicationKey(application_id))
