"""createKey."""

from datetime import datetime
from typing import Annotated

import strawberry
from sqlalchemy import ColumnElement, Text

from db.domain.commands import CreateKey
from db.domain.errors import InvalidInput, NotFound
from db.operations import keys
from db.tables import KeyRole
from graphql_api.execution.context import Info
from graphql_api.mutations.declaration import mutation
from graphql_api.mutations.payload import EntityPayload
from graphql_api.mutations.runner import execute
from graphql_api.sql.fields import One, reads
from graphql_api.sql.scope import Scope
from graphql_api.sql.source import Columns
from graphql_api.types.api_key import ApiKey
from graphql_api.types.written import of_source


@strawberry.input(description="The key to create.")
class CreateKeyInput:
    application_id: int | None = strawberry.field(
        description="The number of the key's application. A READER or WRITER key needs one; leave it out for an ADMIN"
        " key.",
        default=None,
    )
    name: str = strawberry.field(
        description="A name for people, 1 to 100 characters. The events that the key causes have it as their actor."
    )
    role: KeyRole = strawberry.field(description="The permissions of the key.")
    expires: datetime | None = strawberry.field(
        description="When the key stops working, a time in the future; null for never.", default=None
    )


def written_key(scope: Scope, key: Columns) -> list[ColumnElement[bool]]:
    """Return the conditions that select the key that was written."""
    return [of_source(scope, key), key["prefix"] == scope.bind(lambda request: request.source.prefix, Text())]


@strawberry.type
class KeyPayload(EntityPayload):
    """The payload of a mutation of a key."""

    @strawberry.field(
        description="The key after the mutation; null if the mutation was refused.", metadata=reads(One(written_key))
    )
    async def key(self, info: Info) -> ApiKey | None:
        """Read by its key."""
        return await self.read(info)


@strawberry.type(description="The answer of createKey.")
class CreateKeyPayload(KeyPayload):
    @strawberry.field(
        description="The text of the key, for the header `Authorization: Bearer <secret>`. Store it now: it is not"
        " shown again, and the server keeps only its hash. Null if the mutation was refused."
    )
    def secret(self) -> str | None:
        """Answered from the outcome, so that no statement has the secret as a parameter."""
        return self.outcome.secret if self.outcome else None


@mutation(
    description="Create a key to the API. Needs an ADMIN key.",
    errors=[InvalidInput, NotFound],
)
async def create_key(
    info: Info, input: Annotated[CreateKeyInput, strawberry.argument(description="The new key.")]
) -> CreateKeyPayload:
    info.context.viewer.require_admin()
    command = CreateKey(application_id=input.application_id, name=input.name, role=input.role, expires=input.expires)
    return await execute(info, CreateKeyPayload, keys.create_key, command, info.context.now())
