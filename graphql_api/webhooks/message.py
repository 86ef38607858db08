"""The message of an event: its ID, and the body with the result of the webhook's document."""

import re
from datetime import datetime
from secrets import token_hex
from typing import NamedTuple

import orjson
from graphql import OperationDefinitionNode

from db.domain.times import format_time
from db.engine.database import Database
from db.events.feed import Feed
from db.events.history import Event, newest_event
from db.events.webhooks import LeasedWebhook
from db.operations.webhooks import still_signs
from graphql_api.execution.context import Context, now
from graphql_api.execution.document import Document
from graphql_api.execution.documents import Documents
from graphql_api.execution.run import read_operation
from graphql_api.types.sources import EVENTS
from graphql_api.webhooks.document import find_subscription, reader_for
from graphql_api.webhooks.sender import Attempt, Sender, signed_headers

NO_EVENT = re.compile(rb'null|\{"\w+":null\}')  # the data where the event has been removed


class Message(NamedTuple):
    """A message to send."""

    id: str
    body: bytes


class MessageReader:
    """Reads the messages of one webhook, as a READER of its application. Raises InvalidDocument."""

    def __init__(self, webhook: LeasedWebhook, database: Database, feed: Feed, documents: Documents) -> None:
        document: Document = documents.parse(webhook.document)
        self._operation: OperationDefinitionNode = find_subscription(document)
        self._context = Context(database, documents.settings, reader_for(*webhook.key), document, feed)

    async def read(self, event: Event) -> Message | None:
        """Return the message of an event; None if the event has been removed."""
        data = await read_operation(self._context, self._operation, {}, event)
        assert data is not None, "a webhook's document does not read the schema"
        if NO_EVENT.fullmatch(orjson.dumps(data)):
            return None
        body = {"type": f"session.{event.type.value}", "timestamp": format_time(event.occurred), "data": data}
        return Message(f"{EVENTS.prefix}-{event.application_id}-{event.session_id}-{event.version}", orjson.dumps(body))


def headers_of(webhook: LeasedWebhook, message: Message, now: datetime) -> dict[str, str]:
    """Return the headers of a message, signed with each of the webhook's secrets that still signs."""
    secrets = [secret for secret, until in webhook.secrets if still_signs(until, now)]
    return signed_headers(message.id, message.body, secrets, now)


async def send_newest(
    webhook: LeasedWebhook, database: Database, feed: Feed, documents: Documents, sender: Sender
) -> Attempt:
    """Send the newest event that a webhook selects, under another ID; without one, an empty message of type test."""
    reader = MessageReader(webhook, database, feed, documents)
    event = await database.query(newest_event, webhook.key.application_id, webhook.types)
    read = None if event is None else await reader.read(event)
    if read is None:
        body = {"type": "webhook.test", "timestamp": format_time(now()), "data": {}}
        read = Message("webhook", orjson.dumps(body))
    # A receiver that has seen the ID of the event would leave out the event itself later.
    message = Message(f"{read.id}-test-{token_hex(8)}", read.body)
    return await sender.send(webhook.url, headers_of(webhook, message, now()), message.body)
