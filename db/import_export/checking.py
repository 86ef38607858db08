"""Check stored sessions: each must equal the fold of its events, and its totals the sums of its parts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import BigInteger, Connection, Text, and_, bindparam, case, cast, func, or_, select, type_coerce

from db.domain.content import Rules
from db.domain.errors import Refused, quote
from db.domain.events import EventType, to_entity
from db.domain.lifecycle import INITIAL, SALES, TARGET, TRANSITIONS, Operation
from db.domain.money import ZERO
from db.engine import json
from db.import_export.checking_promotions import (
    check_counters,
    discount_differences,
    load_redemptions,
    redemption_differences,
)
from db.import_export.disagreement import Difference, Disagreement, compare
from db.import_export.json_reader import parse_json
from db.repository.applications import load_rules
from db.repository.core import APPLICATION, EVENT, PROFILE, SESSION
from db.repository.load_many import StoredSession, id_pages, load_by_ids
from db.repository.profiles import total_sales
from db.tables.columns import SCALE

OPERATION = {
    EventType.UPDATED: Operation.UPDATE,
    EventType.CLOSED: Operation.CLOSE,
    EventType.ITEMS_RETURNED: Operation.RETURN_ITEMS,
    EventType.CANCELLED: Operation.CANCEL,
}
EVENT_COLUMNS = ("session_id", "version", "type", "occurred", "from_state", "state", "total", "discount_total")
SELECT_EVENTS = (
    select(
        *(EVENT.c[name] for name in EVENT_COLUMNS), cast(EVENT.c.changes, Text).label("changes")
    )  # as text, so that its numbers stay exact
    .where(EVENT.c.application_id == bindparam("application_id"))
    .where(EVENT.c.session_id.in_(bindparam("session_ids", expanding=True)))
    .order_by(EVENT.c.session_id, EVENT.c.version)
)
SELECT_INTEGRATION_ID = select(SESSION.c.integration_id).where(
    SESSION.c.application_id == bindparam("application_id"), SESSION.c.id == bindparam("id")
)
MANY_FIRST_SESSIONS = (
    select(SESSION.c.profile_id, func.count(), func.min(SESSION.c.integration_id))
    .where(SESSION.c.application_id == bindparam("application_id"))
    .where(SESSION.c.profile_id.is_not(None), case((SESSION.c.first_session, 1), else_=0) == 1)
    .group_by(SESSION.c.profile_id)
    .having(func.count() > 1)
)

SUMS = {
    "closed_sessions": func.count(SESSION.c.id),
    "sales_whole": func.coalesce(func.sum(type_coerce(SESSION.c.total, BigInteger()) // SCALE), 0),
    "sales_fraction": func.coalesce(func.sum(type_coerce(SESSION.c.total, BigInteger()) % SCALE), 0),
}
STORED_SUMS = [PROFILE.c[name] for name in SUMS]
WRONG_SUMS = (
    select(PROFILE.c.integration_id, *STORED_SUMS, *(each.label(f"right_{name}") for name, each in SUMS.items()))
    .select_from(
        PROFILE.outerjoin(
            SESSION,
            and_(
                SESSION.c.application_id == PROFILE.c.application_id,
                SESSION.c.profile_id == PROFILE.c.integration_id,
                SESSION.c.state.in_(SALES),
            ),
        )
    )
    .where(PROFILE.c.application_id == bindparam("application_id"))
    .group_by(PROFILE.c.integration_id, *STORED_SUMS)
    .having(or_(*(PROFILE.c[name] != each for name, each in SUMS.items())))
)


@dataclass(frozen=True, slots=True)
class CheckedPage:
    """The number of sessions checked, and the disagreements found in them."""

    sessions: int
    disagreements: Sequence[Disagreement]


def application_ids(connection: Connection) -> Sequence[int]:
    return (
        connection.execute(select(APPLICATION.c.application_id).order_by(APPLICATION.c.application_id)).scalars().all()
    )


def check_sessions(connection: Connection, application_id: int) -> Iterator[CheckedPage]:
    """Check all sessions of an application, a page at a time. Raises Refused with NotFound."""
    rules = load_rules(connection, application_id)
    for ids in id_pages(connection, application_id):
        yield CheckedPage(len(ids), check_page(connection, application_id, ids, rules))
    yield CheckedPage(0, list(check_counters(connection, application_id)))
    for profile_id, count, integration_id in connection.execute(
        MANY_FIRST_SESSIONS, {"application_id": application_id}
    ):
        name = f"first sessions of the profile {quote(profile_id)}"
        yield CheckedPage(0, [Disagreement(application_id, session_name(integration_id), name, 1, count)])
    for profile in connection.execute(WRONG_SUMS, {"application_id": application_id}):
        differences = [
            *compare("closedSessions", profile.right_closed_sessions, profile.closed_sessions),
            *compare(
                "totalSales",
                total_sales(profile.right_sales_whole, profile.right_sales_fraction),
                total_sales(profile.sales_whole, profile.sales_fraction),
            ),
        ]
        entity = f"profile {quote(profile.integration_id)}"
        yield CheckedPage(0, [Disagreement(application_id, entity, *each) for each in differences])


def session_name(integration_id: str) -> str:
    return f"session {quote(integration_id)}"


def check_page(connection: Connection, application_id: int, ids: Sequence[int], rules: Rules) -> Sequence[Disagreement]:
    """Check some sessions. If a value cannot be read, check each session alone to find the one that has it."""
    try:
        page = load_by_ids(connection, application_id, ids)
        names = {"application_id": application_id, "session_ids": ids}
        by_session = groupby(connection.execute(SELECT_EVENTS, names), key=lambda event: event.session_id)
        events = {session_id: list(group) for session_id, group in by_session}
        redemptions = load_redemptions(connection, application_id, ids)
    except (ValueError, LookupError, TypeError) as error:
        if len(ids) > 1:
            return [each for one in ids for each in check_page(connection, application_id, [one], rules)]
        names = {"application_id": application_id, "id": ids[0]}
        integration_id = connection.execute(SELECT_INTEGRATION_ID, names).scalar_one()
        return [Disagreement(application_id, session_name(integration_id), "row", "values", str(error))]
    return [
        Disagreement(application_id, session_name(stored.session.integration_id), *difference)
        for stored in page
        for difference in (
            *differences(stored, events.get(stored.session.id, []), rules.minor_digits),
            *redemption_differences(stored.session, redemptions.get(stored.session.id, []), rules.rounding),
        )
    ]


def differences(stored: StoredSession, events: Sequence[Any], minor_digits: int) -> Iterator[Difference]:
    """Yield every disagreement within one session."""
    session = stored.session
    versions = [event.version for event in events]
    yield from compare("versions of events", list(range(1, session.version + 1)), versions)
    yield from compare("minor_digits", minor_digits, session.minor_digits)
    if session.profile_id is None:
        yield from compare("firstSession", True, session.first_session)
    yield from total_differences(stored)
    yield from lifecycle_differences(events)
    if events:
        yield from compare("updated", events[-1].occurred, session.updated)
        yield from compare("created", events[0].occurred, session.created)
        yield from fold_differences(parse_json(json.dumps(to_entity(session)).encode()), events)


def total_differences(stored: StoredSession) -> Iterator[Difference]:
    """Yield sums that are not those of their parts."""
    session = stored.session
    yield from compare("total", session.total, stored.totals["total"])
    yield from compare("discountTotal", session.discount_total, stored.totals["discount_total"])
    yield from compare("returnedTotal", session.returned_total, stored.totals["returned_total"])
    yield from compare("size", session.size, stored.totals["size"])
    if session.net_total < 0:
        yield "netTotal", "0 or more", session.net_total
    yield from discount_differences(session, stored.discount_shares)
    yield from compare("different ids of cartItems", len(session.cart), len({line.id for line in session.cart}))
    for position, line in enumerate(session.cart):
        place = f"cartItems.{position}."
        items = [item for made in session.returns for item in made.items if item.position == position]
        yield from compare(f"{place}returnedQuantity", sum(item.quantity for item in items), line.returned_quantity)
        yield from compare(f"{place}returnedTotal", sum((each.amount for each in items), ZERO), line.returned_total)
    for index, made in enumerate(session.returns):
        amount = sum((item.amount for item in made.items), ZERO)
        yield from compare(f"returns.{index}.amount", amount, made.amount)


def lifecycle_differences(events: Sequence[Any]) -> Iterator[Difference]:
    """Yield events that the lifecycle does not permit, or that are earlier than the one before."""
    before = None
    for event in events:
        name = f"event {event.version}: "
        if before is None:
            yield from compare(f"{name}type", EventType.CREATED, event.type)
            yield from compare(f"{name}fromState", None, event.from_state)
            if event.state not in INITIAL:
                yield f"{name}state", " or ".join(sorted(INITIAL)), event.state
        else:
            operation = OPERATION.get(event.type)
            possible = TRANSITIONS[before.state]
            if operation not in possible:
                names = [type_ for type_, each in OPERATION.items() if each in possible]
                yield f"{name}type", " or ".join(names) or "no event", event.type
            else:
                yield from compare(f"{name}state", TARGET[operation], event.state)
            yield from compare(f"{name}fromState", before.state, event.from_state)
            if event.occurred < before.occurred:
                yield f"{name}occurred", before.occurred, event.occurred
        before = event


def fold_differences(stored: Mapping[str, Any], events: Sequence[Any]) -> Iterator[Difference]:
    """Yield differences between the fold of the changes and the totals of an event, or the stored session."""
    folded: dict[str, Any] = {}
    for event in events:
        name = f"event {event.version}: "
        try:
            folded |= parse_json(event.changes.encode())
        except (Refused, TypeError, ValueError) as error:
            yield f"{name}changes", "an object", str(error)
            return
        yield from compare(f"{name}total", folded.get("total"), event.total)
        yield from compare(f"{name}state", folded.get("state"), event.state)
        discounts = folded.get("discounts")
        if isinstance(discounts, dict):
            yield from compare(f"{name}discountTotal", sum(discounts.values(), ZERO), event.discount_total)
    for name in {**folded, **stored}:
        yield from compare(name, folded.get(name), stored.get(name))
