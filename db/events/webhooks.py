"""Places of webhooks in the histories, and the leases of the processes that send their events.

One process at a time sends the events of a webhook. It holds a lease in the webhook's row and renews it. Each change
of the place is conditional on the lease, and on the revision of the row, so that a process that has lost the lease, or
a webhook that a client has changed meanwhile, keeps its place.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, func, or_, select, update

from db.domain.webhook import WebhookKey, WebhookState
from db.engine.statements import Statement
from db.repository.core import EVENT, WEBHOOK

MAX_LAG = 10_000  # events


@dataclass(frozen=True, slots=True)
class Retry:
    """An event whose attempts have failed: how often, since when, and when the next one is due."""

    event_id: int
    failures: int
    since: float  # seconds since 1970, as the others
    due: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The place of a webhook, and the outcome of its last attempt."""

    after_id: int
    acknowledged: Sequence[int]
    retries: Sequence[Retry]
    failures: int
    last_attempt: datetime | None
    last_status: int | None
    last_error: str | None
    next_attempt: datetime | None
    state: WebhookState = WebhookState.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class LeasedWebhook:
    """A webhook whose events this process sends."""

    key: WebhookKey
    url: str
    document: str
    types: Collection[str] | None
    secrets: Sequence[tuple[str, str | None]] = field(repr=False)
    revision: int
    progress: Progress


class LeaseState(NamedTuple):
    """The state of a webhook, its revision, and the process that holds its lease."""

    application_id: int
    id: int
    state: WebhookState
    revision: int
    lease_holder: str | None
    lease_until: datetime | None

    @property
    def key(self) -> WebhookKey:
        """The key of the webhook."""
        return WebhookKey(self.application_id, self.id)

    def is_free(self, now: datetime) -> bool:
        """Return whether a process may take the lease."""
        return self.state is WebhookState.ACTIVE and (self.lease_until is None or self.lease_until < now)


NOW = bindparam("now", type_=WEBHOOK.c.lease_until.type)
OF_WEBHOOK = WEBHOOK.c.application_id == bindparam("of_application"), WEBHOOK.c.id == bindparam("of_webhook")
HELD = WEBHOOK.c.lease_holder == bindparam("holder")
LEASES = select(*(WEBHOOK.c[name] for name in LeaseState._fields))
TAKE = Statement(
    update(WEBHOOK)
    .where(
        *OF_WEBHOOK,
        WEBHOOK.c.state == WebhookState.ACTIVE,
        or_(WEBHOOK.c.lease_until.is_(None), WEBHOOK.c.lease_until < NOW),
    )
    .returning(*WEBHOOK.c)
)
RENEW = Statement(update(WEBHOOK).where(*OF_WEBHOOK, HELD))
RECORD = Statement(
    update(WEBHOOK).where(*OF_WEBHOOK, HELD, WEBHOOK.c.revision == bindparam("of_revision")).returning(WEBHOOK.c.id)
)


def leases(connection: Connection) -> Sequence[LeaseState]:
    """Return the states of all webhooks of all applications. An application has few webhooks."""
    return [LeaseState._make(row) for row in connection.execute(LEASES)]


def take_leases(
    connection: Connection, keys: Collection[WebhookKey], holder: str, now: datetime, until: datetime
) -> list[LeasedWebhook]:
    """Take the leases that are still free, and return their webhooks."""
    taken = []
    for key in sorted(keys):
        new = {"lease_holder": holder, "lease_until": until}
        if row := TAKE.first(connection, {**names(key), "now": now, **new}):
            taken.append(leased(row))
    return taken


def renew_leases(connection: Connection, keys: Collection[WebhookKey], holder: str, until: datetime) -> None:
    """Extend leases that the process still holds."""
    if keys:
        RENEW.for_each(connection, [{**names(key), "holder": holder, "lease_until": until} for key in sorted(keys)])


def release_leases(connection: Connection, keys: Collection[WebhookKey], holder: str) -> None:
    """Release leases, so that another process can take them at once."""
    gone = {"lease_holder": None, "lease_until": None}
    if keys:
        RENEW.for_each(connection, [{**names(key), "holder": holder, **gone} for key in sorted(keys)])


def record_progress(
    connection: Connection, progress: Mapping[tuple[WebhookKey, int], Progress], holder: str, until: datetime
) -> set[WebhookKey]:
    """Store new places with the outcomes of attempts, by the key and the revision of each webhook, and renew its lease.

    Return the webhooks whose places were not stored: the lease was lost, or a client has changed or deleted them.
    """
    lost = set()
    for (key, revision), each in sorted(progress.items()):
        row: dict[str, Any] = {name: getattr(each, name) for name in Progress.__slots__}
        row["retries"] = [[retry.event_id, retry.failures, retry.since, retry.due] for retry in each.retries]
        row["acknowledged"] = list(each.acknowledged)
        parameters = {**names(key), "holder": holder, "of_revision": revision, **row, "lease_until": until}
        if RECORD.first(connection, parameters) is None:
            lost.add(key)
    return lost


def find_webhook(connection: Connection, key: WebhookKey) -> LeasedWebhook | None:
    """Return a webhook without taking its lease."""
    row = connection.execute(
        select(WEBHOOK).filter_by(application_id=key.application_id, id=key.webhook_id)
    ).one_or_none()
    return None if row is None else leased(row)


def events_behind(connection: Connection, places: Mapping[WebhookKey, int]) -> int:
    """Return the greatest number of events after any of the places, counted to MAX_LAG."""
    found = [0]
    for key, after_id in places.items():
        newer = select(EVENT.c.id).where(EVENT.c.application_id == key.application_id, EVENT.c.id > after_id)
        counted = select(func.count()).select_from(newer.limit(MAX_LAG).subquery())
        found.append(connection.execute(counted).scalar_one())
    return max(found)


def names(key: WebhookKey) -> dict[str, int]:
    """Return the parameters that name a webhook."""
    return {"of_application": key.application_id, "of_webhook": key.webhook_id}


def leased(row: Any) -> LeasedWebhook:
    """Return the webhook of a row."""
    retries = [Retry(*each) for each in row.retries]
    values = {name: getattr(row, name) for name in Progress.__slots__}
    return LeasedWebhook(
        key=WebhookKey(row.application_id, row.id),
        url=row.url,
        document=row.document,
        types=None if row.types is None else frozenset(row.types),
        secrets=[(secret, until) for secret, until in row.secrets],
        revision=row.revision,
        progress=Progress(**{**values, "retries": retries}),
    )
