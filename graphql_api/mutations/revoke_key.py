"""revokeKey."""

from typing import Annotated

import strawberry

from db.domain.errors import NotFound
from db.operations import keys
from db.operations.keys import KeyName
from graphql_api.execution.context import Info
from graphql_api.mutations.create_key import KeyPayload
from graphql_api.mutations.declaration import mutation
from graphql_api.mutations.inputs import key_from_id
from graphql_api.mutations.payload import PAYLOAD
from graphql_api.mutations.runner import execute_and_read
from graphql_api.types.api_key import ApiKey


@strawberry.input(description="The key to revoke.")
class RevokeKeyInput:
    id: strawberry.ID = strawberry.field(description="The global ID of the key.")


@strawberry.type(description="The answer of revokeKey.")
class RevokeKeyPayload(KeyPayload):
    pass


@mutation(
    description="Revoke a key: within two seconds every server process refuses it, and the session tokens made with it."
    " A key that is revoked already stays as it is. Needs an ADMIN key.",
    errors=[NotFound],
    metadata=PAYLOAD,
)
async def revoke_key(
    info: Info, input: Annotated[RevokeKeyInput, strawberry.argument(description="The key to revoke.")]
) -> RevokeKeyPayload:
    info.context.viewer.require_admin()
    application_id, prefix = key_from_id(ApiKey, input.id)
    name = KeyName(int(application_id), str(prefix))
    return await execute_and_read(info, RevokeKeyPayload, keys.revoke_key, *name, info.context.now(), key=name)
