"""updateApplication."""

from typing import Annotated

import strawberry

from db.domain.attribute_definition import UnknownAttributes
from db.domain.commands import UpdateApplication
from db.domain.errors import InvalidInput, NotFound
from db.operations import applications
from graphql_api.execution.context import Info
from graphql_api.mutations.create_application import ApplicationPayload
from graphql_api.mutations.declaration import mutation
from graphql_api.mutations.inputs import unset_if_null
from graphql_api.mutations.payload import PAYLOAD
from graphql_api.mutations.runner import execute_and_read


@strawberry.input(description="New settings of an application. A field that is null or left out stays as it is.")
class UpdateApplicationInput:
    application_id: int = strawberry.field(description="The number of the application to change.")
    name: str | None = strawberry.field(description="A name for people, 1 to 200 characters.", default=None)
    time_zone: str | None = strawberry.field(
        description='The IANA name of its time zone, such as "Europe/Lisbon".', default=None
    )
    unknown_attributes: UnknownAttributes | None = strawberry.field(
        description="Whether values of attributes that are not defined are refused or dropped.", default=None
    )


@strawberry.type(description="The answer of updateApplication.")
class UpdateApplicationPayload(ApplicationPayload):
    pass


@mutation(
    description="Change the settings of an application. Its currency and rounding mode cannot change. Needs an ADMIN"
    " key.",
    errors=[InvalidInput, NotFound],
    metadata=PAYLOAD,
)
async def update_application(
    info: Info, input: Annotated[UpdateApplicationInput, strawberry.argument(description="The new settings.")]
) -> UpdateApplicationPayload:
    info.context.viewer.require_admin()
    command = UpdateApplication(
        application_id=input.application_id,
        name=unset_if_null(input.name),
        time_zone=unset_if_null(input.time_zone),
        unknown_attributes=unset_if_null(input.unknown_attributes),
    )
    return await execute_and_read(
        info, UpdateApplicationPayload, applications.update_application, command, key=input.application_id
    )
