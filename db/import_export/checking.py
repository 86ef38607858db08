"""The check: every session is what its history adds up to, and its sums are those of its parts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Text, bindparam, case, cast, func, select

from db.domain import cart
from db.domain.entity import to_entity
from db.domain.errors import Refused, quote, truncate
from db.domain.events import EventType
from db.domain.lifecycle import INITIAL, TARGET, TRANSITIONS, Operation
from db.domain.money import ZERO
from db.engine import json
from db.import_export.shape import parsed
from db.import_export.stored import Stored, pages, sessions
from db.repository.applications import settings
from db.repository.core import APPLICATION, EVENT, SESSION

OPERATION = {
    EventType.UPDATED: Operation.UPDATE,
    EventType.CLOSED: Operation.CLOSE,
    EventType.ITEMS_RETURNED: Operation.RETURN_ITEMS,
    EventType.CANCELLED: Operation.CANCEL,
}
FACTS = ("session_id", "version", "type", "occurred", "from_state", "state", "total", "discount_total")
HISTORIES = (
    select(*(EVENT.c[name] for name in FACTS), cast(EVENT.c.changes, Text).label("changes"))  # its numbers exactly
    .where(EVENT.c.application_id == bindparam("application_id"))
    .where(EVENT.c.session_id.in_(bindparam("session_ids", expanding=True)))
    .order_by(EVENT.c.session_id, EVENT.c.version)
)
NAME = select(SESSION.c.integration_id).where(
    SESSION.c.application_id == bindparam("application_id"), SESSION.c.id == bindparam("id")
)
FIRSTS = (
    select(SESSION.c.profile_id, func.count(), func.min(SESSION.c.integration_id))
    .where(SESSION.c.application_id == bindparam("application_id"))
    .where(SESSION.c.profile_id.is_not(None), case((SESSION.c.first_session, 1), else_=0) == 1)
    .group_by(SESSION.c.profile_id)
    .having(func.count() > 1)
)

Found = tuple[str, Any, Any]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One thing that is not as the rest says that it should be."""

    application_id: int
    integration_id: str
    what: str
    expected: Any
    found: Any

    def __str__(self) -> str:
        expected, found = (truncate(as_json(value)) for value in (self.expected, self.found))
        session = quote(self.integration_id)
        return f"application {self.application_id}, session {session}: {self.what}: expected {expected}, found {found}"


@dataclass(frozen=True, slots=True)
class Checked:
    """Some sessions that have been looked at, and what was found."""

    sessions: int
    disagreements: Sequence[Disagreement]


def application_ids(connection: Connection) -> Sequence[int]:
    """Every application that there is."""
    return (
        connection.execute(select(APPLICATION.c.application_id).order_by(APPLICATION.c.application_id)).scalars().all()
    )


def check_sessions(connection: Connection, application_id: int) -> Iterator[Checked]:
    """Look at every session of an application, a page at a time. Raises Refused with NotFound."""
    minor_digits = settings(connection, application_id).minor_digits
    for ids in pages(connection, application_id):
        yield Checked(len(ids), look_at(connection, application_id, ids, minor_digits))
    for profile_id, count, integration_id in connection.execute(FIRSTS, {"application_id": application_id}):
        what = f"first sessions of the profile {quote(profile_id)}"
        yield Checked(0, [Disagreement(application_id, integration_id, what, 1, count)])


def look_at(
    connection: Connection, application_id: int, ids: Sequence[int], minor_digits: int
) -> Sequence[Disagreement]:
    """What is wrong with some sessions. A value that cannot even be read is found by looking at each session alone."""
    try:
        page = sessions(connection, application_id, ids)
        names = {"application_id": application_id, "session_ids": ids}
        events = groupby(connection.execute(HISTORIES, names), key=lambda event: event.session_id)
        histories = {session_id: list(history) for session_id, history in events}
    except (ValueError, LookupError, TypeError) as error:
        if len(ids) > 1:
            return [each for one in ids for each in look_at(connection, application_id, [one], minor_digits)]
        names = {"application_id": application_id, "id": ids[0]}
        return [Disagreement(application_id, connection.execute(NAME, names).scalar_one(), "row", "values", str(error))]
    return [
        Disagreement(application_id, stored.session.integration_id, *found)
        for stored in page
        for found in disagreeing(stored, histories.get(stored.session.id, []), minor_digits)
    ]


def disagreeing(stored: Stored, history: Sequence[Any], minor_digits: int) -> Iterator[Found]:
    """What is wrong with one session: what, what was expected and what was found."""
    session = stored.session
    versions = [event.version for event in history]
    yield from differing("versions of events", list(range(1, session.version + 1)), versions)
    yield from differing("minor_digits", minor_digits, session.minor_digits)
    if session.profile_id is None:
        yield from differing("firstSession", True, session.first_session)
    yield from sums(stored)
    yield from path(history)
    if history:
        yield from differing("updated", history[-1].occurred, session.updated)
        yield from differing("created", history[0].occurred, session.created)
        yield from folds(parsed(json.dumps(to_entity(session)).encode()), history)


def sums(stored: Stored) -> Iterator[Found]:
    """Where a sum is not that of its parts."""
    session = stored.session
    yield from differing("total", session.total, stored.total)
    yield from differing("discountTotal", session.discount_total, stored.discount_total)
    yield from differing("returnedTotal", session.returned_total, stored.returned_total)
    if session.net_total < 0:
        yield "netTotal", "0 or more", session.net_total
    shared: Iterable[cart.CartLine] = ()
    if ZERO <= session.discount_total <= session.total:
        shared = cart.share_discount(session.cart, session.discount_total, session.minor_digits)
    for position, line in enumerate(shared):
        place = f"cartItems.{position}."
        yield from differing(f"{place}discountShare", line.discount_share, session.cart[position].discount_share)
    for position, line in enumerate(session.cart):
        place = f"cartItems.{position}."
        items = [item for made in session.returns for item in made.items if item.position == position]
        yield from differing(f"{place}returnedQuantity", sum(item.quantity for item in items), line.returned_quantity)
        yield from differing(f"{place}returnedTotal", sum((each.amount for each in items), ZERO), line.returned_total)
    for index, made in enumerate(session.returns):
        amount = sum((item.amount for item in made.items), ZERO)
        yield from differing(f"returns.{index}.amount", amount, made.amount)


def path(history: Sequence[Any]) -> Iterator[Found]:
    """Where events do not follow each other as the life cycle has it, or one is earlier than the one before it."""
    before = None
    for event in history:
        what = f"event {event.version}: "
        if before is None:
            yield from differing(f"{what}type", EventType.CREATED, event.type)
            yield from differing(f"{what}fromState", None, event.from_state)
            if event.state not in INITIAL:
                yield f"{what}state", " or ".join(sorted(INITIAL)), event.state
        else:
            operation = OPERATION.get(event.type)
            possible = TRANSITIONS[before.state]
            if operation not in possible:
                names = [type_ for type_, each in OPERATION.items() if each in possible]
                yield f"{what}type", " or ".join(names) or "no event", event.type
            else:
                yield from differing(f"{what}state", TARGET[operation], event.state)
            yield from differing(f"{what}fromState", before.state, event.from_state)
            if event.occurred < before.occurred:
                yield f"{what}occurred", before.occurred, event.occurred
        before = event


def folds(kept: Mapping[str, Any], history: Sequence[Any]) -> Iterator[Found]:
    """Where the changes do not add up to what an event says beside them, or in the end to the session."""
    folded: dict[str, Any] = {}
    for event in history:
        what = f"event {event.version}: "
        try:
            folded |= parsed(event.changes.encode())
        except (Refused, TypeError, ValueError) as error:
            yield f"{what}changes", "an object", str(error)
            return
        yield from differing(f"{what}total", folded.get("total"), event.total)
        yield from differing(f"{what}state", folded.get("state"), event.state)
        discounts = folded.get("discounts")
        if isinstance(discounts, dict):
            yield from differing(f"{what}discountTotal", sum(discounts.values(), ZERO), event.discount_total)
    for name in {**folded, **kept}:
        yield from differing(name, folded.get(name), kept.get(name))


def differing(what: str, expected: Any, found: Any) -> Iterator[Found]:
    """One disagreement where the two are not equal."""
    if expected != found:
        yield what, expected, found


def as_json(value: Any) -> str:
    """A value as it is written in a file; times too."""
    return json.dumps(value)
