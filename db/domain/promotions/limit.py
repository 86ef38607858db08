"""Limits of a campaign: how often it can be used, or how much it can give, in a period."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

from db.domain.money import to_units
from db.domain.promotions.facts import SessionFacts
from db.domain.promotions.input_reader import InputReader, Path

MAX_LIMITS = 20


class LimitMeasure(StrEnum):
    """The quantity that a limit bounds. The values are stored in the database."""

    USES = "uses"
    DISCOUNT = "discount"


class LimitSubject(StrEnum):
    """The subject that a limit counts for. The values are stored in the database."""

    CAMPAIGN = "campaign"
    PROFILE = "profile"
    IDENTIFIER = "identifier"


class LimitPeriod(StrEnum):
    """The period after which a limit starts again from 0. The values are stored in the database."""

    EVER = "ever"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


class WhenShort(StrEnum):
    """The effect of a limit if less is left of it than a session would use. The values are stored in the database."""

    SKIP = "skip"
    CUT = "cut"


class CounterKey(NamedTuple):
    """Identifies a counter: a limit by its identity, a subject, and the local date on which the period begins."""

    campaign_id: int
    measure: LimitMeasure
    per: LimitSubject
    period: LimitPeriod
    subject: str | None
    starts: str | None


Subjects = Mapping[LimitSubject, Sequence[str | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A limit. ``max`` is a number of uses, or an amount in minor units. ``path`` is its place in the input."""

    path: Path
    measure: LimitMeasure
    per: LimitSubject
    period: LimitPeriod
    max: int
    when_short: WhenShort

    def counter_keys(
        self, campaign_id: int, subjects: Subjects, period_starts: Mapping[LimitPeriod, str | None]
    ) -> list[CounterKey]:
        """Return the counters that a session is charged to; none if it has no such subject."""
        starts = period_starts[self.period]
        return [
            CounterKey(campaign_id, self.measure, self.per, self.period, subject, starts)
            for subject in subjects[self.per]
        ]


def find_subjects(session: SessionFacts) -> Subjects:
    """Return the subjects that a session is charged to, of each kind. That of a whole campaign is None."""
    profile = session.profile
    return {
        LimitSubject.CAMPAIGN: (None,),
        LimitSubject.PROFILE: () if profile is None else (profile.id,),
        LimitSubject.IDENTIFIER: session.identifiers,
    }


def period_start(period: LimitPeriod, local: date) -> str | None:
    """Return the local date on which the period around ``local`` begins: 2026-03-29. Weeks begin on Monday."""
    match period:
        case LimitPeriod.EVER:
            return None
        case LimitPeriod.DAY:
            start = local
        case LimitPeriod.WEEK:
            # The first week of the calendar begins on Monday, 0001-01-01, so the subtraction cannot fail.
            start = local - timedelta(days=local.weekday())
        case LimitPeriod.MONTH:
            start = local.replace(day=1)
        case LimitPeriod.YEAR:
            start = local.replace(month=1, day=1)
    return start.isoformat()


@lru_cache(100)  # nearly all evaluations are at today's date
def find_period_starts(local: date) -> Mapping[LimitPeriod, str | None]:
    """Return the local date on which each period around ``local`` begins."""
    return {period: period_start(period, local) for period in LimitPeriod}


def read_limits(reader: InputReader, value: Any, path: Path) -> tuple[Limit, ...]:
    """Read a list of CampaignLimitInput."""
    limits: list[Limit] = []
    for element, at in reader.items(value, path, MAX_LIMITS):
        limit = read_limit(reader, element, at)
        for other in limits:
            if (other.measure, other.per, other.period) == (limit.measure, limit.per, limit.period):
                reader.refuse(at, f"Limit {other.path[-1]} has the same measure, per and period.")
        limits.append(limit)
    return tuple(limits)


def read_limit(reader: InputReader, value: Any, path: Path) -> Limit:
    """Read one CampaignLimitInput."""
    names = ("measure", "per", "period", "max", "whenShort")
    given = {"period": "EVER", "whenShort": "SKIP"} | reader.fields(value, path, names, ("measure", "per", "max"))
    measure = reader.choice(given.get("measure", "USES"), (*path, "measure"), LimitMeasure)
    when_short = reader.choice(given["whenShort"], (*path, "whenShort"), WhenShort)
    if measure is LimitMeasure.USES and when_short is WhenShort.CUT:
        reader.refuse((*path, "whenShort"), "A limit of USES cannot be CUT; use SKIP.")
    digits = 0 if measure is LimitMeasure.USES else reader.minor_digits
    max_ = reader.amount(given["max"], (*path, "max"), digits) if "max" in given else None
    return Limit(
        path=path,
        measure=measure,
        per=reader.choice(given.get("per", "CAMPAIGN"), (*path, "per"), LimitSubject),
        period=reader.choice(given["period"], (*path, "period"), LimitPeriod),
        max=0 if max_ is None else to_units(max_, digits),
        when_short=when_short,
    )
