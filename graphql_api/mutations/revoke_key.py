"""revokeKey."""

from typing import Annotated

import strawberry

from db import operations
from db.domain.errors import Refused
from db.operations import KeyName
from graphql_api.execution.context import now
from graphql_api.mutations.create_key import KeyPayload
from graphql_api.mutations.payload import named_by_id
from graphql_api.types.api_key import ApiKey
from graphql_api.types.info import Info
from graphql_api.types.user_error import user_errors


@strawberry.input(description="A key that is to open nothing any more.")
class RevokeKeyInput:
    """See Mutation.revokeKey."""

    id: strawberry.ID = strawberry.field(description="The global id of the key.")


@strawberry.type(description="What revokeKey answers.")
class RevokeKeyPayload(KeyPayload):
    """See Mutation.revokeKey."""


@strawberry.mutation(description="Revokes a key, within two seconds for every server process. Needs an ADMIN key.")
async def revoke_key(
    info: Info, input: Annotated[RevokeKeyInput, strawberry.argument(description="The key to revoke.")]
) -> RevokeKeyPayload:
    """Input to command."""
    info.context.viewer.may_administer()
    application_id, prefix = named_by_id(ApiKey, input.id)
    name = KeyName(int(application_id), str(prefix))
    try:
        await info.context.database.write(operations.revoke_key, *name, now())
    except Refused as refused:
        return RevokeKeyPayload(errors=user_errors(refused))
    return RevokeKeyPayload(outcome=name)
