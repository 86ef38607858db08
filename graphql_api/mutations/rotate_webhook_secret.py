"""rotateWebhookSecret."""

from typing import Annotated

import strawberry

from db.domain.errors import InvalidInput, NotFound
from db.operations import webhooks
from graphql_api.execution.context import Info
from graphql_api.mutations.create_webhook import WebhookPayload
from graphql_api.mutations.declaration import mutation
from graphql_api.mutations.delete_webhook import writable_webhook
from graphql_api.mutations.runner import execute


@strawberry.input(description="The webhook that gets another secret.")
class RotateWebhookSecretInput:
    id: strawberry.ID = strawberry.field(description="The global ID of the webhook.")


@mutation(
    description="Make another secret for a webhook. For 24 hours each request is signed with the one before, too, so"
    " that receivers can change over. Needs a WRITER or ADMIN key.",
    errors=(InvalidInput, NotFound),
)
async def rotate_webhook_secret(
    info: Info, input: Annotated[RotateWebhookSecretInput, strawberry.argument(description="The webhook.")]
) -> WebhookPayload:
    key = writable_webhook(info, input.id)
    return await execute(info, WebhookPayload, webhooks.rotate_webhook_secret, key, info.context.now())
