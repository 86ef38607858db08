"""Promotions in a change of a session: evaluated with each change, redeemed by a close, reversed by a cancellation.

Rows are locked in this order: the session, its profile, counters in the order of their keys, codes, the event.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType

from sqlalchemy import Connection

from db.domain.commands import UNSET, SessionContent
from db.domain.content import Rules
from db.domain.errors import Refused
from db.domain.lifecycle import SALES, SessionState
from db.domain.money import PLACES, RoundingMode, from_units
from db.domain.promotions.campaign_result import CampaignResult
from db.domain.promotions.code_outcome import CodeOutcome, CodeStatus
from db.domain.promotions.limit import LimitMeasure
from db.domain.promotions.refusals import CouponNotAccepted, LimitReached, find_lost
from db.domain.promotions.returned_shares import returned_units
from db.domain.session import CustomerSession, check_net_total
from db.engine.statements import begin
from db.operations.evaluation import Evaluated, evaluate_close, evaluate_session, post
from db.repository.active_campaigns import active_campaigns, active_labels, noted_version
from db.repository.counters import CounterRow, subtract_from_counters
from db.repository.load import lock_session
from db.repository.profiles import is_first_session
from db.repository.promotion_facts import read_profile
from db.repository.redemptions import (
    add_returned,
    insert_redemptions,
    load_redemptions,
    mark_reversed,
    reduce_postings,
    release_codes,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseConditions:
    """The conditions of the caller for a close, besides the expected total."""

    net_total: Decimal | None = None
    coupon: bool = False


UNCONDITIONAL = CloseConditions()
GUESSED = frozenset({CodeStatus.UNKNOWN, CodeStatus.OTHER_RECIPIENT})


@dataclass(frozen=True, slots=True)
class Promoted:
    """A session after a change, with the discounts of its campaigns.

    ``campaigns_version`` is that of the evaluation; None if there was none, since the change needs none.
    """

    session: CustomerSession
    campaigns_version: int | None = None
    evaluated: Evaluated | None = None

    @property
    def is_redeemed(self) -> bool:
        """Whether the change closes the session."""
        return self.evaluated is not None and self.session.state is SessionState.CLOSED

    def failed_codes(self, before: CustomerSession) -> int:
        """Return the number of codes set by the change that are unknown or another customer's."""
        if self.evaluated is None:
            return 0
        after, evaluation = self.session, self.evaluated.evaluation
        outcomes = (
            (evaluation.coupon, before.coupon != after.coupon),
            (evaluation.referral, before.referral != after.referral),
        )
        return sum(1 for outcome, is_new in outcomes if is_new and outcome and outcome.status in GUESSED)

    def post(self, connection: Connection) -> None:
        """Charge counters and codes if the session is closed. Raises WriteConflict."""
        if self.evaluated is not None and self.is_redeemed:
            post(connection, self.evaluated)

    def record(self, connection: Connection, session_id: int) -> None:
        """Store the redemptions of a closed session, which has been stored."""
        if self.evaluated is not None and self.is_redeemed:
            session, redemptions = self.session, self.evaluated.evaluation.redemptions
            insert_redemptions(
                *(connection, session.application_id, session_id),
                redemptions,
                self.evaluated.postings,
                session.updated,
            )


def reserve_labels(
    connection: Connection,
    application_id: int,
    content: SessionContent,
    rules: Rules,
    version: int,
    current: Mapping[str, Decimal] = MappingProxyType({}),
) -> Rules:
    """Return the rules for ``content`` with the labels that its discounts cannot have, since active rules have them.

    A session keeps the labels that its discounts have already. ``version`` is the application's campaigns version.
    """
    given = [] if content.discounts is UNSET else [each.label for each in content.discounts or ()]
    new = [label for label in given if label not in current]
    if not new or not version:
        return rules
    return replace(rules, reserved_labels=active_labels(connection, application_id, new))


def promote_new(connection: Connection, new: CustomerSession, version: int, conditions: CloseConditions) -> Promoted:
    """Evaluate a new session with the campaigns of a version.

    Raises Refused if it is closed and does not meet the conditions.
    """
    evaluated = None
    if version:
        begin(connection)
        new = replace(new, first_session=is_first_session(connection, new, new.created))
        evaluated = evaluate(connection, new, version, new.created)
        new = evaluated.session
    if new.state is SessionState.CLOSED:
        check_conditions(new, evaluated, conditions)
    return Promoted(new, version, evaluated)


def promote(
    connection: Connection,
    before: CustomerSession,
    after: CustomerSession,
    at: datetime,
    conditions: CloseConditions = UNCONDITIONAL,
) -> Promoted:
    """Evaluate a change of a session at an instant, if it is open or closed by the change.

    Raises Refused if a close does not meet the conditions, or would give smaller discounts than the session shows.
    """
    if before.state is not SessionState.OPEN or after.state is SessionState.CANCELLED:
        return Promoted(after)
    closes = after.state is SessionState.CLOSED
    version = noted_version(connection, after.application_id)
    evaluated = None
    if version:
        if closes:
            lock_session(connection, before)
        evaluated = evaluate(connection, after, version, at)
        after = evaluated.session
    if closes:
        lost = find_lost(before.promotions, evaluated.evaluation) if evaluated else None
        if evaluated is not None and lost is not None and conditions.net_total != after.net_total:
            raise Refused(limit_reached(before, evaluated, lost))
        check_conditions(after, evaluated, conditions)
    return Promoted(after, version, evaluated)


def evaluate(connection: Connection, session: CustomerSession, version: int, at: datetime) -> Evaluated:
    """Evaluate a session with the campaigns of a version."""
    campaigns = active_campaigns(connection, session.application_id, version)
    by_state = evaluate_close if session.state is SessionState.CLOSED else evaluate_session
    return by_state(connection, campaigns, session, at)


def check_conditions(session: CustomerSession, evaluated: Evaluated | None, conditions: CloseConditions) -> None:
    """Raise Refused if a closed session does not meet the conditions."""
    check_net_total(session, conditions.net_total)
    if not conditions.coupon:
        return
    outcome = evaluated.evaluation.coupon if evaluated else None
    if outcome is None and session.coupon is not None:  # the application never had campaigns
        outcome = CodeOutcome(code=session.coupon, status=CodeStatus.UNKNOWN, campaign_id=None)
    if outcome is None or outcome.status is not CodeStatus.ACCEPTED:
        raise Refused(CouponNotAccepted(found=outcome, application_id=session.application_id))


def limit_reached(before: CustomerSession, evaluated: Evaluated, lost: CampaignResult) -> LimitReached:
    """Return the refusal of a close that would give smaller discounts than the session shows."""
    digits = before.minor_digits
    counter = lost.counter
    if counter is None:
        code = evaluated.code_of(lost.campaign_id)
        scale, used, max_ = 0, Decimal(code.used), Decimal(code.usage_limit or 0)
    else:
        scale = 0 if counter.measure is LimitMeasure.USES else digits
        used = from_units(evaluated.counters.get(counter, 0), scale)
        max_ = from_units(evaluated.max_of(counter), scale)
    return LimitReached(
        campaign_id=lost.campaign_id,
        per=counter.per if counter else None,
        subject=counter.subject if counter else None,
        used=used,
        max=max_,
        digits={"used": scale, "max": scale},
        actual_net_total=evaluated.session.net_total,
        minor_digits=digits,
        application_id=before.application_id,
        session_id=before.id,
    )


def reverse_return(connection: Connection, before: CustomerSession, after: CustomerSession, mode: RoundingMode) -> None:
    """Subtract the last return of a session from the counters of discounts. Uses stay."""
    if not before.promotions:
        return
    lock_session(connection, before)
    redemptions = load_redemptions(connection, before)
    units = returned_units(after, mode) if redemptions else {}
    amounts = {campaign_id: from_units(each, after.minor_digits) for campaign_id, each in units.items() if each}
    step = 10 ** (PLACES - after.minor_digits)
    postings = {
        each.campaign_id: {
            posting.counter: units[each.campaign_id] * step
            for posting in each.postings
            if posting.measure is LimitMeasure.DISCOUNT
        }
        for each in redemptions
        if each.campaign_id in amounts
    }
    if postings:
        subtract_from_counters(connection, before.application_id, merge(postings))
        reduce_postings(connection, before, postings)
        add_returned(connection, before, {campaign_id: amounts[campaign_id] for campaign_id in postings})


def reverse_sale(connection: Connection, before: CustomerSession, at: datetime) -> None:
    """Subtract the rest of a closed session's redemptions from counters and codes, since it is cancelled."""
    if not before.promotions or before.state not in SALES:
        return
    lock_session(connection, before)
    read_profile(connection, before, lock=True)
    redemptions = load_redemptions(connection, before)
    if not redemptions:
        return
    postings = {
        each.campaign_id: {posting.counter: posting.amount for posting in each.postings} for each in redemptions
    }
    subtract_from_counters(connection, before.application_id, merge(postings))
    release_codes(connection, before.application_id, [each.code_id for each in redemptions if each.code_id is not None])
    reduce_postings(connection, before, postings)
    mark_reversed(connection, before, postings, at)


def merge(postings: Mapping[int, Mapping[CounterRow, int]]) -> Mapping[CounterRow, int]:
    """Return the amounts of all campaigns by counter. Each counter belongs to one campaign."""
    return {counter: amount for amounts in postings.values() for counter, amount in amounts.items() if amount}
