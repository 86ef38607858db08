"""The evaluation of a session's promotions, and the charges of its close to counters and codes.

``SessionChange.save`` and ``create`` are the only places that evaluate a session which is stored.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, cached_property

from sqlalchemy import Connection

from db.domain.money import PLACES
from db.domain.promotions.campaign_state import CampaignState
from db.domain.promotions.code import Code, CodeKind
from db.domain.promotions.evaluation import Evaluation, evaluate, local_time
from db.domain.promotions.facts import EvaluationSettings, SessionFacts
from db.domain.promotions.limit import CounterKey, LimitMeasure, WhenShort, find_period_starts, find_subjects
from db.domain.promotions.session_evaluation import apply_evaluation, session_facts
from db.domain.session import CustomerSession
from db.engine.errors import WriteConflict
from db.engine.statements import begin
from db.repository.active_campaigns import ActiveCampaigns, StoredCampaign, find_campaign
from db.repository.counters import CounterRow, add_to_counters, lock_counters, read_counters
from db.repository.promotion_facts import find_codes, read_profile
from db.repository.redemptions import use_codes


@dataclass(frozen=True)
class Evaluated:
    """A session with the discounts of its campaigns, and the counters that its close is charged to."""

    session: CustomerSession
    evaluation: Evaluation
    rows: Mapping[CounterKey, CounterRow]
    counters: Mapping[CounterKey, int]
    facts: SessionFacts

    stored: Mapping[int, StoredCampaign]

    def max_of(self, key: CounterKey) -> int:
        """Return the maximum of the limit that a counter belongs to."""
        limits = self.stored[key.campaign_id].campaign.limits
        return next(
            each.max for each in limits if (each.measure, each.per, each.period) == (key.measure, key.per, key.period)
        )

    def code_of(self, campaign_id: int) -> Code:
        """Return the session's code for a campaign that requires one."""
        codes = (self.facts.coupon_code, self.facts.referral_code)
        return next(code for code in codes if code and code.campaign_id == campaign_id)

    @cached_property
    def postings(self) -> Mapping[int, Mapping[CounterRow, int]]:
        """What each campaign adds to counters, in ten-thousandths."""
        steps = units(self.session.minor_digits)
        return {
            redemption.campaign_id: {
                self.rows[posting.key]: posting.amount * steps[posting.key.measure] for posting in redemption.postings
            }
            for redemption in self.evaluation.redemptions
        }


@cache
def units(minor_digits: int) -> Mapping[LimitMeasure, int]:
    """Return the ten-thousandths in one unit of a counter: a use, or a minor unit."""
    return {LimitMeasure.USES: 10**PLACES, LimitMeasure.DISCOUNT: 10 ** (PLACES - minor_digits)}


def evaluate_session(
    connection: Connection, campaigns: ActiveCampaigns, session: CustomerSession, at: datetime
) -> Evaluated:
    """Evaluate an open session. No row is locked."""
    return Reading(connection, campaigns, session, at).evaluate()


def evaluate_only(
    connection: Connection,
    campaigns: ActiveCampaigns,
    chosen: Sequence[StoredCampaign],
    session: CustomerSession,
    at: datetime,
) -> Evaluated:
    """Evaluate a session with the given campaigns only, in any state."""
    reading = Reading(connection, replace(campaigns, without_code=chosen), session, at, all_with_code=False)
    return reading.evaluate()


def evaluate_close(
    connection: Connection, campaigns: ActiveCampaigns, session: CustomerSession, at: datetime
) -> Evaluated:
    """Evaluate a session that is being closed. It is locked or new; its profile is locked before it is read.

    Raises WriteConflict if a second evaluation, under locks, would charge other counters than the first.
    """
    begin(connection)
    reading = Reading(connection, campaigns, session, at, lock=True)
    found = reading.evaluate()
    if connection.dialect.name == "postgresql" and reading.depends_on_counters:
        locked = {row for postings in found.postings.values() for row in postings}
        if locked:
            lock_counters(connection, session.application_id, locked)
            found = reading.evaluate()
        if not locked.issuperset(row for postings in found.postings.values() for row in postings):
            raise WriteConflict("a counter that is not locked is charged")
    return found


class Reading:
    """The facts of one session: read once, apart from counters."""

    def __init__(
        self,
        connection: Connection,
        campaigns: ActiveCampaigns,
        session: CustomerSession,
        at: datetime,
        *,
        lock: bool = False,
        all_with_code: bool = True,
    ) -> None:
        self.connection = connection
        self.session = session
        self.at = at
        self.settings: EvaluationSettings = campaigns.settings
        self.stored: dict[int, StoredCampaign] = {each.campaign.id: each for each in campaigns.without_code}
        profile = read_profile(connection, session, lock=lock)
        codes = find_codes(connection, session)
        for found in codes.values() if all_with_code else ():
            campaign_id = found.code.campaign_id
            if found.code.campaign_state is CampaignState.ACTIVE and campaign_id not in self.stored:
                stored = find_campaign(connection, campaigns, campaign_id, found.revision)
                if stored is not None:
                    self.stored[campaign_id] = stored
        coupon, referral = (codes[kind].code if kind in codes else None for kind in CodeKind)
        self.facts = session_facts(session, profile, coupon, referral)
        self.rows = dict(self._counters())

    def _counters(self) -> Iterator[tuple[CounterKey, CounterRow]]:
        """Yield the counters that the session can be charged to."""
        subjects = find_subjects(self.facts)
        starts = find_period_starts(local_time(self.at, self.settings.time_zone).date())
        for stored in self.stored.values():
            for limit in stored.campaign.limits:
                limit_id = stored.limit_ids[limit.measure, limit.per, limit.period]
                for key in limit.counter_keys(stored.campaign.id, subjects, starts):
                    yield key, CounterRow(limit_id, key.subject or "", key.starts or "")

    @property
    def depends_on_counters(self) -> bool:
        """Whether counters can change the amount of a discount, or the choice of a campaign in a group."""
        return any(
            each.campaign.best_of is not None
            or any(limit.when_short is WhenShort.CUT for limit in each.campaign.limits)
            for each in self.stored.values()
            if each.campaign.limits
        )

    def evaluate(self) -> Evaluated:
        """Evaluate the session with the counters as they are now."""
        counters: dict[CounterKey, int] = {}
        if self.rows:
            used = read_counters(self.connection, self.session.application_id, self.rows.values())
            steps = units(self.session.minor_digits)
            counters = {key: used[row] // steps[key.measure] for key, row in self.rows.items() if row in used}
        evaluation = evaluate(
            self.facts, [each.campaign for each in self.stored.values()], counters, self.at, self.settings
        )
        return Evaluated(
            apply_evaluation(self.session, evaluation), evaluation, self.rows, counters, self.facts, self.stored
        )


def post(connection: Connection, evaluated: Evaluated) -> None:
    """Charge counters and codes for a session's discounts. Raises WriteConflict if one has too little left."""
    application_id = evaluated.session.application_id
    amounts = {row: amount for postings in evaluated.postings.values() for row, amount in postings.items()}
    if not add_to_counters(connection, application_id, amounts):
        raise WriteConflict("a limit was reached at the same time")
    if not use_codes(
        connection, application_id, [each.code.id for each in evaluated.evaluation.redemptions if each.code]
    ):
        raise WriteConflict("a code was used up at the same time")
