"""createKey."""

from datetime import datetime
from typing import Annotated

import strawberry
from sqlalchemy import ColumnElement, Text

from db import operations
from db.domain.commands import CreateKey
from db.domain.errors import Refused
from db.operations import KeyName
from db.tables import KeyRole
from graphql_api.execution.context import now
from graphql_api.execution.read import answer
from graphql_api.mutations.payload import ERRORS
from graphql_api.sql.fields import One, reads
from graphql_api.sql.global_ids import Columns
from graphql_api.sql.scope import Scope
from graphql_api.types.api_key import ApiKey
from graphql_api.types.info import Info
from graphql_api.types.user_error import UserError, user_errors
from graphql_api.types.written import of_source


@strawberry.input(description="A new key.")
class CreateKeyInput:
    """See Mutation.createKey."""

    application_id: int | None = strawberry.field(
        description="The application of a READER or WRITER key; an ADMIN key has none.", default=None
    )
    name: str = strawberry.field(description="What people call it; 1 to 100 characters.")
    role: KeyRole = strawberry.field(description="What it may do.")
    expires: datetime | None = strawberry.field(description="When it stops working; null for never.", default=None)


def written_key(scope: Scope, key: Columns) -> list[ColumnElement[bool]]:
    """The key that was written."""
    return [of_source(scope, key), key["prefix"] == scope.bind(lambda request: request.source.prefix, Text())]


@strawberry.type
class KeyPayload:
    """What both mutations of keys answer."""

    outcome: strawberry.Private[KeyName | None] = None
    errors: list[UserError] = strawberry.field(description=ERRORS, default_factory=list)

    @strawberry.field(
        description="The key as it is now; null where the mutation was refused.", metadata=reads(One(written_key))
    )
    async def key(self, info: Info) -> ApiKey | None:
        """Read by its key."""
        return await answer(info, self.outcome) if self.outcome else None


@strawberry.type(description="What createKey answers.")
class CreateKeyPayload(KeyPayload):
    """See Mutation.createKey."""

    secret: str | None = strawberry.field(
        description="The key itself, for the Authorization header. Shown this once; only its hash is kept.",
        default=None,
    )


@strawberry.mutation(description="Makes a key. Needs an ADMIN key.")
async def create_key(
    info: Info, input: Annotated[CreateKeyInput, strawberry.argument(description="The new key.")]
) -> CreateKeyPayload:
    """Input to command."""
    info.context.viewer.may_administer()
    command = CreateKey(application_id=input.application_id, name=input.name, role=input.role, expires=input.expires)
    try:
        made = await info.context.database.write(operations.create_key, command, now())
    except Refused as refused:
        return CreateKeyPayload(errors=user_errors(refused))
    return CreateKeyPayload(outcome=KeyName(made.application_id, made.prefix), secret=made.secret)
