"""updateProfile."""

from typing import Annotated

import strawberry
from sqlalchemy import ColumnElement, Text

from db.domain.commands import UpdateProfile
from db.operations import profiles
from graphql_api.execution.context import Info
from graphql_api.mutations.declaration import ATTRIBUTE_ERRORS, REPEATABLE_ERRORS, mutation
from graphql_api.mutations.inputs import APPLICATION_ID, IDEMPOTENCY_KEY, writable_application
from graphql_api.mutations.payload import PAYLOAD, RepeatablePayload
from graphql_api.mutations.runner import execute_command
from graphql_api.scalars import JSONObject
from graphql_api.sql.fields import One, reads
from graphql_api.sql.scope import Scope
from graphql_api.sql.source import Columns
from graphql_api.types.customer_profile import CustomerProfile
from graphql_api.types.written import of_source


@strawberry.input(description="New attribute values of a customer's profile.")
class UpdateProfileInput:
    integration_id: str = strawberry.field(
        description="The integration ID of the customer, 1 to 1000 characters and at most 1300 bytes of UTF-8."
    )
    application_id: int | None = strawberry.field(description=APPLICATION_ID, default=None)
    attributes: JSONObject = strawberry.field(
        description="Values to set, by name, for attributes that are defined for CUSTOMER_PROFILE. Attributes that are"
        " not named stay; a value of null removes one."
    )
    idempotency_key: str | None = strawberry.field(description=IDEMPOTENCY_KEY, default=None)


def written_profile(scope: Scope, profile: Columns) -> list[ColumnElement[bool]]:
    """Return the conditions that select the profile that was written."""
    integration_id = scope.bind(lambda request: request.source.integration_id, Text())
    return [of_source(scope, profile), profile["integration_id"] == integration_id]


@strawberry.type(description="The answer of updateProfile.")
class UpdateProfilePayload(RepeatablePayload):
    @strawberry.field(
        description="The profile after the mutation; null if the mutation was refused.",
        metadata=reads(One(written_profile)),
    )
    async def profile(self, info: Info) -> CustomerProfile | None:
        """Read by its key."""
        return await self.read(info)


@mutation(
    description="Set attributes of a customer's profile, and create the profile if it does not exist. Needs a WRITER or"
    " ADMIN key.",
    errors=[*REPEATABLE_ERRORS, *ATTRIBUTE_ERRORS],
    metadata=PAYLOAD,
)
async def update_profile(
    info: Info, input: Annotated[UpdateProfileInput, strawberry.argument(description="The profile and its attributes.")]
) -> UpdateProfilePayload:
    command = UpdateProfile(
        application_id=writable_application(info, input.application_id),
        integration_id=input.integration_id,
        attributes=input.attributes,
        idempotency_key=input.idempotency_key,
    )
    return await execute_command(info, UpdateProfilePayload, profiles.update_profile, command)
