"""updateApplication."""

from typing import Annotated

import strawberry

from db import operations
from db.domain.attribute_definition import UnknownAttributes
from db.domain.commands import UpdateApplication
from db.domain.errors import Refused
from graphql_api.mutations.content import kept
from graphql_api.mutations.create_application import ApplicationKey, ApplicationPayload
from graphql_api.types.info import Info
from graphql_api.types.user_error import user_errors


@strawberry.input(description="New settings of an application. A field that is left out keeps its value.")
class UpdateApplicationInput:
    """See Mutation.updateApplication."""

    application_id: int = strawberry.field(description="The number of the application.")
    name: str | None = strawberry.field(description="What people call it; 1 to 200 characters.", default=None)
    time_zone: str | None = strawberry.field(description="An IANA name, such as Europe/Lisbon.", default=None)
    unknown_attributes: UnknownAttributes | None = strawberry.field(
        description="What becomes of attributes that are not defined.", default=None
    )


@strawberry.type(description="What updateApplication answers.")
class UpdateApplicationPayload(ApplicationPayload):
    """See Mutation.updateApplication."""


@strawberry.mutation(description="Changes an application's settings. Needs an ADMIN key.")
async def update_application(
    info: Info, input: Annotated[UpdateApplicationInput, strawberry.argument(description="The new settings.")]
) -> UpdateApplicationPayload:
    """Input to command."""
    info.context.viewer.may_administer()
    command = UpdateApplication(
        application_id=input.application_id,
        name=kept(input.name),
        time_zone=kept(input.time_zone),
        unknown_attributes=kept(input.unknown_attributes),
    )
    try:
        await info.context.database.write(operations.update_application, command)
    except Refused as refused:
        return UpdateApplicationPayload(errors=user_errors(refused))
    return UpdateApplicationPayload(outcome=ApplicationKey(input.application_id))
