"""What a record tells of a session's life: the session, and the events that made it, as they are dated.

The rules are those of the domain, which carries out every step anew. What a record does not tell is told as little
as can be: how a cart came to its content is one CREATED event, and of updates no more is known than that there were
some, from the versions of the returns or from an open session's ``updated``. Reasons of cancellation are not exported.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Self

from db.domain import money, session
from db.domain.cart import CartLine, ReturnRequest
from db.domain.commands import CreateSession
from db.domain.content import Rules
from db.domain.decimals import format_decimal
from db.domain.errors import InvalidInput, Refusal, Refused
from db.domain.events import EventType, SessionEvent, make_event
from db.domain.lifecycle import SessionState
from db.domain.money import ZERO
from db.domain.session import CustomerSession, SessionReturn
from db.domain.times import format_time
from db.import_export.record import Record

ACTOR = "import"
MOST_UPDATES = 10_000  # before the first return: each is an event, and a few digits could ask for billions

Step = tuple[EventType, CustomerSession]


@dataclass(frozen=True, slots=True)
class Told:
    """A session, and its events from the first to the last."""

    session: CustomerSession
    events: Sequence[SessionEvent]

    def with_first_session(self, first_session: bool) -> Self:
        """The same life with another ``firstSession``, which its first event tells and none after it changes."""
        created, *later = self.events
        told = {**created.changes, "firstSession": first_session}
        return type(self)(replace(self.session, first_session=first_session), [replace(created, changes=told), *later])


def history(record: Record, application_id: int, rules: Rules) -> Told:
    """The life that a record tells of. Raises Refused with the rules that it breaks."""
    if found := [*state_problems(record)] or [*time_problems(record)] or [*version_problems(record)]:
        raise Refused(*found)
    events: list[SessionEvent] = []
    before = None
    for type_, after in steps(record, application_id, rules):
        events.append(make_event(type_, before, after, ACTOR))
        before = after
    assert before is not None  # every session is created
    if found := [*returned_problems(record, before)]:
        raise Refused(*found)
    return Told(before, events)


def steps(record: Record, application_id: int, rules: Rules) -> Iterator[Step]:
    """What happened, with the session that came of it each time."""
    at_once = created_closed(record)
    command = CreateSession(
        application_id=application_id,
        integration_id=record.integration_id,
        state=SessionState.CLOSED if at_once else SessionState.OPEN,
        content=record.content,
    )
    now = session.create(command, rules, record.created)
    if not record.first_session:
        now = replace(now, first_session=False)
    yield EventType.CREATED, now
    moment = record.updated if record.state is SessionState.OPEN else record.created
    for _ in range(updates(record)):
        now = moved_on(now, moment)
        yield EventType.UPDATED, now
    if record.closed and not at_once:
        now = moved_on(session.close(now, None, record.closed), record.closed)
        yield EventType.CLOSED, now
    for index, told in enumerate(record.returns):
        now = moved_on(with_return(now, told, index, rules), told.created)
        yield EventType.ITEMS_RETURNED, now
    if record.cancelled:
        now = moved_on(session.cancel(now, None, record.cancelled), record.cancelled)
        yield EventType.CANCELLED, now


def moved_on(after: CustomerSession, moment: datetime) -> CustomerSession:
    """The session with its next version."""
    return replace(after, version=after.version + 1, updated=moment)


def created_closed(record: Record) -> bool:
    """Whether one event tells of both: the first return of such a session made its second version."""
    return record.closed == record.created and (not record.returns or record.returns[0].version == 2)


def updates(record: Record) -> int:
    """How many updates there must have been for the versions, or for ``updated``, to be what they are."""
    if record.returns:
        return max(0, record.returns[0].version - 3)
    return int(record.state is SessionState.OPEN and record.updated > record.created)


def state_problems(record: Record) -> Iterator[Refusal]:
    """Where the state and what only some states have do not agree."""
    state, closed = record.state, record.closed is not None
    if state is SessionState.PARTIALLY_RETURNED or record.returns:
        if not closed:
            yield wrong(("closed",), "A session with returns says when it was closed.")
    elif closed and state is SessionState.OPEN:
        yield wrong(("closed",), "An open session has not been closed.")
    if state is SessionState.PARTIALLY_RETURNED and not record.returns:
        yield wrong(("returns",), "A session that is partially_returned has returns.")
    if record.returns and state in (SessionState.OPEN, SessionState.CLOSED):
        yield wrong(("returns",), f"A session that is {state} has no returns.")
    if record.cancelled and state is not SessionState.CANCELLED:
        yield wrong(("cancelled",), f"A session that is {state} has not been cancelled.")


def time_problems(record: Record) -> Iterator[Refusal]:
    """Where a time is earlier than the one before it, or ``updated`` is not the last of them."""
    last = record.created
    for path, moment in moments(record):
        if moment < last:
            yield wrong(path, f"Expected {format_time(last)} or later, got {format_time(moment)}.")
        last = moment
    if record.updated != last and (record.state is not SessionState.OPEN or record.updated < last):
        yield wrong(
            ("updated",), f"Expected {format_time(last)}, when it last changed, got {format_time(record.updated)}."
        )


def moments(record: Record) -> Iterator[tuple[tuple[str, ...], datetime]]:
    """The times of a life after its creation, in order, each with its path."""
    if record.closed:
        yield ("closed",), record.closed
    for index, made in enumerate(record.returns):
        yield ("returns", str(index), "created"), made.created
    if record.cancelled:
        yield ("cancelled",), record.cancelled


def version_problems(record: Record) -> Iterator[Refusal]:
    """Where the versions of the returns cannot be: nothing but returns comes between one and the next."""
    if not record.returns:
        return
    first = record.returns[0].version
    least = 2 if record.closed == record.created else 3
    if not least <= first <= MOST_UPDATES + 3:
        yield wrong(("returns", "0", "version"), f"Expected {least} to {MOST_UPDATES + 3}, got {first}.")
    for index, made in enumerate(record.returns):
        if made.version != first + index:
            yield wrong(("returns", str(index), "version"), f"Expected {first + index}, got {made.version}.")


def with_return(before: CustomerSession, told: SessionReturn, index: int, rules: Rules) -> CustomerSession:
    """The session after one return, with the amounts of the record.

    What was given back is a fact and no computed value: it depended on the rounding at the time, and on the order in
    which units were named. It is held against what was paid.
    """
    path = ("returns", str(index))
    requests = [ReturnRequest(item.position, None, item.quantity) for item in told.items]
    try:
        after = session.return_items(before, requests, rules.rounding, told.created)
    except Refused as refused:
        raise Refused(*(within(path, refusal) for refusal in refused.refusals)) from None
    if after.returns[-1] == told:
        return after
    if [item.position for item in told.items] != [item.position for item in after.returns[-1].items]:
        raise Refused(wrong((*path, "items"), "Expected each position once, in ascending order."))
    lines = list(before.cart)
    found: list[Refusal] = []
    for number, item in enumerate(told.items):
        line = lines[item.position]
        found.extend(amount_problems(line, item.amount, (*path, "items", str(number), "amount")))
        lines[item.position] = replace(
            line,
            returned_quantity=line.returned_quantity + item.quantity,
            returned_total=line.returned_total + item.amount,
        )
    after = replace(after, cart=tuple(lines), returns=(*before.returns, told))
    amount = sum((item.amount for item in told.items), ZERO)
    if told.amount != amount:
        found.append(wrong((*path, "amount"), f"Expected {amount:f}, the sum of its items, got {told.amount}."))
    elif not found and after.net_total < 0:
        paid = format_decimal(before.net_total, rules.minor_digits)
        found.append(wrong((*path, "amount"), f"Expected at most {paid}, got {told.amount:f}."))
    if found:
        raise Refused(*found)
    return after


def amount_problems(line: CartLine, amount: Decimal, path: tuple[str, ...]) -> Iterator[Refusal]:
    """What is wrong with what was given back for units of ``line``."""
    found = [*money.problems(amount, path)]
    left = max(line.total - line.discount_share, ZERO) - line.returned_total
    if not found and amount > left:
        found.append(wrong(path, f"Expected at most {left:f}, which is what was paid for the line, got {amount:f}."))
    yield from found


def returned_problems(record: Record, made: CustomerSession) -> Iterator[Refusal]:
    """Where a cart line has another returned quantity than its returns add up to."""
    for position, (line, told) in enumerate(zip(made.cart, record.returned, strict=True)):
        if line.returned_quantity != told:
            path = ("cartItems", str(position), "returnedQuantity")
            yield wrong(path, f"Expected {line.returned_quantity}, as in the returns, got {told}.")


def within(path: tuple[str, ...], refusal: Refusal) -> Refusal:
    """A refusal of the operation at its place in the record, where no ``line`` comes before a position."""
    return replace(refusal, path=(*path, *(part for part in refusal.path if part != "line")))


def wrong(path: tuple[str, ...], problem: str) -> InvalidInput:
    """A refusal of the record's own."""
    return InvalidInput(path=path, problem=problem)
