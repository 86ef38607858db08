"""Check promotions: counters are the sums of postings, postings and redemptions follow from the sessions' discounts."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, func, select, type_coerce

from db.domain.cart import CartLine
from db.domain.errors import quote
from db.domain.lifecycle import SessionState
from db.domain.money import PLACES, ZERO, RoundingMode, from_units
from db.domain.promotions.allocated_discount import sum_shares
from db.domain.promotions.limit import LimitMeasure
from db.domain.promotions.record import shares_record
from db.domain.promotions.returned_shares import returned_units
from db.domain.promotions.session_evaluation import allocated_discounts
from db.domain.session import CustomerSession
from db.import_export.disagreement import Difference, Disagreement, compare
from db.repository.core import CAMPAIGN, CAMPAIGN_LIMIT, CODE, LIMIT_COUNTER, POSTING, REDEMPTION

IN_SESSIONS: ColumnElement[Any] = bindparam("session_ids", expanding=True)
SELECT_REDEMPTIONS = (
    select(REDEMPTION)
    .where(REDEMPTION.c.application_id == bindparam("application_id"), REDEMPTION.c.session_id.in_(IN_SESSIONS))
    .order_by(REDEMPTION.c.session_id, REDEMPTION.c.campaign_id)
)
SELECT_POSTINGS = (
    select(POSTING, CAMPAIGN_LIMIT.c.measure)
    .join(
        CAMPAIGN_LIMIT,
        and_(CAMPAIGN_LIMIT.c.application_id == POSTING.c.application_id, CAMPAIGN_LIMIT.c.id == POSTING.c.limit_id),
    )
    .where(POSTING.c.application_id == bindparam("application_id"), POSTING.c.session_id.in_(IN_SESSIONS))
)
COUNTER_KEY = ("application_id", "limit_id", "subject", "starts")
OF_COUNTER = and_(*(POSTING.c[name] == LIMIT_COUNTER.c[name] for name in COUNTER_KEY))
POSTED = type_coerce(func.coalesce(func.sum(POSTING.c.amount), 0), LIMIT_COUNTER.c.used.type)
WRONG_COUNTERS = (
    select(CAMPAIGN.c.name, *(LIMIT_COUNTER.c[name] for name in (*COUNTER_KEY, "used")), POSTED.label("posted"))
    .select_from(LIMIT_COUNTER.outerjoin(POSTING, OF_COUNTER))
    .join(
        CAMPAIGN_LIMIT,
        and_(
            CAMPAIGN_LIMIT.c.application_id == LIMIT_COUNTER.c.application_id,
            CAMPAIGN_LIMIT.c.id == LIMIT_COUNTER.c.limit_id,
        ),
    )
    .join(
        CAMPAIGN,
        and_(
            CAMPAIGN.c.application_id == LIMIT_COUNTER.c.application_id, CAMPAIGN.c.id == CAMPAIGN_LIMIT.c.campaign_id
        ),
    )
    .where(LIMIT_COUNTER.c.application_id == bindparam("application_id"))
    .group_by(CAMPAIGN.c.name, *(LIMIT_COUNTER.c[name] for name in (*COUNTER_KEY, "used")))
    .having(LIMIT_COUNTER.c.used != POSTED)
)
REDEEMED = and_(
    REDEMPTION.c.application_id == CODE.c.application_id,
    REDEMPTION.c.code_id == CODE.c.id,
    REDEMPTION.c.reversed.is_(None),
)
USES: ColumnElement[int] = func.count(REDEMPTION.c.session_id)


def wrong_codes(condition: ColumnElement[bool]) -> Select[Any]:
    """Return the statement that finds codes whose uses are not those of their redemptions."""
    return (
        select(CODE.c.code, CODE.c.used, USES.label("uses"))
        .select_from(CODE.outerjoin(REDEMPTION, REDEEMED))
        .where(CODE.c.application_id == bindparam("application_id"), condition)
        .group_by(CODE.c.application_id, CODE.c.id, CODE.c.code, CODE.c.used)
        .having(CODE.c.used != USES)
    )


# A code that was never used has neither uses nor, if all is right, redemptions. There can be millions of them.
WRONG_CODES = wrong_codes(CODE.c.used > 0)
UNCOUNTED = select(REDEMPTION.c.code_id).where(
    REDEMPTION.c.application_id == bindparam("application_id"), REDEMPTION.c.reversed.is_(None)
)
UNCOUNTED_CODES = wrong_codes(and_(CODE.c.used == 0, CODE.c.id.in_(UNCOUNTED)))


def check_counters(connection: Connection, application_id: int) -> Iterator[Disagreement]:
    """Yield counters that are not the sums of their postings, and codes with other uses than redemptions."""
    names = {"application_id": application_id}
    for row in connection.execute(WRONG_COUNTERS, names):
        entity = f"campaign {quote(row.name)}"
        key = [str(row.limit_id), quote(row.subject) if row.subject else "", row.starts]
        name = f"counter {', '.join(filter(None, key))}"
        yield Disagreement(application_id, entity, name, row.posted, row.used)
    for statement in (WRONG_CODES, UNCOUNTED_CODES):
        for row in connection.execute(statement, names):
            yield Disagreement(application_id, f"code {quote(row.code)}", "used", row.uses, row.used)


def load_redemptions(connection: Connection, application_id: int, ids: Sequence[int]) -> Mapping[int, list[Any]]:
    """Return the redemptions of some sessions, each with its postings."""
    names = {"application_id": application_id, "session_ids": ids}
    postings: defaultdict[tuple[int, int], list[Any]] = defaultdict(list)
    redemptions: defaultdict[int, list[Any]] = defaultdict(list)
    for row in connection.execute(SELECT_POSTINGS, names):
        postings[row.session_id, row.campaign_id].append(row)
    for row in connection.execute(SELECT_REDEMPTIONS, names):
        redemptions[row.session_id].append((row, postings[row.session_id, row.campaign_id]))
    return redemptions


def discount_differences(session: CustomerSession, stored: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield shares of discounts and of lines that do not follow from the discounts.

    ``stored`` are the shares of each discount by label: null if they are those of the lines.
    """
    lines: Sequence[CartLine] = session.cart
    if not ZERO <= session.discount_total <= session.total:
        return
    discounts = allocated_discounts(session)
    for each in discounts:
        shared = sum(units for _, units in each.shares)
        yield from compare(f"discounts.{each.label}.shares", each.units, shared)
        if stored.get(each.label) is not None:
            expected = [list(share) for share in shares_record(each)]
            yield from compare(f"discounts.{each.label}.shares", expected, stored[each.label])
    for position, (line, units) in enumerate(zip(lines, sum_shares(discounts, len(lines)), strict=True)):
        expected_share = from_units(units, session.minor_digits)
        yield from compare(f"cartItems.{position}.discountShare", expected_share, line.discount_share)


def redemption_differences(
    session: CustomerSession, redemptions: Sequence[Any], mode: RoundingMode
) -> Iterator[Difference]:
    """Yield redemptions and postings of a session that do not follow from its discounts and returns.

    A session that was imported has none.
    """
    given: Counter[int | None] = Counter()
    for each in session.promotions:
        given[each.campaign_id] += each.units
    returned: Counter[int] = Counter()
    for count in range(1, len(session.returns) + 1 if redemptions else 1):
        returned.update(returned_units(replace(session, returns=session.returns[:count]), mode))
    for row, postings in redemptions:
        name = f"redemption of campaign {row.campaign_id}: "
        amount, back = (from_units(each[row.campaign_id], session.minor_digits) for each in (given, returned))
        yield from compare(f"{name}amount", amount, row.amount)
        yield from compare(f"{name}returnedAmount", back, row.returned_amount)
        yield from compare(f"{name}reversed", session.cancelled, row.reversed)
        shared = sum(units for _, units in row.shares)
        yield from compare(f"{name}shares", amount, from_units(shared, PLACES))
        for posting in postings:
            left = 1 if posting.measure is LimitMeasure.USES else amount - back
            expected = 0 if session.state is SessionState.CANCELLED else left
            yield from compare(f"{name}posting to counter {posting.limit_id}", expected, posting.amount)
