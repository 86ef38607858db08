"""Strategies for the input of an evaluation: carts, campaigns, limits and counters, codes and profiles."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from campaigns import AT, compiled
from hypothesis import strategies as st
from strategies import cart_lines

from db.domain.money import RoundingMode
from db.domain.promotions.code import Code, CodeKind
from db.domain.promotions.facts import EvaluationSettings, ProfileFacts, SessionFacts
from db.domain.promotions.limit import CounterKey, LimitMeasure, LimitPeriod, find_period_starts, find_subjects

ZONES = [ZoneInfo("UTC"), ZoneInfo("Europe/Lisbon"), ZoneInfo("Pacific/Auckland")]
CATEGORIES = ["hats", "shoes", None]


class Case(NamedTuple):
    """The input of an evaluation."""

    session: SessionFacts
    contents: Sequence[Mapping[str, Any]]
    counters: Mapping[CounterKey, int]
    at: datetime
    settings: EvaluationSettings


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with any of these fields."""
    return st.fixed_dictionaries({}, optional=fields)


@cache
def amounts(digits: int, least: int = 0, most: int = 3_000) -> st.SearchStrategy[str]:
    """Amounts of up to 30.00, in the currency's minor units."""
    return st.integers(least, most).map(lambda units: f"{Decimal(units).scaleb(-digits):f}")


def rarely(objects: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Mostly empty objects, so that more campaigns apply."""
    return st.one_of(st.just(dict[str, Any]()), st.just(dict[str, Any]()), objects)


def ranges(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Ranges with one end."""
    return st.one_of(st.fixed_dictionaries({"min": values}), st.fixed_dictionaries({"max": values}))


ATTRIBUTE_TESTS = st.one_of(
    st.fixed_dictionaries({"values": st.lists(st.sampled_from(["red", "blue"]), max_size=2)}),
    st.fixed_dictionaries({"isSet": st.booleans()}),
)
ATTRIBUTES = st.lists(st.fixed_dictionaries({"name": st.just("color"), "test": ATTRIBUTE_TESTS}), max_size=1)
FILTER_FIELDS = {
    "skus": st.lists(st.sampled_from("ABC"), max_size=2),
    "skuPrefix": st.sampled_from("AB"),
    "categories": st.lists(st.sampled_from(["hats", "shoes"]), max_size=2),
    "price": ranges(amounts(2)),
    "attributes": ATTRIBUTES,
}
LINE_FILTERS = optional(**FILTER_FIELDS, **{"not": optional(**FILTER_FIELDS)})

CONDITION_FIELDS = {
    "total": ranges(amounts(2)),
    "net": ranges(amounts(2)),
    "cart": st.lists(
        optional(lines=LINE_FILTERS, units=ranges(st.integers(0, 9)), amount=ranges(amounts(2))), max_size=2
    ),
    "firstSession": st.booleans(),
    "profile": optional(closedSessions=ranges(st.integers(0, 2))),
    "identifiers": st.lists(st.sampled_from("xyz"), max_size=2),
}
CONDITIONS = optional(
    **CONDITION_FIELDS,
    anyOf=st.lists(optional(**CONDITION_FIELDS), min_size=1, max_size=2),
    **{"not": optional(**CONDITION_FIELDS)},
)


@cache
def rewards(digits: int) -> st.SearchStrategy[dict[str, Any]]:
    """Rewards of each kind."""
    positive, percents = amounts(digits, 1), st.integers(1, 10_000).map(lambda units: str(Decimal(units) / 100))
    numbers = st.integers(1, 3)
    return st.one_of(
        st.fixed_dictionaries({"percentOff": st.fixed_dictionaries({"percent": percents})}),
        st.just({"percentOff": {"percent": "100"}}),
        st.fixed_dictionaries({"amountOff": st.fixed_dictionaries({"amount": positive})}),
        st.fixed_dictionaries({"amountOffEach": st.fixed_dictionaries({"amount": positive})}),
        st.fixed_dictionaries({"fixedPrice": st.fixed_dictionaries({"price": amounts(digits)})}),
        st.fixed_dictionaries(
            {
                "buyGet": st.fixed_dictionaries(
                    {"buy": numbers, "get": numbers},
                    optional={"getLines": LINE_FILTERS, "percentOff": percents, "times": numbers},
                )
            }
        ),
        st.just({"message": {"text": "Hello"}}),
        st.just({"offer": {"sku": "GIFT"}}),
    )


@cache
def limits(digits: int) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Limits, of which no two have the same identity."""
    identity = {
        "per": st.sampled_from(["CAMPAIGN", "CAMPAIGN", "PROFILE", "IDENTIFIER"]),
        "period": st.sampled_from([each.name for each in LimitPeriod]),
    }
    uses = st.fixed_dictionaries({"measure": st.just("USES"), **identity, "max": st.integers(0, 4)})
    discounts = st.fixed_dictionaries(
        {
            "measure": st.just("DISCOUNT"),
            **identity,
            "max": amounts(digits, 0, 4_000),
            "whenShort": st.sampled_from(["SKIP", "CUT"]),
        }
    )
    return st.lists(
        st.one_of(uses, discounts), max_size=3, unique_by=lambda each: (each["measure"], each["per"], each["period"])
    )


@cache
def rules(digits: int) -> st.SearchStrategy[dict[str, Any]]:
    """Rules without labels."""
    return st.fixed_dictionaries(
        {"reward": rewards(digits)},
        optional={"when": rarely(CONDITIONS), "lines": rarely(LINE_FILTERS), "maxAmount": amounts(digits, 1)},
    )


CAMPAIGN_FIELDS = optional(
    rank=st.integers(1, 3),
    stacking=st.sampled_from(["STACK", "STACK", "STOP"]),
    bestOf=st.sampled_from(["one", "two"]),
    requires=st.sampled_from(["NOTHING", "NOTHING", "NOTHING", "COUPON", "REFERRAL"]),
    starts=st.just("2026-03-01T00:00:00Z"),
)


@st.composite
def campaigns(draw: st.DrawFn, digits: int) -> list[dict[str, Any]]:
    """Draw campaigns. Labels are unique, but for those that are also in the caller's discounts."""
    contents = []
    for number in range(draw(st.integers(1, 5))):
        labelled = [{"label": f"{number}.{i}"} | draw(rules(digits)) for i in range(draw(st.integers(1, 3)))]
        content = {"name": f"{number}", "rules": labelled, "limits": draw(limits(digits))}
        contents.append(content | draw(CAMPAIGN_FIELDS))
    return contents


PRICES = st.one_of(st.integers(0, 200), st.integers(0, 200_000)).map(lambda units: Decimal(units).scaleb(-4))
WHOLE_PRICES = st.integers(0, 30).map(Decimal)
LINES = cart_lines(
    sku=st.sampled_from(["A", "AB", "B", "C"]),
    quantity=st.integers(1, 5),
    price=st.one_of(PRICES, WHOLE_PRICES),
    category=st.sampled_from(CATEGORIES),
    attributes=st.sampled_from([{}, {"color": "red"}, {"color": "blue"}]),
)
PEOPLE = st.sampled_from([None, "me", "you"])
PROFILES = st.one_of(st.none(), st.builds(ProfileFacts, id=st.just("me"), closed_sessions=st.integers(0, 2)))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw the input of an evaluation. Prices have up to 4 decimals, whatever the currency."""
    digits = draw(st.integers(0, 4))
    contents = draw(campaigns(digits))
    ids = st.integers(1, len(contents))
    code = {"campaign_id": ids, "usage_limit": st.one_of(st.none(), st.integers(1, 2)), "used": st.integers(0, 2)}
    coupon = st.builds(Code, kind=st.just(CodeKind.COUPON), code=st.just("C"), recipient=PEOPLE, **code)
    referral = st.builds(
        Code, kind=st.just(CodeKind.REFERRAL), code=st.just("R"), advocate=PEOPLE, friend=PEOPLE, **code
    )
    labels = st.sampled_from(["0.0", "1.0", "caller", "zebra"])
    amount = st.integers(0, 500).map(lambda units: Decimal(units).scaleb(-digits))
    session = SessionFacts(
        cart=draw(st.lists(LINES, max_size=5)),
        manual=draw(st.one_of(st.just({}), st.dictionaries(labels, amount, max_size=3))),
        profile=draw(PROFILES),
        first_session=draw(st.booleans()),
        identifiers=draw(st.lists(st.sampled_from("xy"), unique=True)),
        coupon="c",
        referral="r",
        coupon_code=draw(st.one_of(st.none(), coupon)),
        referral_code=draw(st.one_of(st.none(), referral)),
    )
    at = AT + timedelta(hours=draw(st.integers(-1_000, 10_000)))
    zone = draw(st.sampled_from(ZONES))
    settings = EvaluationSettings(minor_digits=digits, rounding=draw(st.sampled_from(RoundingMode)), time_zone=zone)
    starts = find_period_starts(at.astimezone(zone).date())
    counters = {
        key: draw(st.integers(0, 2) if key.measure is LimitMeasure.USES else st.integers(0, 2_500))
        for campaign in compiled(*contents, digits=digits)
        for limit in campaign.limits
        for key in limit.counter_keys(campaign.id, find_subjects(session), starts)
    }
    return Case(session, contents, counters, at, settings)
