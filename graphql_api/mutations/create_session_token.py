"""createSessionToken."""

from datetime import datetime
from typing import Annotated

import strawberry

from db import operations
from db.domain.commands import CreateSessionToken
from db.domain.errors import Refused
from db.operations import KeyName
from graphql_api.execution.context import now
from graphql_api.mutations.content import APPLICATION_ID, INTEGRATION_ID
from graphql_api.mutations.payload import ERRORS, writable
from graphql_api.security import session_tokens as tokens
from graphql_api.security.permissions import Grant, TokenRights
from graphql_api.types.info import Info
from graphql_api.types.user_error import UserError, user_errors


@strawberry.input(description="The session that a token is to open, for how long, and what for.")
class CreateSessionTokenInput:
    """See Mutation.createSessionToken."""

    integration_id: str = strawberry.field(description=INTEGRATION_ID)
    application_id: int | None = strawberry.field(description=APPLICATION_ID, default=None)
    rights: TokenRights = strawberry.field(description="What its holder may do.", default=TokenRights.READ)
    expires_in: int = strawberry.field(
        description="For how many seconds it works, from 1 to maxTokenSeconds; no longer than the key that asks."
    )


@strawberry.type(description="What createSessionToken answers.")
class CreateSessionTokenPayload:
    """See Mutation.createSessionToken."""

    token: str | None = strawberry.field(
        description="The token itself, for the Authorization header, as a key would be. It is kept nowhere. Null where"
        " the mutation was refused.",
        default=None,
    )
    expires: datetime | None = strawberry.field(description="When it stops working.", default=None)
    errors: list[UserError] = strawberry.field(description=ERRORS, default_factory=list)


@strawberry.mutation(
    description="Makes a token for one session, fit to be handed to the browser of the one whose session it is. With it"
    " no other session exists, and no other root field than customerSession, node, nodes, viewer and"
    " customerSessionChanged can be asked for. It ends when it expires, or with the key that asked for it. Needs a"
    " WRITER key."
)
async def create_session_token(
    info: Info, input: Annotated[CreateSessionTokenInput, strawberry.argument(description="The session and the token.")]
) -> CreateSessionTokenPayload:
    """Input to command, and what comes of it to a token."""
    context = info.context
    command = CreateSessionToken(
        application_id=writable(info, input.application_id),
        integration_id=input.integration_id,
        expires_in=input.expires_in,
    )
    key = KeyName(context.viewer.application_id, context.viewer.key_prefix)
    longest = context.settings.max_token_seconds
    try:
        made = await context.database.write(operations.create_session_token, key, command, longest, now())
    except Refused as refused:
        return CreateSessionTokenPayload(errors=user_errors(refused))
    token = tokens.SessionToken(command.application_id, Grant(made.session_id, input.rights), made.expires)
    return CreateSessionTokenPayload(token=tokens.signed(token, key, made.secret), expires=made.expires)
