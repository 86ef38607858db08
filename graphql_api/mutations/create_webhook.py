"""createWebhook."""

from functools import partial
from typing import Annotated

import strawberry
from sqlalchemy import BigInteger, ColumnElement

from db.domain.errors import InvalidInput, Refusal, Refused
from db.domain.events import EventType
from db.domain.webhook import CreateWebhook, url_problems
from db.operations import webhooks
from db.repository.core import EVENT
from graphql_api.execution.context import Context, Info
from graphql_api.mutations.declaration import REPEATABLE_ERRORS, mutation
from graphql_api.mutations.inputs import APPLICATION_ID, IDEMPOTENCY_KEY, writable_application
from graphql_api.mutations.payload import RepeatablePayload
from graphql_api.mutations.runner import execute
from graphql_api.sql import cursors
from graphql_api.sql.fields import One, reads
from graphql_api.sql.scope import Scope
from graphql_api.sql.source import Columns
from graphql_api.types.session_event import FEED
from graphql_api.types.user_error import user_errors
from graphql_api.types.webhook import Webhook
from graphql_api.types.written import of_source
from graphql_api.webhooks.document import DEFAULT, document_problems

URL = (
    "The URL to which events are sent by POST, with the scheme https, at most 2000 characters, without credentials. It"
    " has to lead to a public address, unless the server permits others."
)
DOCUMENT = (
    "A GraphQL document with one subscription, whose only field is sessionEvents without arguments. Its result for an"
    " event is the data of the body. Null: the type, the version and the changes of the event, and the main fields of"
    " its session."
)
TYPES = "The types of events to send, at least one; null for all."
AFTER = "The place in the history at which to begin: a cursor of sessionEvents, after which the first event is sent."


@strawberry.input(description="The webhook to create.")
class CreateWebhookInput:
    application_id: int | None = strawberry.field(description=APPLICATION_ID, default=None)
    url: str = strawberry.field(description=URL)
    document: str | None = strawberry.field(description=DOCUMENT, default=None)
    types: list[EventType] | None = strawberry.field(description=TYPES, default=None)
    after: str | None = strawberry.field(
        description=f"{AFTER} Null or left out: the next event that happens.", default=None
    )
    idempotency_key: str | None = strawberry.field(description=IDEMPOTENCY_KEY, default=None)


def written_webhook(scope: Scope, webhook: Columns) -> list[ColumnElement[bool]]:
    """Return the conditions that select the webhook that was written."""
    return [
        of_source(scope, webhook),
        webhook["id"] == scope.bind(lambda request: request.source.webhook_id, BigInteger()),
    ]


@strawberry.type(description="The answer of the mutations of webhooks.")
class WebhookPayload(RepeatablePayload):
    @strawberry.field(
        description="The webhook after the mutation; null if it was refused or deleted.",
        metadata=reads(One(written_webhook)),
    )
    async def webhook(self, info: Info) -> Webhook | None:
        """Read by its key."""
        return await self.read(info)

    @strawberry.field(
        description="The secret that createWebhook or rotateWebhookSecret has made, in the form of Standard Webhooks"
        " (whsec_...). Store it now: it is not shown again, not even where the mutation is repeated with its"
        " idempotencyKey. Null for the other mutations."
    )
    def secret(self) -> str | None:
        """Answered from the outcome, so that no statement has the secret as a parameter."""
        return self.outcome.secret if self.outcome else None


async def problems(
    context: Context, application_id: int, url: str | None, document: str | None, types: list[EventType] | None
) -> list[Refusal]:
    """Return the refusals of the values that are given."""
    found: list[Refusal] = []
    if url is not None:
        found += url_problems(url, context.settings.webhook_networks)
    if document is not None:
        schema, dialect = context.document.schema, context.database.dialect
        found += await document_problems(document, application_id, schema, context.settings, dialect)
    if types is not None and not types:
        found.append(InvalidInput(path=("types",), problem="Expected at least one type; null is all of them."))
    return found


def place(after: str, application_id: int) -> int:
    """Return the ID of an event from a cursor. Raises BadUserInput."""
    event_id: int = cursors.decode(after, FEED, [EVENT.c.id], application_id)[0]
    return event_id


@mutation(
    description="Create a webhook, which sends each event of the application to a URL: at least once, and in order for"
    " each session. An application has at most 20. Needs a WRITER or ADMIN key.",
    errors=REPEATABLE_ERRORS,
)
async def create_webhook(
    info: Info, input: Annotated[CreateWebhookInput, strawberry.argument(description="The new webhook.")]
) -> WebhookPayload:
    context: Context = info.context
    application_id = writable_application(info, input.application_id)
    command = CreateWebhook(
        application_id=application_id,
        url=input.url,
        document=DEFAULT if input.document is None else input.document,
        types=input.types,
        after_id=None if input.after is None else place(input.after, application_id),
        idempotency_key=input.idempotency_key,
    )
    if found := await problems(context, application_id, input.url, input.document, input.types):
        return WebhookPayload(errors=user_errors(Refused(*found)))
    settled_id = await context.database.tail.settled_id()
    operation = partial(webhooks.create_webhook, settled_id=settled_id)
    return await execute(info, WebhookPayload, operation, context.actor, command, context.now())
