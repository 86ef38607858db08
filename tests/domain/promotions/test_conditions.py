"""Conditions and line filters: what holds, and the first test that fails."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from campaigns import AT, Input, amounts, campaign, line, off, percent, rule, run

from db.domain.cart import CartLine
from db.domain.promotions.facts import ProfileFacts

CART = [
    line("10.00", 2, "hats", sku="HAT-1", product_name="Hat", attributes={"color": "red", "size": 1.0}),
    line("30.00", 1, "shoes", sku="SHOE-1", attributes={"tags": ["new", "sale"], "sizes": [], "gift": True}),
    line("5.00", 1, sku="BOX"),
]
PROFILE = ProfileFacts(id="me", closed_sessions=2, total_sales=Decimal("99.50"), attributes={"size": 3})
FACTS: dict[str, Any] = {
    "profile": PROFILE,
    "first_session": False,
    "identifiers": ["phone", "mail"],
    "attributes": {"color": "red", "size": 7, "gift": False, "due": "2026-03-29T12:00:00+02:00"},
}


def failure(when: Input, cart: Sequence[CartLine] = CART, **facts: Any) -> tuple[str, str | None, str | None] | None:
    """Return the path, the needed and the actual value of the test that fails, or None if the condition holds."""
    (result,) = run(cart, campaign(rule(off("1.00"), when=when)), **{**FACTS, **facts}).results
    if result.outcome.name == "APPLIED":
        return None
    assert result.outcome.name == "CONDITION_FAILED"
    assert result.path[:3] == ("rules", "0", "when")
    return ", ".join(result.path[3:]), result.needed, result.actual


def attribute(name: str, **test: Any) -> list[Input]:
    """Return a condition of one attribute."""
    return [{"name": name, "test": test}]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({}, None),
        ({"total": {"min": "55.00", "max": "55"}}, None),
        ({"total": {"min": "55.0001"}}, ("total, min", "55.0001", "55.00")),
        ({"total": {"max": "54.99"}}, ("total, max", "54.99", "55.00")),
        ({"net": {"min": "60"}, "total": {"min": "70"}}, ("total, min", "70.00", "55.00")),
        ({"cart": [{"units": {"min": 4}}, {"amount": {"max": "10"}}]}, ("cart, 1, amount, max", "10.00", "55.00")),
        ({"cart": [{"lines": {"categories": ["hats"]}, "units": {"min": 3}}]}, ("cart, 0, units, min", "3", "2")),
        ({"cart": [{"lines": {"categories": ["hats"]}, "amount": {"min": "20"}}]}, None),
        ({"cart": [{"lines": {"categories": ["toys"]}, "units": {"max": 1}}]}, None),
        ({"cart": [{"lines": {"categories": ["toys"]}}]}, ("cart, 0, lines", "1", "0")),
        ({"profileIds": ["you", "me"]}, None),
        ({"profileIds": ["you", "her"]}, ("profileIds", '"you", "her"', "me")),
        ({"firstSession": False}, None),
        ({"firstSession": True}, ("firstSession", "true", "false")),
        ({"profile": {"closedSessions": {"max": 0}}}, ("profile, closedSessions, max", "0", "2")),
        ({"profile": {"totalSales": {"min": "100"}}}, ("profile, totalSales, min", "100.00", "99.50")),
        ({"profile": {"attributes": attribute("size", number={"max": 3})}}, None),
        ({"identifiers": ["fax", "mail"]}, None),
        ({"identifiers": ["fax"]}, ("identifiers", '"fax"', '"phone", "mail"')),
        ({"anyOf": [{"firstSession": True}, {"firstSession": False}]}, None),
        ({"anyOf": [{"total": {"min": "99"}}, {"firstSession": True}]}, ("anyOf, 0, total, min", "99.00", "55.00")),
        ({"anyOf": []}, ("anyOf", None, None)),
        ({"not": {"firstSession": True}}, None),
        ({"not": {"firstSession": False}}, ("not", None, None)),
        ({"attributes": attribute("color", values=["blue", "red"])}, None),
        ({"attributes": attribute("color", values=["blue"])}, ("attributes, 0, test, values", '"blue"', "red")),
        ({"attributes": attribute("size", values=["7.00"])}, None),
        ({"attributes": attribute("size", number={"min": 7.5})}, ("attributes, 0, test, number, min", "7.5", "7")),
        ({"attributes": attribute("sizes", number={"max": 1})}, ("attributes, 0, test, number, max", "1", None)),
        ({"attributes": attribute("gift", isTrue=False)}, None),
        ({"attributes": attribute("gift", isTrue=True)}, ("attributes, 0, test, isTrue", "true", "false")),
        ({"attributes": attribute("tags", isSet=False)}, None),
        ({"attributes": attribute("color", isSet=False)}, ("attributes, 0, test, isSet", "false", "true")),
        ({"attributes": attribute("due", values=["2026-03-29T10:00:00Z"])}, None),
        ({"attributes": attribute("due", time={"to": "2026-03-29T10:00:00Z"})},
         ("attributes, 0, test, time, to", "2026-03-29T10:00:00.000Z", "2026-03-29T10:00:00.000Z")),
    ],
)  # fmt: skip
def test_condition(when: Input, expected: tuple[str, str | None, str | None] | None) -> None:
    assert failure(when) == expected


@pytest.mark.parametrize(
    ("profile", "path", "needed"),
    [
        ({}, "profile", None),
        ({"closedSessions": {"max": 0}}, "profile, closedSessions, max", "0"),
        ({"attributes": attribute("gift", isSet=False)}, "profile, attributes, 0, test, isSet", "false"),
    ],
)
def test_condition_of_the_profile_fails_for_guests(profile: Input, path: str, needed: str | None) -> None:
    assert failure({"profile": profile}, profile=None) == (path, needed, None)


@pytest.mark.parametrize(
    ("lines", "positions"),
    [
        ({}, [0, 1, 2]),
        ({"skus": ["BOX", "HAT-1"]}, [0, 2]),
        ({"skus": []}, []),
        ({"skuPrefix": "SHOE"}, [1]),
        ({"categories": ["hats", "shoes"], "price": {"max": "10.00"}}, [0]),
        ({"products": ["Hat"]}, [0]),
        ({"price": {"min": "5.00", "max": "10.00"}}, [0, 2]),
        ({"attributes": attribute("color", values=["red"])}, [0]),
        ({"attributes": attribute("tags", values=["sale"])}, [1]),
        ({"attributes": attribute("size", values=["1"])}, [0]),
        ({"attributes": attribute("gift", isSet=False)}, [0, 2]),
        ({"not": {"categories": ["hats"]}}, [1, 2]),
    ],
)
def test_line_filter(lines: Input, positions: list[int]) -> None:
    found = run(CART, campaign(rule(percent("10"), lines=lines)))
    assert [position for position, share in enumerate(found.shares) if share] == positions
    if not positions:
        assert [(result.outcome.name, result.path) for result in found.results] == [
            ("NO_MATCHING_LINE", ("rules", "0", "lines"))
        ]


FRIDAY_NIGHT = [{"days": ["FRIDAY"], "from": "22:00", "to": "02:00"}]


@pytest.mark.parametrize(
    ("hours", "local", "holds"),
    [
        ([{"from": "09:00", "to": "17:00"}], "2026-03-27T09:00", True),
        ([{"from": "09:00", "to": "17:00"}], "2026-03-27T16:59", True),
        ([{"from": "09:00", "to": "17:00"}], "2026-03-27T17:00", False),
        ([{"from": "09:00", "to": "17:00"}], "2026-03-27T08:59", False),
        ([{"to": "17:00"}], "2026-03-27T00:00", True),
        ([{"from": "17:00"}], "2026-03-27T23:59", True),
        ([{"from": "17:00", "to": "00:00"}], "2026-03-27T23:59", True),
        ([{"from": "17:00", "to": "17:00"}], "2026-03-27T16:00", True),
        (FRIDAY_NIGHT, "2026-03-27T21:59", False),
        (FRIDAY_NIGHT, "2026-03-27T22:00", True),
        (FRIDAY_NIGHT, "2026-03-28T01:59", True),
        (FRIDAY_NIGHT, "2026-03-28T02:00", False),
        (FRIDAY_NIGHT, "2026-03-27T01:00", False),
        (FRIDAY_NIGHT, "2026-03-28T22:00", False),
        ([{"days": ["SUNDAY"], "from": "23:00", "to": "01:00"}], "2026-03-30T00:30", True),
        ([{}], "2026-03-27T12:00", True),
        ([], "2026-03-27T12:00", False),
        ([{"days": []}], "2026-03-27T12:00", False),
        ([*FRIDAY_NIGHT, {"days": ["MONDAY"]}], "2026-03-30T12:00", True),
    ],
)
def test_hours_are_half_open_and_belong_to_the_day_they_began_on(
    hours: list[Input], local: str, *, holds: bool
) -> None:
    zone = ZoneInfo("Europe/Lisbon")
    at = datetime.fromisoformat(local).replace(tzinfo=zone).astimezone(UTC)
    assert (failure({"hours": hours}, at=at, zone=zone) is None) == holds


def test_hours_follow_the_wall_clock_when_it_changes() -> None:
    # On 2026-03-29 clocks in Lisbon went from 01:00 to 02:00
    zone, hours = ZoneInfo("Europe/Lisbon"), [{"days": ["SUNDAY"], "from": "02:00", "to": "03:00"}]
    assert failure({"hours": hours}, at=datetime(2026, 3, 29, 0, 59, tzinfo=UTC), zone=zone) == (
        "hours",
        "SUNDAY 02:00-03:00",
        "SUNDAY 00:59",
    )
    assert failure({"hours": hours}, at=datetime(2026, 3, 29, 1, tzinfo=UTC), zone=zone) is None


def test_local_time_at_the_end_of_the_calendar() -> None:
    last, zone = datetime(9999, 12, 31, 23, tzinfo=UTC), ZoneInfo("Pacific/Auckland")
    assert failure({"hours": [{"from": "23:00"}]}, at=last, zone=zone) is None


def test_net_is_what_discounts_before_it_left() -> None:
    rules = [rule(off("5.00"), "a"), rule(off("1.00"), "b", when={"net": {"max": "50.00"}})]
    assert amounts(run(CART, campaign(*rules))) == {"a": "5.00", "b": "1.00"}
    assert amounts(run(CART, campaign(*rules), manual={"m": "10.00"}, at=AT)) == {
        "a": "5.00",
        "b": "1.00",
        "m": "10.00",
    }
