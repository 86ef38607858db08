"""Limits of campaigns: periods, subjects, and what happens when too little is left."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from campaigns import Input, amounts, campaign, explained, line, off, only, outcomes, percent, rule, run

from db.domain.promotions.limit import CounterKey, LimitMeasure, LimitPeriod, LimitSubject, period_start

CART = [line("10.00", 2), line("30.00")]


def limit(measure: str = "USES", **fields: Any) -> Input:
    """Return a limit."""
    return {"measure": measure, "per": "CAMPAIGN", "max": 1, **fields}


def key(limit: Input, subject: str | None = None, starts: str | None = None) -> CounterKey:
    """Return the counter of a limit of the first campaign."""
    measure, per = LimitMeasure[limit["measure"]], LimitSubject[limit["per"]]
    return CounterKey(1, measure, per, LimitPeriod[limit.get("period", "EVER")], subject, starts)


@pytest.mark.parametrize("per", ["PROFILE", "IDENTIFIER"])
def test_limit_without_its_subject_skips_the_campaign(per: str) -> None:
    result = only(CART, campaign(rule(off("1.00")), limits=[limit(per=per)]))
    assert explained(result) == ("SUBJECT_MISSING", "limits, 0, per", per, None)


def test_every_identifier_is_charged_and_needs_room() -> None:
    uses = limit(per="IDENTIFIER", max=2)
    content = campaign(rule(off("1.00")), limits=[uses])
    found = run(CART, content, identifiers=["a", "b"], counters={key(uses, "a"): 1})
    assert found.redemptions[0].postings == ((key(uses, "a"), 1), (key(uses, "b"), 1))
    result = only(CART, content, identifiers=["a", "b"], counters={key(uses, "b"): 2})
    assert explained(result) == ("LIMIT_REACHED", "limits, 0, max", "1", "0")
    assert result.counter == key(uses, "b")


def test_lowered_limit_has_a_negative_remainder() -> None:
    uses = limit()
    result = only(CART, campaign(rule(off("1.00")), limits=[uses]), counters={key(uses): 5})
    assert explained(result) == ("LIMIT_REACHED", "limits, 0, max", "1", "-4")


@pytest.mark.parametrize(
    ("when_short", "used", "expected"),
    [
        ("SKIP", 400, ("APPLIED", "6.00")),
        ("SKIP", 401, ("LIMIT_REACHED", None)),
        ("CUT", 400, ("APPLIED", "6.00")),
        ("CUT", 999, ("CUT", "0.01")),
        ("CUT", 1000, ("LIMIT_REACHED", None)),
        ("CUT", 1001, ("LIMIT_REACHED", None)),
    ],
)
def test_limit_of_discounts_skips_or_cuts(when_short: str, used: int, expected: tuple[str, str | None]) -> None:
    discount = limit("DISCOUNT", max="10.00", whenShort=when_short)
    found = run(CART, campaign(rule(off("6.00")), limits=[discount]), counters={key(discount): used})
    assert (outcomes(found)[0], amounts(found).get("rule")) == expected
    if found.redemptions:
        (posting,) = found.redemptions[0].postings
        assert posting.amount + used <= 1000


def test_cut_goes_from_the_last_rule_back() -> None:
    discount = limit("DISCOUNT", max="5.00", whenShort="CUT")
    rules = [rule(off("4.00"), "a"), rule(off("3.00"), "b"), rule(off("2.00"), "c")]
    found = run(CART, campaign(*rules, limits=[discount]))
    assert amounts(found) == {"a": "4.00", "b": "1.00"}
    assert outcomes(found) == ["APPLIED", "CUT", "LIMIT_REACHED"]
    assert explained(found.results[1]) == ("CUT", "limits, 0, max", "9.00", "5.00")
    assert found.redemptions[0].amount == sum(each.amount for each in found.redemptions[0].allocations) == 5


def test_campaign_after_a_cut_sees_what_the_cut_left() -> None:
    discount = limit("DISCOUNT", max="10.00", whenShort="CUT")
    found = run(CART, campaign(rule(off("20.00"), "a"), limits=[discount]), campaign(rule(percent("50"), "b")))
    assert amounts(found) == {"a": "10.00", "b": "20.00"}


def test_campaign_without_effect_uses_nothing() -> None:
    uses = limit(max=0)
    free = campaign(rule(percent("10")), limits=[limit()])
    found = run([line("0.00")], free)
    assert outcomes(found) == ["NO_EFFECT"]
    assert not found.redemptions
    assert only(CART, campaign(rule({"message": {"text": "Hi"}}), limits=[uses])).outcome.name == "LIMIT_REACHED"


def test_group_compares_amounts_after_limits_and_ties_go_to_the_first() -> None:
    cut = [limit("DISCOUNT", max="2.00", whenShort="CUT")]
    large = campaign(rule(off("9.00"), "a"), bestOf="group", limits=cut)
    small = campaign(rule(off("3.00"), "b"), bestOf="group")
    assert amounts(run(CART, large, small)) == {"b": "3.00"}
    same = campaign(rule(off("2.00"), "c"), bestOf="group")
    assert amounts(run(CART, large, same)) == {"a": "2.00"}


@pytest.mark.parametrize(
    ("instant", "zone", "starts"),
    [
        ("2026-03-29T22:59:00Z", "Europe/Lisbon", [None, "2026-03-29", "2026-03-23", "2026-03-01", "2026-01-01"]),
        ("2026-03-29T23:00:00Z", "Europe/Lisbon", [None, "2026-03-30", "2026-03-30", "2026-03-01", "2026-01-01"]),
        ("2025-12-31T11:00:00Z", "Pacific/Auckland", [None, "2026-01-01", "2025-12-29", "2026-01-01", "2026-01-01"]),
        ("2026-01-01T04:59:00Z", "America/New_York", [None, "2025-12-31", "2025-12-29", "2025-12-01", "2025-01-01"]),
    ],
)
def test_period_begins_on_a_local_date(instant: str, zone: str, starts: list[str | None]) -> None:
    at = datetime.fromisoformat(instant)
    local = at.astimezone(ZoneInfo(zone)).date()
    assert [period_start(period, local) for period in LimitPeriod] == starts
    limits = [limit(period=period.name) for period in LimitPeriod]
    found = run(CART, campaign(rule(off("1.00")), limits=limits), at=at, zone=ZoneInfo(zone))
    assert [posting.key.starts for posting in found.redemptions[0].postings] == starts


def test_first_week_of_the_calendar() -> None:
    assert period_start(LimitPeriod.WEEK, date.min) == "0001-01-01"
