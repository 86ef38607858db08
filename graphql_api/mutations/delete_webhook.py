"""deleteWebhook."""

from typing import Annotated

import strawberry

from db.domain.errors import NotFound
from db.domain.webhook import WebhookKey
from db.operations import webhooks
from graphql_api.execution.context import Info
from graphql_api.mutations.create_webhook import WebhookPayload
from graphql_api.mutations.declaration import mutation
from graphql_api.mutations.inputs import key_from_id, writable_application
from graphql_api.mutations.runner import execute
from graphql_api.types.webhook import Webhook


@strawberry.input(description="The webhook to delete.")
class DeleteWebhookInput:
    id: strawberry.ID = strawberry.field(description="The global ID of the webhook.")


def writable_webhook(info: Info, global_id: str) -> WebhookKey:
    """Return the key of a webhook that the caller may change. Raises Forbidden and BadUserInput."""
    application_id, webhook_id = key_from_id(Webhook, global_id)
    return WebhookKey(writable_application(info, int(application_id)), int(webhook_id))


@mutation(
    description="Delete a webhook. A request that is under way may still arrive. Needs a WRITER or ADMIN key.",
    errors=(NotFound,),
)
async def delete_webhook(
    info: Info, input: Annotated[DeleteWebhookInput, strawberry.argument(description="The webhook to delete.")]
) -> WebhookPayload:
    return await execute(info, WebhookPayload, webhooks.delete_webhook, writable_webhook(info, input.id))
