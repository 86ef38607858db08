"""cartograph webhooks deliver, cartograph webhooks test."""

import asyncio
import re
import signal
from typing import TYPE_CHECKING, Annotated

import typer

from graphql_api.commands.database import with_database
from graphql_api.settings import Settings, load_settings

if TYPE_CHECKING:  # slow to import
    from db.domain.webhook import WebhookKey
    from db.engine.database import Database
    from graphql_api.webhooks.sender import Attempt

WEBHOOK_ID = re.compile(r"webhook-([0-9]{1,10})-([0-9]{1,18})", re.ASCII)
SHOWN = 1_000  # characters of an answer

webhooks = typer.Typer(help="Send events to webhooks.", no_args_is_help=True)


@webhooks.command()
def deliver() -> None:
    """Send the events of all webhooks until SIGTERM, without serving the API."""
    from logging.config import dictConfig

    from graphql_api.observability import log
    from graphql_api.observability.metrics_server import metrics_server

    settings = load_settings()
    dictConfig(log.configuration(settings))
    with metrics_server(settings, workers=1):
        with_database(settings, lambda database: deliver_until_signal(settings, database))
    log.flush()


async def deliver_until_signal(settings: Settings, database: "Database") -> None:
    """Deliver until SIGINT or SIGTERM."""
    from db.events.feed import Feed
    from graphql_api.execution.documents import Documents
    from graphql_api.schema import schema
    from graphql_api.webhooks.deliverer import deliver_webhooks

    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    feed = Feed(database, settings.max_queued_events, settings.max_lag_seconds)
    try:
        async with deliver_webhooks(database, feed, Documents(schema._schema, settings)):
            typer.echo("Sending events to webhooks. Stop with SIGTERM.")
            await stopped.wait()
    finally:
        await feed.close()


@webhooks.command()
def test(
    id: Annotated[str, typer.Argument(metavar="ID", help="Global ID of the webhook, such as webhook-1-1.")],
) -> None:
    """Send the newest event that a webhook selects, and print the answer. The webhook's place stays as it is."""
    found = WEBHOOK_ID.fullmatch(id)
    if found is None:
        raise typer.BadParameter(f"{id} is not the ID of a webhook, such as webhook-1-1.")
    from db.domain.webhook import WebhookKey

    settings = load_settings()
    key = WebhookKey(int(found[1]), int(found[2]))
    attempt = with_database(settings, lambda database: send_test(settings, database, key))
    if attempt.status is not None:
        typer.echo(f"{attempt.status} {attempt.body.decode(errors='replace')[:SHOWN]}".rstrip())
    if attempt.error is not None:
        raise typer.TyperException(attempt.error)


async def send_test(settings: Settings, database: "Database", key: "WebhookKey") -> "Attempt":
    """Send an event to a webhook once. Raises TyperException if that is not possible."""
    from db.events.feed import Feed
    from db.events.webhooks import find_webhook
    from graphql_api.execution.document_validation import InvalidDocument
    from graphql_api.execution.documents import Documents
    from graphql_api.schema import schema
    from graphql_api.webhooks.message import send_newest
    from graphql_api.webhooks.sender import Sender

    webhook = await database.query(find_webhook, key)
    if webhook is None:
        raise typer.TyperException(f"There is no webhook {key.webhook_id} in application {key.application_id}.")
    feed = Feed(database, settings.max_queued_events, settings.max_lag_seconds)
    try:
        async with Sender(settings.webhook_networks) as sender:
            return await send_newest(webhook, database, feed, Documents(schema._schema, settings), sender)
    except InvalidDocument as invalid:
        raise typer.TyperException(f"The webhook's document is not valid: {invalid.errors[0].message}") from invalid
    finally:
        await feed.close()
