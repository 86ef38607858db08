"""updateWebhook."""

from typing import Annotated

import strawberry

from db.domain.commands import UNSET
from db.domain.errors import InvalidInput, Refused
from db.domain.events import EventType
from db.domain.webhook import UpdateWebhook, WebhookState
from db.operations import webhooks
from graphql_api.execution.context import Context, Info
from graphql_api.mutations.create_webhook import AFTER, DOCUMENT, TYPES, URL, WebhookPayload, place, problems
from graphql_api.mutations.declaration import REPEATABLE_ERRORS, mutation
from graphql_api.mutations.inputs import (
    IDEMPOTENCY_KEY,
    key_from_id,
    optional,
    or_unset,
    unset_if_null,
    writable_application,
)
from graphql_api.mutations.runner import execute
from graphql_api.types.user_error import user_errors
from graphql_api.types.webhook import Webhook
from graphql_api.webhooks.document import DEFAULT


@strawberry.input(description="The webhook and its new values; a field that is left out stays as it is.")
class UpdateWebhookInput:
    id: strawberry.ID = strawberry.field(description="The global ID of the webhook.")
    url: str | None = strawberry.field(description=f"{URL} Null: stays as it is.", default=None)
    document: str | None = optional(DOCUMENT)
    types: list[EventType] | None = optional(TYPES)
    state: WebhookState | None = strawberry.field(
        description="ACTIVE to go on from the webhook's place, with failed events sent again at once; PAUSED to send"
        " nothing. Null: stays as it is.",
        default=None,
    )
    after: str | None = strawberry.field(
        description=f"{AFTER} An earlier place sends events again, a later one skips some. Null: stays as it is.",
        default=None,
    )
    idempotency_key: str | None = strawberry.field(description=IDEMPOTENCY_KEY, default=None)


@mutation(
    description="Change a webhook, pause it, or set the place where it goes on. The server follows the change within"
    " about two seconds. Failed events are sent again without waiting for their next attempt. Needs a WRITER or ADMIN"
    " key.",
    errors=REPEATABLE_ERRORS,
)
async def update_webhook(
    info: Info, input: Annotated[UpdateWebhookInput, strawberry.argument(description="The webhook and what to change.")]
) -> WebhookPayload:
    context: Context = info.context
    owner, webhook_id = map(int, key_from_id(Webhook, input.id))
    application_id = writable_application(info, owner)
    document, types = or_unset(input.document), or_unset(input.types)
    command = UpdateWebhook(
        application_id=application_id,
        webhook_id=webhook_id,
        url=unset_if_null(input.url),
        document=DEFAULT if document is None else document,
        types=types,
        state=unset_if_null(input.state),
        after_id=UNSET if input.after is None else place(input.after, application_id),
        idempotency_key=input.idempotency_key,
    )
    given_document = None if document is UNSET else document
    given_types = None if types is UNSET else types
    found = await problems(context, application_id, input.url, given_document, given_types)
    if input.state is WebhookState.FAILING:
        found.append(InvalidInput(path=("state",), problem="Expected ACTIVE or PAUSED; the server sets FAILING."))
    if found:
        return WebhookPayload(errors=user_errors(Refused(*found)))
    return await execute(info, WebhookPayload, webhooks.update_webhook, context.actor, command, context.now())
