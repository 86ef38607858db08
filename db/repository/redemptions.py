"""Redemptions of closed sessions with their postings, and the uses of codes."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Connection, and_, bindparam, insert, or_, select, update

from db.domain.money import PLACES, from_units, to_units
from db.domain.promotions.limit import LimitMeasure
from db.domain.promotions.record import shares_record
from db.domain.promotions.redemption import Redemption
from db.domain.session import CustomerSession
from db.engine import json
from db.engine.statements import Statement
from db.repository.core import CAMPAIGN_LIMIT, CODE, POSTING, REDEMPTION
from db.repository.counters import CounterRow, columns_of_list

INSERT_REDEMPTION = Statement(insert(REDEMPTION).inline())
SELECT_REDEMPTIONS = Statement(
    select(*(REDEMPTION.c[name] for name in ("campaign_id", "code_id", "reversed")))
    .where(
        REDEMPTION.c.application_id == bindparam("application_id"), REDEMPTION.c.session_id == bindparam("session_id")
    )
    .order_by(REDEMPTION.c.campaign_id)
)
SELECT_POSTINGS = Statement(
    select(*(POSTING.c[name] for name in ("campaign_id", *CounterRow._fields, "amount")), CAMPAIGN_LIMIT.c.measure)
    .join(
        CAMPAIGN_LIMIT,
        and_(CAMPAIGN_LIMIT.c.application_id == POSTING.c.application_id, CAMPAIGN_LIMIT.c.id == POSTING.c.limit_id),
    )
    .where(POSTING.c.application_id == bindparam("application_id"), POSTING.c.session_id == bindparam("session_id"))
)
# In an UPDATE no parameter of the WHERE can have the name of a column.
REDEMPTION_KEY = [column == bindparam(f"of_{column.name}") for column in REDEMPTION.primary_key.columns]
REVERSE = Statement(update(REDEMPTION).where(*REDEMPTION_KEY))
ADD_RETURNED = Statement(
    update(REDEMPTION)
    .where(*REDEMPTION_KEY)
    .values(returned_amount=REDEMPTION.c.returned_amount + bindparam("returned", type_=REDEMPTION.c.amount.type))
)
REDUCE_POSTING = Statement(
    update(POSTING)
    .where(*(column == bindparam(f"of_{column.name}") for column in POSTING.primary_key.columns))
    .values(amount=POSTING.c.amount - bindparam("by", type_=POSTING.c.amount.type))
)
OF_CODE = CODE.c.application_id == bindparam("of_application"), CODE.c.id == bindparam("of_code")
USE_CODE = Statement(
    update(CODE)
    .where(*OF_CODE, or_(CODE.c.usage_limit.is_(None), CODE.c.used < CODE.c.usage_limit))
    .values(used=CODE.c.used + 1)
    .returning(CODE.c.id)
)
RELEASE_CODE = Statement(update(CODE).where(*OF_CODE).values(used=CODE.c.used - 1))


class StoredPosting(NamedTuple):
    """A posting of a stored redemption, in ten-thousandths."""

    counter: CounterRow
    measure: LimitMeasure
    amount: int


class StoredRedemption(NamedTuple):
    """A redemption that has not been reversed."""

    campaign_id: int
    code_id: int | None
    postings: Sequence[StoredPosting]


def use_codes(connection: Connection, application_id: int, code_ids: Iterable[int]) -> bool:
    """Count a use of each code. Return whether each had one left; if not, roll back the transaction."""
    return all(
        USE_CODE.rows(connection, {"of_application": application_id, "of_code": code_id})
        for code_id in sorted(code_ids)
    )


def release_codes(connection: Connection, application_id: int, code_ids: Iterable[int]) -> None:
    """Take back a use of each code."""
    for code_id in sorted(code_ids):
        RELEASE_CODE.rows(connection, {"of_application": application_id, "of_code": code_id})


def insert_redemptions(
    connection: Connection,
    application_id: int,
    session_id: int,
    redemptions: Sequence[Redemption],
    postings: Mapping[int, Mapping[CounterRow, int]],
    now: datetime,
) -> None:
    """Store the redemptions of a session, and their postings by campaign in ten-thousandths."""
    key = {"application_id": application_id, "session_id": session_id}
    rows = [
        {
            **key,
            "campaign_id": each.campaign_id,
            "revision": each.revision,
            "code_id": each.code.id if each.code else None,
            "amount": each.amount,
            "returned_amount": Decimal(0),
            "shares": shares_record(each),
            "created": now,
            "reversed": None,
        }
        for each in redemptions
    ]
    if rows:
        INSERT_REDEMPTION.for_each(connection, rows)
    posted = [
        (campaign_id, *counter, amount)
        for campaign_id, amounts in postings.items()
        for counter, amount in amounts.items()
    ]
    if posted:
        inserting_postings(connection.dialect.name).rows(connection, {**key, "postings": json.dumps(posted)})


@cache
def inserting_postings(dialect: str) -> Statement:
    """Return the statement that inserts a list of postings of one session."""
    own = [POSTING.c.application_id, POSTING.c.session_id]
    listed = [POSTING.c.campaign_id, *(POSTING.c[name] for name in CounterRow._fields), POSTING.c.amount]
    types = [*(each.type for each in listed[:-1]), BigInteger()]
    rows = select(
        *(bindparam(each.name, type_=each.type) for each in own), *columns_of_list(dialect, "postings", types)
    )
    return Statement(insert(POSTING).from_select([each.name for each in (*own, *listed)], rows))


def load_redemptions(connection: Connection, session: CustomerSession) -> Sequence[StoredRedemption]:
    """Return the redemptions of a session that have not been reversed. The session is locked."""
    names = {"application_id": session.application_id, "session_id": session.id}
    redemptions = [row for row in SELECT_REDEMPTIONS.rows(connection, names) if row.reversed is None]
    if not redemptions:
        return ()
    postings: dict[int, list[StoredPosting]] = {row.campaign_id: [] for row in redemptions}
    for row in SELECT_POSTINGS.rows(connection, names):
        counter = CounterRow(row.limit_id, row.subject, row.starts)
        postings[row.campaign_id].append(StoredPosting(counter, row.measure, to_units(row.amount, PLACES)))
    return [StoredRedemption(row.campaign_id, row.code_id, postings[row.campaign_id]) for row in redemptions]


def reduce_postings(
    connection: Connection, session: CustomerSession, by_campaign: Mapping[int, Mapping[CounterRow, int]]
) -> None:
    """Subtract amounts from the postings of a session."""
    rows: list[Mapping[str, Any]] = [
        {
            "of_application_id": session.application_id,
            "of_session_id": session.id,
            "of_campaign_id": campaign_id,
            **{f"of_{name}": value for name, value in counter._asdict().items()},
            "by": from_units(amount, PLACES),
        }
        for campaign_id, amounts in by_campaign.items()
        for counter, amount in amounts.items()
    ]
    if rows:
        REDUCE_POSTING.for_each(connection, rows)


def mark_reversed(connection: Connection, session: CustomerSession, campaign_ids: Iterable[int], now: datetime) -> None:
    """Store when the redemptions of a session were reversed."""
    REVERSE.for_each(connection, [{**redemption_key(session, each), "reversed": now} for each in campaign_ids])


def add_returned(connection: Connection, session: CustomerSession, amounts: Mapping[int, Decimal]) -> None:
    """Add the part of each campaign's discount that was returned to its redemption."""
    rows = [{**redemption_key(session, each), "returned": amount} for each, amount in amounts.items()]
    ADD_RETURNED.for_each(connection, rows)


def redemption_key(session: CustomerSession, campaign_id: int) -> Mapping[str, Any]:
    """Return the parameters of a redemption's key in an UPDATE."""
    return {
        "of_application_id": session.application_id,
        "of_session_id": session.id,
        "of_campaign_id": campaign_id,
    }
