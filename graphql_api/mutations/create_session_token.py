"""createSessionToken."""

from datetime import datetime
from typing import Annotated

import strawberry

from db.domain.commands import CreateSessionToken
from db.domain.errors import InvalidInput, NotFound, SessionNotFound
from db.operations import keys
from db.operations.keys import KeyName
from graphql_api.execution.context import Info
from graphql_api.mutations.declaration import mutation
from graphql_api.mutations.inputs import APPLICATION_ID, INTEGRATION_ID, writable_application
from graphql_api.mutations.payload import Payload
from graphql_api.mutations.runner import execute
from graphql_api.security import session_tokens
from graphql_api.security.viewer import TokenPermissions, TokenRights


@strawberry.input(description="The session, the permissions and the lifetime of the token.")
class CreateSessionTokenInput:
    integration_id: str = strawberry.field(description=INTEGRATION_ID)
    application_id: int | None = strawberry.field(description=APPLICATION_ID, default=None)
    rights: TokenRights = strawberry.field(description="The permissions of the token.", default=TokenRights.READ)
    expires_in: int = strawberry.field(
        description="The seconds until the token expires, from 1 to the maxTokenSeconds of viewer.limits. It expires"
        " no later than the key that creates it."
    )


@strawberry.type(description="The answer of createSessionToken.")
class CreateSessionTokenPayload(Payload):
    token: str | None = strawberry.field(
        description="The token, for the header `Authorization: Bearer <token>`. The server does not store it. Null if"
        " the mutation was refused.",
        default=None,
    )
    expires: datetime | None = strawberry.field(
        description="When the token stops working; null if the mutation was refused.", default=None
    )


@mutation(
    description="Create a token for one session, which can be given to the shopper's browser. With it no other"
    " session is visible, and the root fields are limited to customerSession, node, nodes, viewer,"
    " customerSessionChanged and, with WRITE_CART, updateSession, addCartItems, updateCartItems and removeCartItems."
    " It works until it expires or the key that created it stops working. Needs a WRITER or ADMIN key.",
    errors=[InvalidInput, NotFound, SessionNotFound],
)
async def create_session_token(
    info: Info, input: Annotated[CreateSessionTokenInput, strawberry.argument(description="The session and the token.")]
) -> CreateSessionTokenPayload:
    viewer = info.context.viewer
    command = CreateSessionToken(
        application_id=writable_application(info, input.application_id),
        integration_id=input.integration_id,
        expires_in=input.expires_in,
    )
    key = KeyName(viewer.application_id, viewer.key_prefix)
    max_seconds = info.context.settings.max_token_seconds
    payload = await execute(
        info, CreateSessionTokenPayload, keys.create_session_token, key, command, max_seconds, info.context.now()
    )
    if (made := payload.outcome) is not None:
        permissions = TokenPermissions(made.session_id, input.rights)
        claims = session_tokens.TokenClaims(command.application_id, permissions, made.expires)
        payload.token, payload.expires = session_tokens.sign(claims, key, made.secret), made.expires
    return payload
