"""The delivery of one webhook's events, by the process that holds its lease."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing
from datetime import datetime
from time import monotonic, time

from db.domain.webhook import WebhookState
from db.engine.fair import FairSlots, current_holder
from db.events.feed import Feed, FeedStopped, PositionAhead, SubscriptionEnded
from db.events.history import ApplicationHistory, Event
from db.events.webhooks import LeasedWebhook, Progress
from graphql_api.errors import TimedOut, Unavailable, public_error
from graphql_api.execution.context import now
from graphql_api.webhooks.document import reader_for
from graphql_api.webhooks.message import Message, MessageReader, headers_of
from graphql_api.webhooks.retries import next_attempt
from graphql_api.webhooks.sender import Attempt, Outcome, Sender
from graphql_api.webhooks.window import Pending, Window

log = logging.getLogger("cartograph")

MAX_UNDER_WAY = 16  # requests of one webhook
RETRY_READ = 1.0  # seconds, where the database does not answer
BUSY = (429, 503)  # the receiver as a whole is busy, not with one session
MAX_ERROR = 500  # characters that are stored

OnAttempt = Callable[[Outcome], None]


class Delivery:
    """Sends the events of one webhook until it is stopped.

    ``dirty`` says whether ``progress`` has changed since it was stored. ``lease_end`` is the monotonic time until which
    requests may be sent.
    """

    def __init__(
        self,
        webhook: LeasedWebhook,
        reader: MessageReader,
        sender: Sender,
        feed: Feed,
        slots: tuple[FairSlots, FairSlots],
        on_attempt: OnAttempt,
    ) -> None:
        self.webhook = webhook
        self.dirty = False
        self.state = WebhookState.ACTIVE
        self.lease_end = 0.0
        self._reader = reader
        self._sender = sender
        self._feed = feed
        self._reads, self._requests = slots
        self._on_attempt = on_attempt
        self._window = Window(webhook.progress)
        self._failures = webhook.progress.failures
        self._last: tuple[datetime | None, int | None, str | None] = (
            webhook.progress.last_attempt,
            webhook.progress.last_status,
            webhook.progress.last_error,
        )
        self._paused_until = 0.0  # as a receiver that is busy asks for
        self._under_way: set[asyncio.Task[None]] = set()
        self._changed, self._has_room = asyncio.Event(), asyncio.Event()
        self._stopping = False
        self._task = asyncio.create_task(self._run())

    @property
    def position(self) -> int:
        """The ID of the event before which all have been acknowledged."""
        return self._window.after_id

    def progress(self) -> Progress:
        """Return the place and the last outcome, to be stored."""
        at, status, error = self._last
        due = self._window.next_due()
        return Progress(
            after_id=self._window.after_id,
            acknowledged=self._window.acknowledged(),
            retries=self._window.retries(),
            failures=self._failures,
            last_attempt=at,
            last_status=status,
            last_error=error,
            next_attempt=datetime.fromtimestamp(due, now().tzinfo) if due and self._is_active else None,
            state=self.state,
        )

    async def finish(self, seconds: float) -> None:
        """Start no more requests, and wait for those under way."""
        self._stopping = True
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=seconds)
        await self.stop()

    async def stop(self) -> None:
        """Stop at once."""
        self._stopping = True
        tasks = [self._task, *self._under_way]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def _is_active(self) -> bool:
        return self.state is WebhookState.ACTIVE

    async def _run(self) -> None:
        """Read events and send them."""
        current_holder.set(reader_for(*self.webhook.key).holder)
        reading = asyncio.create_task(self._read_history())
        try:
            while self._is_active:
                self._start_requests()
                await self._wait()
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _read_history(self) -> None:
        """Add the events of the history to the window while it has room."""
        history = ApplicationHistory(self.webhook.key.application_id)
        while True:
            try:
                async with aclosing(await self._feed.follow(history, self._window.seen_id)) as events:
                    async for event in events:
                        await self._add(event)
            except PositionAhead:
                return self._end(WebhookState.FAILING, "The place is after the end of the application's history.")
            except FeedStopped:
                return None
            except (SubscriptionEnded, Exception) as error:
                log.warning("the events of %s cannot be read: %s", self, error)
                await asyncio.sleep(RETRY_READ)

    async def _add(self, event: Event) -> None:
        types = self.webhook.types
        if types is not None and event.type.name not in types:
            self._window.skip(event)
            self.dirty = True
            return
        while self._window.is_full:
            self._has_room.clear()
            await self._has_room.wait()
        self._window.add(event)
        self._changed.set()

    def _start_requests(self) -> None:
        """Start the requests that can be sent now. While all attempts fail, only failed events are sent again."""
        at = time()
        if self._stopping or at < self._paused_until or monotonic() > self.lease_end:
            return
        while len(self._under_way) < MAX_UNDER_WAY:
            pending = self._window.next(at, only_failed=self._failures >= MAX_UNDER_WAY)
            if pending is None:
                return
            task = asyncio.create_task(self._deliver(pending))
            self._under_way.add(task)
            task.add_done_callback(self._on_done)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._changed.set()
        if not task.cancelled() and (error := task.exception()):
            log.error("the delivery of %s failed", self, exc_info=error)
            self._end(WebhookState.FAILING, "Internal error.")

    async def _wait(self) -> None:
        """Wait until a request has ended, an event was added, or the next attempt is due."""
        due = max(self._window.next_due() or 0, self._paused_until)
        seconds = 1.0 if due == 0 else min(max(due - time(), 0.01), 1.0)
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return
        self._changed.clear()

    async def _deliver(self, pending: Pending) -> None:
        """Send one event and note the outcome."""
        try:
            async with self._reads.slot():
                message = await self._reader.read(pending.event)
        except Exception as error:
            self._not_read(pending, error)
            return
        if message is None:  # the event has been removed
            self._acknowledge(pending)
            return
        attempt = await self._send(message)
        self._note(attempt)
        if attempt.outcome is Outcome.ACKNOWLEDGED:
            self._failures = 0
            self._acknowledge(pending)
        else:
            self._fail(pending, attempt)

    async def _send(self, message: Message) -> Attempt:
        async with self._requests.slot():
            headers = headers_of(self.webhook, message, now())
            return await self._sender.send(self.webhook.url, headers, message.body)

    def _note(self, attempt: Attempt) -> None:
        """Report the attempt, and store it as the last one unless the delivery has ended."""
        self._on_attempt(attempt.outcome)
        if self._is_active:
            self._last = (now(), attempt.status, attempt.error)

    def _acknowledge(self, pending: Pending) -> None:
        self._window.acknowledge(pending)
        self._has_room.set()
        self.dirty = True

    def _fail(self, pending: Pending, attempt: Attempt) -> None:
        """Send the event again later, or give up."""
        at = time()
        self.dirty = True
        self._failures += 1
        pending.failures += 1
        pending.since = pending.since or at
        due = next_attempt(pending.failures, pending.since, at, attempt.retry_after)
        self._window.fail(pending, at if due is None else due)
        if attempt.status in BUSY:
            self._paused_until = at + attempt.retry_after
        if attempt.outcome is Outcome.GONE:
            self._end(WebhookState.PAUSED, "The receiver answered 410 (Gone).")
        elif due is None:
            self._end(WebhookState.FAILING, f"An event could not be sent for three days. {attempt.error}")

    def _not_read(self, pending: Pending, error: Exception) -> None:
        """Try again soon where the database does not answer. Any other error is a failed attempt."""
        public = public_error(error)
        if isinstance(public, Unavailable | TimedOut):
            self._window.fail(pending, time() + RETRY_READ)
            return
        attempt = Attempt(Outcome.UNREADABLE, error=f"The event could not be read: {public.message}"[:MAX_ERROR])
        self._note(attempt)
        self._fail(pending, attempt)

    def _end(self, state: WebhookState, error: str) -> None:
        """Send no more events. The state is stored with the progress."""
        if self._is_active:
            self.state = state
            self._last = (*self._last[:2], error[:MAX_ERROR])
            self.dirty = True
            level = logging.ERROR if state is WebhookState.FAILING else logging.WARNING
            log.log(level, "%s is %s: %s", self, state.name, error)
            self._changed.set()

    def __str__(self) -> str:
        """Return the name of the webhook for the log."""
        return "webhook-{}-{}".format(*self.webhook.key)
