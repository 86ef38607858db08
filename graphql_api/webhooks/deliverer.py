"""Delivery of the events of all webhooks whose leases this process holds."""

import asyncio
import logging
import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from secrets import token_hex
from time import monotonic

from db.domain.webhook import WebhookKey, WebhookState
from db.engine.database import Database
from db.engine.fair import FairSlots
from db.events.feed import Feed
from db.events.webhooks import (
    LeasedWebhook,
    LeaseState,
    Progress,
    events_behind,
    leases,
    record_progress,
    release_leases,
    renew_leases,
    take_leases,
)
from graphql_api.execution.context import now
from graphql_api.execution.document_validation import InvalidDocument
from graphql_api.execution.documents import Documents
from graphql_api.webhooks.delivery import Delivery, OnAttempt
from graphql_api.webhooks.message import MessageReader
from graphql_api.webhooks.sender import Sender

log = logging.getLogger("cartograph")

LEASE_SECONDS = 20
RENEW_SECONDS = 5  # after which a lease is renewed
POLL_SECONDS = 2.0  # between two looks at all leases
TAKEN_AT_ONCE = 4  # leases, so that processes that start together share the webhooks
FLUSH_SECONDS = 0.25  # between two transactions that store progress: SQLite has one writer, which requests need, too
LAG_SECONDS = 10  # between two counts for the metrics
FINISH_SECONDS = 3.0  # for requests under way when the process stops
MAX_READS = 4  # under way, so that requests find connections to the database
MAX_REQUESTS = 256  # under way in this process; an application has at most a quarter

OnStates = Callable[[Counter[WebhookState], int | None], None]


class Deliverer:
    """Takes leases, and delivers the events of their webhooks."""

    def __init__(
        self,
        database: Database,
        feed: Feed,
        documents: Documents,
        sender: Sender,
        on_attempt: OnAttempt,
        on_states: OnStates,
    ) -> None:
        self._database = database
        self._feed = feed
        self._documents = documents
        self._sender = sender
        self._on_attempt = on_attempt
        self._on_states = on_states
        self._holder = f"{os.getpid()}-{token_hex(8)}"
        self._deliveries: dict[WebhookKey, Delivery] = {}
        self._slots = (
            FairSlots(MAX_READS, share=MAX_READS // 2),
            FairSlots(MAX_REQUESTS, share=MAX_REQUESTS // 4),
        )
        self._renewed = self._counted = float("-inf")

    async def run(self) -> None:
        """Deliver until cancelled."""
        await asyncio.gather(self._poll(), self._flush_repeatedly())

    async def close(self) -> None:
        """Wait for requests under way, store their outcomes, and release the leases."""
        await asyncio.gather(*(each.finish(FINISH_SECONDS) for each in self._deliveries.values()))
        try:
            await self._flush()
            await self._database.write(release_leases, list(self._deliveries), self._holder)
        except Exception:  # the leases end by themselves
            log.warning("the leases of webhooks could not be given back", exc_info=True)

    async def _poll(self) -> None:
        """Look at all leases from time to time."""
        while True:
            try:
                await self._look()
            except Exception:  # events wait until the database answers again
                log.warning("the webhooks could not be read; trying again", exc_info=True)
            await asyncio.sleep(POLL_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311  # not a secret

    async def _look(self) -> None:
        """Renew leases, stop the deliveries of webhooks that were changed, and take free leases."""
        states = {state.key: state for state in await self._database.query(leases)}
        changed = [key for key, each in self._deliveries.items() if not self._is_current(each, states.get(key))]
        await self._stop(changed)
        if changed:
            await self._database.write(release_leases, changed, self._holder)
        if self._deliveries and monotonic() > self._renewed + RENEW_SECONDS:
            await self._renew()
        at = now()
        free = [key for key, state in states.items() if state.is_free(at) and key not in self._deliveries]
        free = random.sample(free, min(len(free), TAKEN_AT_ONCE))
        mine = [key for key in changed if key in states and states[key].state is WebhookState.ACTIVE]
        if free or mine:
            await self._take({*free, *mine})
        await self._report(states.values())

    def _is_current(self, delivery: Delivery, state: LeaseState | None) -> bool:
        """Return whether this process still holds the lease of an ACTIVE webhook that has not changed."""
        return (
            state is not None
            and state.lease_holder == self._holder
            and state.revision == delivery.webhook.revision
            and state.state is WebhookState.ACTIVE
        )

    async def _renew(self) -> None:
        started = monotonic()
        until = now() + timedelta(seconds=LEASE_SECONDS)
        await self._database.write(renew_leases, list(self._deliveries), self._holder, until)
        self._extend(started)
        self._renewed = started

    async def _take(self, keys: Collection[WebhookKey]) -> None:
        started, at = monotonic(), now()
        until = at + timedelta(seconds=LEASE_SECONDS)
        for webhook in await self._database.write(take_leases, list(keys), self._holder, at, until):
            await self._start(webhook)
        self._extend(started)

    def _extend(self, started: float) -> None:
        """Let deliveries send until shortly before their leases end. The leases were written after ``started``."""
        for each in self._deliveries.values():
            each.lease_end = started + LEASE_SECONDS - RENEW_SECONDS

    async def _start(self, webhook: LeasedWebhook) -> None:
        """Start the delivery of a webhook, unless its document is not valid any more."""
        try:
            reader = MessageReader(webhook, self._database, self._feed, self._documents)
        except InvalidDocument as invalid:
            await self._refuse(webhook, invalid.errors[0].message)
            return
        self._deliveries[webhook.key] = Delivery(
            webhook, reader, self._sender, self._feed, self._slots, self._on_attempt
        )

    async def _refuse(self, webhook: LeasedWebhook, problem: str) -> None:
        """Set a webhook to FAILING, since its document is valid no longer: it was in an earlier release."""
        log.error("webhook-%s-%s is FAILING: its document is not valid: %s", *webhook.key, problem)
        values = {name: getattr(webhook.progress, name) for name in Progress.__slots__}
        values |= {"state": WebhookState.FAILING, "last_error": f"The document is not valid: {problem}"}
        progress = {(webhook.key, webhook.revision): Progress(**values)}
        await self._database.write(record_progress, progress, self._holder, now())

    async def _flush_repeatedly(self) -> None:
        """Store the progress of all webhooks, several times in a second."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            try:
                await self._flush()
            except Exception:  # it is stored with the next
                log.warning("the places of webhooks could not be stored; trying again", exc_info=True)

    async def _flush(self) -> None:
        """Store the progress that has changed, and stop the deliveries that have ended or have lost their lease."""
        dirty = {key: each for key, each in self._deliveries.items() if each.dirty}
        if not dirty:
            return
        progress = {(key, each.webhook.revision): each.progress() for key, each in dirty.items()}
        for each in dirty.values():
            each.dirty = False
        until = now() + timedelta(seconds=LEASE_SECONDS)
        try:
            lost = await self._database.write(record_progress, progress, self._holder, until)
        except Exception:
            for each in dirty.values():
                each.dirty = True
            raise
        ended = {key for (key, _), each in progress.items() if each.state is not WebhookState.ACTIVE}
        await self._stop(lost | ended)
        if gone := lost | ended:  # where a client has changed the row, the next look takes the lease again
            await self._database.write(release_leases, gone, self._holder)

    async def _stop(self, keys: Collection[WebhookKey]) -> None:
        """Stop deliveries at once."""
        stopped = [self._deliveries.pop(key) for key in keys if key in self._deliveries]
        await asyncio.gather(*(each.stop() for each in stopped))

    async def _report(self, states: Collection[LeaseState]) -> None:
        """Report the number of webhooks in each state, and from time to time the greatest lag of those sent here."""
        lag = None
        if monotonic() > self._counted + LAG_SECONDS:
            self._counted = monotonic()
            places = {key: each.position for key, each in self._deliveries.items()}
            lag = await self._database.query(events_behind, places)
        self._on_states(Counter(each.state for each in states), lag)


@asynccontextmanager
async def deliver_webhooks(database: Database, feed: Feed, documents: Documents) -> AsyncIterator[None]:
    """Deliver the events of webhooks within the context."""
    on_attempt: OnAttempt = ignore
    on_states: OnStates = ignore
    if documents.settings.metrics_port is not None:
        from graphql_api.observability.metrics import metrics  # noqa: PLC0415  # not loaded where it is off

        on_attempt, on_states = metrics().count_attempt, metrics().set_webhooks
    async with Sender(documents.settings.webhook_networks) as sender:
        deliverer = Deliverer(database, feed, documents, sender, on_attempt, on_states)
        running = asyncio.create_task(deliverer.run())
        try:
            yield
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            await deliverer.close()


def ignore(*facts: object) -> None:
    """Report nothing."""
