"""Replay an imported session: rebuild its events from a record by carrying out each operation in the domain again.

A record does not have the whole history. The content of the cart is set by one CREATED event. The number of UPDATED
events follows from the versions of the returns, but is at most MAX_UPDATES, or is one for an open session with a later
``updated``. Reasons of cancellation are not exported.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from db.domain import money, session, text
from db.domain.cart import CartLine, LineName, ReturnRequest
from db.domain.commands import CreateSession
from db.domain.content import Rules
from db.domain.decimals import format_decimal
from db.domain.errors import InvalidInput, Refusal, Refused, quote
from db.domain.events import EventType, SessionEvent, make_event
from db.domain.lifecycle import SessionState
from db.domain.money import ZERO
from db.domain.session import CustomerSession, SessionReturn
from db.domain.times import format_time
from db.import_export.record import Record
from db.import_export.recorded_promotions import with_promotions
from db.repository.bulk_insert import SessionWithEvents
from db.repository.line_ids import new_line_prefix

ACTOR = "import"
MAX_UPDATES = 10_000  # before the first return: without a limit, one version could demand billions of events
MAX_VERSION = 2**31 - 1
MAX_LINE_ID = 64

Step = tuple[EventType, CustomerSession]


def replay(record: Record, application_id: int, rules: Rules) -> SessionWithEvents:
    """Return the session of a record and its events. Raises Refused with the rules that the record breaks."""
    if found := [*state_problems(record)] or [*time_problems(record)] or [*version_problems(record)]:
        raise Refused(*found)
    record = replace(record, returns=move_versions(record.returns, -excess_updates(record)))
    events: list[SessionEvent] = []
    before = None
    for type_, after in replay_steps(record, application_id, rules):
        events.append(make_event(type_, before, after, ACTOR))
        before = after
    assert before is not None  # every session is created
    if found := [*returned_quantity_problems(record, before)]:
        raise Refused(*found)
    return SessionWithEvents(before, events)


def with_first_session(replayed: SessionWithEvents, first_session: bool) -> SessionWithEvents:
    """Return the session with another ``firstSession``, which only its first event contains."""
    created, *later = replayed.events
    changes = {**created.changes, "firstSession": first_session}
    session = replace(replayed.session, first_session=first_session)
    return SessionWithEvents(session, [replace(created, changes=changes), *later])


def replay_steps(record: Record, application_id: int, rules: Rules) -> Iterator[Step]:
    """Yield the type of each event with the session after it."""
    closed_when_created = was_created_closed(record)
    command = CreateSession(
        application_id=application_id,
        integration_id=record.integration_id,
        state=SessionState.CLOSED if closed_when_created else SessionState.OPEN,
        content=record.content,
    )
    now = with_line_ids(session.create(command, rules, record.created, new_line_prefix()), record.line_ids)
    now = with_promotions(now, record.promotions, record.state)
    if not record.first_session:
        now = replace(now, first_session=False)
    yield EventType.CREATED, now
    update_time = record.updated if record.state is SessionState.OPEN else record.created
    for _ in range(count_updates(record)):
        now = next_version(now, update_time)
        yield EventType.UPDATED, now
    if record.closed and not closed_when_created:
        now = next_version(session.close(now, record.closed), record.closed)
        yield EventType.CLOSED, now
    for index, recorded in enumerate(record.returns):
        now = next_version(with_return(now, recorded, index, rules), recorded.created)
        yield EventType.ITEMS_RETURNED, now
    if record.cancelled:
        now = next_version(session.cancel(now, None, record.cancelled), record.cancelled)
        yield EventType.CANCELLED, now


def with_line_ids(created: CustomerSession, ids: Sequence[str | None]) -> CustomerSession:
    """Return the session with the ids of the file. A line without one has a new id. Raises Refused."""
    found: list[Refusal] = []
    seen: set[str] = set()
    for position, id_ in enumerate(ids):
        if id_ is not None:
            path = ("cartItems", str(position), "id")
            found.extend(text.problems(id_, path, min_length=1, max_length=MAX_LINE_ID))
            if id_ in seen:
                found.append(wrong(path, f"The id {quote(id_)} is listed twice."))
            seen.add(id_)
    if found:
        raise Refused(*found)
    lines = zip(created.cart, ids, strict=True)
    return replace(created, cart=tuple(line if id_ is None else line._replace(id=id_) for line, id_ in lines))


def next_version(after: CustomerSession, time: datetime) -> CustomerSession:
    return replace(after, version=after.version + 1, updated=time)


def was_created_closed(record: Record) -> bool:
    """Return whether the session was created CLOSED, by one event. Its first return then made version 2."""
    return record.closed == record.created and (not record.returns or record.returns[0].version == 2)


def count_updates(record: Record) -> int:
    """Return the number of updates that explains the versions of the returns, or ``updated``."""
    if record.returns:
        return max(0, record.returns[0].version - 3)
    return int(record.state is SessionState.OPEN and record.updated > record.created)


def excess_updates(record: Record) -> int:
    """Return the number of updates that are left out. The versions of the returns become lower by it."""
    return max(0, count_updates(record) - MAX_UPDATES)


def move_versions(returns: tuple[SessionReturn, ...], by: int) -> tuple[SessionReturn, ...]:
    """Return the returns with other versions."""
    return tuple(replace(each, version=each.version + by) for each in returns) if by else returns


def state_problems(record: Record) -> Iterator[Refusal]:
    """Yield contradictions between the state and fields that only some states have."""
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
    """Yield times that are earlier than the one before, and an ``updated`` that is not the latest."""
    last = record.created
    for path, time in change_times(record):
        if time < last:
            yield wrong(path, f"Expected {format_time(last)} or later, got {format_time(time)}.")
        last = time
    if record.updated != last and (record.state is not SessionState.OPEN or record.updated < last):
        yield wrong(
            ("updated",), f"Expected {format_time(last)}, when it last changed, got {format_time(record.updated)}."
        )


def change_times(record: Record) -> Iterator[tuple[tuple[str, ...], datetime]]:
    """Yield the times of the changes after the creation in order, each with its path."""
    if record.closed:
        yield ("closed",), record.closed
    for index, made in enumerate(record.returns):
        yield ("returns", str(index), "created"), made.created
    if record.cancelled:
        yield ("cancelled",), record.cancelled


def version_problems(record: Record) -> Iterator[Refusal]:
    """Yield impossible versions of returns. Between two returns there is no other change, so they are consecutive."""
    if not record.returns:
        return
    first = record.returns[0].version
    lowest = 2 if record.closed == record.created else 3
    if not lowest <= first <= MAX_VERSION:
        yield wrong(("returns", "0", "version"), f"Expected {lowest} to {MAX_VERSION}, got {first}.")
    for index, made in enumerate(record.returns):
        if made.version != first + index:
            yield wrong(("returns", str(index), "version"), f"Expected {first + index}, got {made.version}.")


def with_return(before: CustomerSession, recorded: SessionReturn, index: int, rules: Rules) -> CustomerSession:
    """Return the session after one return, with the amounts of the record.

    The amounts are not computed again, since they depended on the rounding mode at the time and on the order of the
    units in the request. They must not exceed what was paid.
    """
    path = ("returns", str(index))
    requests = [ReturnRequest(LineName(position=item.position), item.quantity) for item in recorded.items]
    try:
        after = session.return_items(before, requests, rules.rounding, recorded.created)
    except Refused as refused:
        raise Refused(*(at_path(path, refusal) for refusal in refused.refusals)) from None
    if after.returns[-1] == recorded:
        return after
    if [item.position for item in recorded.items] != [item.position for item in after.returns[-1].items]:
        raise Refused(wrong((*path, "items"), "Expected each position once, in ascending order."))
    lines = list(before.cart)
    found: list[Refusal] = []
    for number, item in enumerate(recorded.items):
        line = lines[item.position]
        found.extend(amount_problems(line, item.amount, (*path, "items", str(number), "amount")))
        lines[item.position] = line._replace(
            returned_quantity=line.returned_quantity + item.quantity,
            returned_total=line.returned_total + item.amount,
        )
    after = replace(after, cart=tuple(lines), returns=(*before.returns, recorded))
    amount = sum((item.amount for item in recorded.items), ZERO)
    if recorded.amount != amount:
        found.append(wrong((*path, "amount"), f"Expected {amount:f}, the sum of its items, got {recorded.amount}."))
    elif not found and after.net_total < 0:
        paid = format_decimal(before.net_total, rules.minor_digits)
        found.append(wrong((*path, "amount"), f"Expected at most {paid}, got {recorded.amount:f}."))
    if found:
        raise Refused(*found)
    return after


def amount_problems(line: CartLine, amount: Decimal, path: tuple[str, ...]) -> Iterator[Refusal]:
    """Yield problems with the amount that was returned for units of ``line``."""
    found = [*money.problems(amount, path)]
    left = max(line.total - line.discount_share, ZERO) - line.returned_total
    if not found and amount > left:
        found.append(wrong(path, f"Expected at most {left:f}, the amount paid for the line, got {amount:f}."))
    yield from found


def returned_quantity_problems(record: Record, replayed: CustomerSession) -> Iterator[Refusal]:
    """Yield lines whose returned quantity is not the sum of their returns."""
    for position, (line, recorded) in enumerate(zip(replayed.cart, record.returned_quantities, strict=True)):
        if line.returned_quantity != recorded:
            path = ("cartItems", str(position), "returnedQuantity")
            yield wrong(path, f"Expected {line.returned_quantity}, as in the returns, got {recorded}.")


def at_path(path: tuple[str, ...], refusal: Refusal) -> Refusal:
    """Return an operation's refusal with its path in the record, which has no ``line`` before a position."""
    return replace(refusal, path=(*path, *(part for part in refusal.path if part != "line")))


def wrong(path: tuple[str, ...], problem: str) -> InvalidInput:
    return InvalidInput(path=path, problem=problem)
