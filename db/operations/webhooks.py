"""Operations on webhooks. The schema has checked their documents, and the domain their URLs."""

import secrets
from base64 import b64encode
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from db.domain.commands import UNSET
from db.domain.errors import InvalidInput, NotFound, Refused
from db.domain.events import EventType
from db.domain.times import format_time, parse_time, truncate_to_millisecond
from db.domain.webhook import MAX_WEBHOOKS, CreateWebhook, UpdateWebhook, WebhookKey, WebhookState
from db.operations.idempotent import idempotent
from db.operations.outcome import Actor, WebhookOutcome
from db.repository.applications import unknown_application
from db.repository.core import APPLICATION, EVENT, WEBHOOK
from db.repository.ids import next_ids

MAX_ID = 2**63 - 1
SECRET_BYTES = 32
OLD_SECRET_SIGNS = timedelta(hours=24)
MAX_OLD_SECRETS = 5  # that sign beside the newest
MAX_UNSETTLED = 1_000  # events that a new webhook lists as acknowledged, since their place is not settled yet


@idempotent(WebhookOutcome)
def create_webhook(
    connection: Connection, actor: Actor, command: CreateWebhook, now: datetime, *, settled_id: int
) -> WebhookOutcome:
    """Create a webhook. Raises Refused where the application has as many as it may have.

    ``settled_id`` is an event ID up to which no event will be committed any more.
    """
    application_id = command.application_id
    locked = select(APPLICATION.c.application_id).filter_by(application_id=application_id)
    if connection.execute(locked.with_for_update(key_share=True)).one_or_none() is None:
        raise unknown_application(application_id)
    number = select(func.count()).select_from(WEBHOOK).filter_by(application_id=application_id)
    if connection.execute(number).scalar_one() >= MAX_WEBHOOKS:
        raise Refused(InvalidInput(problem=f"An application has at most {MAX_WEBHOOKS} webhooks."))
    after_id, acknowledged = command.after_id, list[int]()
    if after_id is None:
        after_id, acknowledged = place_of_now(connection, application_id, settled_id)
    check_place(connection, application_id, after_id)
    (webhook_id,) = next_ids(connection, WEBHOOK, application_id)
    secret = new_secret()
    row = {
        "application_id": application_id,
        "id": webhook_id,
        "url": command.url,
        "document": command.document,
        "types": names(command.types),
        "state": WebhookState.ACTIVE,
        "secrets": [[secret, None]],
        "after_id": after_id,
        "acknowledged": acknowledged,
        "retries": [],
        "created": truncate_to_millisecond(now),
    }
    connection.execute(insert(WEBHOOK).values(row))
    return WebhookOutcome(application_id, webhook_id, secret=secret)


@idempotent(WebhookOutcome)
def update_webhook(connection: Connection, actor: Actor, command: UpdateWebhook, now: datetime) -> WebhookOutcome:
    """Change a webhook. Raises Refused with NotFound, or for a place after the end of the history."""
    key = WebhookKey(command.application_id, command.webhook_id)
    new: dict[str, Any] = {
        "url": command.url,
        "document": command.document,
        "types": command.types if command.types is UNSET else names(command.types),
        "state": command.state,
        "after_id": command.after_id,
    }
    new = {name: value for name, value in new.items() if value is not UNSET}
    if command.after_id is not UNSET:
        check_place(connection, command.application_id, command.after_id)
        new["acknowledged"] = []
    change(connection, key, {**new, "retries": [], "failures": 0, "next_attempt": None})
    return WebhookOutcome(*key)


def delete_webhook(connection: Connection, key: WebhookKey) -> WebhookOutcome:
    """Delete a webhook. Raises Refused with NotFound."""
    statement = delete(WEBHOOK).filter_by(application_id=key.application_id, id=key.webhook_id)
    if connection.execute(statement.returning(WEBHOOK.c.id)).one_or_none() is None:
        raise unknown_webhook(key)
    return WebhookOutcome(*key)


def rotate_webhook_secret(connection: Connection, key: WebhookKey, now: datetime) -> WebhookOutcome:
    """Create another secret. The one before signs for 24 more hours. Raises Refused with NotFound."""
    stored = select(WEBHOOK.c.secrets).filter_by(application_id=key.application_id, id=key.webhook_id)
    signing = connection.execute(stored.with_for_update()).scalar_one_or_none()
    if signing is None:
        raise unknown_webhook(key)
    until = format_time(truncate_to_millisecond(now + OLD_SECRET_SIGNS))
    before = [[secret, end or until] for secret, end in signing if still_signs(end, now)]
    if len(before) > MAX_OLD_SECRETS:
        problem = f"The secret was rotated {MAX_OLD_SECRETS} times within 24 hours; try again later."
        raise Refused(InvalidInput(path=("id",), problem=problem))
    secret = new_secret()
    change(connection, key, {"secrets": [[secret, None], *before]})
    return WebhookOutcome(*key, secret=secret)


def still_signs(until: str | None, now: datetime) -> bool:
    """Return whether a secret still signs. ``until`` is its end in RFC 3339, or None if it has none."""
    end = None if until is None else parse_time(until)
    return end is None or end > now


def place_of_now(connection: Connection, application_id: int, settled_id: int) -> tuple[int, list[int]]:
    """Return the end of the history: an ID, and the IDs of the committed events after it.

    An event whose transaction has not ended may have a lower ID than a committed one. It is not part of the history
    yet.
    """
    of_application = EVENT.c.application_id == application_id
    newer = select(EVENT.c.id).where(of_application, EVENT.c.id > settled_id).order_by(EVENT.c.id.desc())
    found = list(connection.execute(newer.limit(MAX_UNSETTLED + 1)).scalars())
    if len(found) > MAX_UNSETTLED:
        return found[-1], sorted(found[:-1])
    return last_event(connection, application_id, settled_id), sorted(found)


def check_place(connection: Connection, application_id: int, after_id: int) -> None:
    """Raise Refused if a place is not one in the application's history."""
    if not 0 <= after_id <= last_event(connection, application_id, MAX_ID):
        raise Refused(InvalidInput(path=("after",), problem="This is a cursor of an event that has not happened."))


def last_event(connection: Connection, application_id: int, max_id: int) -> int:
    """Return the greatest ID of an application's events up to a maximum; 0 if there is none."""
    up_to_max = EVENT.c.application_id == application_id, EVENT.c.id <= max_id
    found: int = connection.execute(select(func.coalesce(func.max(EVENT.c.id), 0)).where(*up_to_max)).scalar_one()
    return found


def change(connection: Connection, key: WebhookKey, values: dict[str, Any]) -> None:
    """Change the row. The process that sends the events then reads it again. Raises Refused with NotFound."""
    statement = update(WEBHOOK).filter_by(application_id=key.application_id, id=key.webhook_id)
    changed = statement.values(**values, revision=WEBHOOK.c.revision + 1).returning(WEBHOOK.c.id)
    if connection.execute(changed).one_or_none() is None:
        raise unknown_webhook(key)


def names(types: Any) -> list[str] | None:
    """Return the names of types of events, each once, in the order of the enum."""
    return None if types is None else [each.name for each in EventType if each in types]


def new_secret() -> str:
    """Return a secret in the form of Standard Webhooks."""
    return f"whsec_{b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"


def unknown_webhook(key: WebhookKey) -> Refused:
    """Return the refusal of a change of a webhook that does not exist."""
    return Refused(NotFound(path=("id",), what=f"webhook {key.webhook_id} in this application"))
