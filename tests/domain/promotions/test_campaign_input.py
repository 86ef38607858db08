"""Refusals of a campaign's content, each with a path into the input."""

from typing import Any

import pytest
from campaigns import Input, campaign, off, percent, refusals, rule

from db.domain.attribute_definition import AttributeEntity
from db.domain.errors import InvalidInput, UnknownAttribute
from db.domain.promotions.hours import Weekday

NO_DECIMAL = 'Expected a decimal as a string, such as "156.30", or a whole number.'
NO_TIME_OF_DAY = "Expected a time of day from 00:00 to 23:59, such as 09:30."


def found(content: Input, digits: int = 2) -> list[tuple[str, str]]:
    """Return the path and the message of each refusal."""
    return [(", ".join(refusal.path), refusal.message) for refusal in refusals(content, digits)]


def nested(depth: int) -> Input:
    """Return a condition that is nested to a depth."""
    return {"firstSession": True} if depth == 1 else {"not": nested(depth - 1)}


@pytest.mark.parametrize(
    ("reward", "path", "problem"),
    [
        (percent("100.01"), "percentOff, percent", "Expected at most 100, got 100.01."),
        (percent("10.005"), "percentOff, percent", "Expected at most 2 decimal places, got 10.005."),
        (percent("-1"), "percentOff, percent", "Expected 0 or more, got -1."),
        (percent("0"), "percentOff, percent", "Expected more than 0, got 0."),
        (off("0"), "amountOff, amount", "Expected more than 0, got 0."),
        (off("0.00"), "amountOff, amount", "Expected more than 0, got 0."),
        (off("0.001"), "amountOff, amount", "Expected at most 2 decimal places, got 0.001."),
        (off("-5"), "amountOff, amount", "Expected 0 or more, got -5."),
        ({"amountOffEach": {"amount": "0"}}, "amountOffEach, amount", "Expected more than 0, got 0."),
        ({"fixedPrice": {"price": "-0.01"}}, "fixedPrice, price", "Expected 0 or more, got -0.01."),
        ({"fixedPrice": {"price": "0.005"}}, "fixedPrice, price", "Expected at most 2 decimal places, got 0.005."),
        ({"buyGet": {"buy": 0, "get": 1}}, "buyGet, buy", "Expected 1 to 10000, got 0."),
        ({"buyGet": {"buy": 1, "get": 0}}, "buyGet, get", "Expected 1 to 10000, got 0."),
        ({"buyGet": {"buy": 1, "get": 1, "times": 0}}, "buyGet, times", "Expected 1 to 10000, got 0."),
        ({"buyGet": {"buy": 1, "get": 1, "percentOff": "101"}}, "buyGet, percentOff", "Expected at most 100, got 101."),
        ({"buyGet": {"get": 1}}, "buyGet, buy", "A value is required."),
        ({"buyGet": {"buy": 1.5, "get": True}}, "buyGet, buy", "Expected a whole number, got a number."),
        ({"offer": {"sku": "", "quantity": 1}}, "offer, sku", "Expected 1 to 1000 characters, got 0."),
        ({"offer": {"sku": "A", "quantity": 0}}, "offer, quantity", "Expected 1 to 10000, got 0."),
        ({"message": {"text": ""}}, "message, text", "Expected 1 to 1000 characters, got 0."),
        ({"percentOff": {}}, "percentOff, percent", "A value is required."),
        ({"percentOff": {"percent": True}}, "percentOff, percent", NO_DECIMAL),
        ({"percentOff": {"percent": 0.1}}, "percentOff, percent", NO_DECIMAL),
        ({"percentOff": "10"}, "percentOff", "Expected an object, got a string."),
    ],
)
def test_invalid_reward_is_refused(reward: Input, path: str, problem: str) -> None:
    assert (f"rules, 0, reward, {path}", problem) in found(campaign(rule(reward)))


def test_reward_has_exactly_one_field() -> None:
    several = "percentOff, amountOff, amountOffEach, fixedPrice, buyGet, offer, message"
    for reward, count in (({}, 0), ({**percent("1"), **off("1")}, 2)):
        problem = f"Expected exactly one of {several}, got {count}."
        assert found(campaign(rule(reward))) == [("rules, 0, reward", problem)]


@pytest.mark.parametrize(
    ("when", "path", "problem"),
    [
        ({"total": {"min": "2", "max": "1"}}, "total, min", "Expected at most max, 1.00; got 2.00."),
        ({"net": {"max": "-1"}}, "net, max", "Expected 0 or more, got -1."),
        ({"cart": [{"units": {"min": 2, "max": 1}}]}, "cart, 0, units, min", "Expected at most max, 1; got 2."),
        ({"cart": {}}, "cart", "Expected a list, got an object."),
        (
            {"profile": {"closedSessions": {"min": -1}}},
            "profile, closedSessions, min",
            "Expected 0 to 2147483647, got -1.",
        ),
        ({"firstSession": "yes"}, "firstSession", "Expected true or false, got a string."),
        ({"identifiers": ["a", 1]}, "identifiers, 1", "Expected a string, got a number."),
        ({"identifiers": ["a"] * 1_001}, "identifiers", "Expected at most 1000 elements, got 1001."),
        ({"hours": [{"from": "9:00"}]}, "hours, 0, from", NO_TIME_OF_DAY),
        ({"hours": [{"to": "24:00"}]}, "hours, 0, to", NO_TIME_OF_DAY),
        ({"hours": [{"to": 9}]}, "hours, 0, to", NO_TIME_OF_DAY),
        (
            {"hours": [{"days": ["FREITAG"]}]},
            "hours, 0, days, 0",
            f'Expected {" or ".join(Weekday.__members__)}, got "FREITAG".',
        ),
        ({"weather": "fine"}, "weather", "There is no such field."),
        ({"anyOf": [{}, {"total": {"min": "x"}}]}, "anyOf, 1, total, min", NO_DECIMAL),
        (nested(6), "not, not, not, not, not", "Expected conditions nested at most 5 deep."),
    ],
)
def test_invalid_condition_is_refused(when: Input, path: str, problem: str) -> None:
    assert found(campaign(rule(percent("1"), when=when))) == [(f"rules, 0, when, {path}", problem)]


def attribute(name: str, **test: Any) -> Input:
    """Return a condition of one attribute of the session."""
    return {"attributes": [{"name": name, "test": test}]}


@pytest.mark.parametrize(
    ("when", "path", "problem"),
    [
        (
            attribute("gift", values=["true"]),
            "values",
            "This test is for attributes of type STRING or NUMBER or TIME; gift is BOOLEAN.",
        ),
        (attribute("color", isTrue=True), "isTrue", "This test is for attributes of type BOOLEAN; color is STRING."),
        (attribute("tags", number={}), "number", "This test is for attributes of type NUMBER; tags is STRING_LIST."),
        (attribute("size", values=["1", "x"]), "values, 1", "This is not a value of type NUMBER."),
        (attribute("size", number={"min": 2, "max": 1.5}), "number, min", "Expected at most max, 1.5; got 2."),
        (attribute("size", number={"min": "x"}), "number, min", "Expected a number."),
        (
            attribute("due", time={"from": "2026-01-02T00:00:00Z", "to": "2026-01-02T00:00:00Z"}),
            "time, from",
            "Expected a time before to, 2026-01-02T00:00:00.000Z; got 2026-01-02T00:00:00.000Z.",
        ),
        (attribute("due", time={"from": "2026-01-02"}), "time, from", "Expected an RFC 3339 time with an offset."),
        (
            attribute("due", time={"from": "0001-01-01T00:00:00+01:00"}),
            "time, from",
            "Expected a time within the years 1 to 9999, in UTC.",
        ),
    ],
)
def test_invalid_attribute_test_is_refused(when: Input, path: str, problem: str) -> None:
    assert found(campaign(rule(percent("1"), when=when))) == [(f"rules, 0, when, attributes, 0, test, {path}", problem)]


@pytest.mark.parametrize(
    ("fields", "entity", "path"),
    [
        ({"when": attribute("none", isSet=True)}, AttributeEntity.CUSTOMER_SESSION, ("when",)),
        ({"when": {"profile": attribute("none", isSet=True)}}, AttributeEntity.CUSTOMER_PROFILE, ("when", "profile")),
        ({"lines": attribute("none", isSet=True)}, AttributeEntity.CART_ITEM, ("lines",)),
    ],
)
def test_undefined_attribute_is_refused(fields: Input, entity: AttributeEntity, path: tuple[str, ...]) -> None:
    path = ("rules", "0", *path, "attributes", "0", "name")
    assert refusals(campaign(rule(percent("1"), **fields))) == (
        UnknownAttribute(path=path, name="none", entity=entity),
    )


def test_attribute_condition_has_a_name_and_a_test() -> None:
    path = "rules, 0, when, attributes, 0"
    for condition, missing in (({"test": {"isSet": True}}, "name"), ({"name": "size"}, "test")):
        content = campaign(rule(percent("1"), when={"attributes": [condition]}))
        assert found(content) == [(f"{path}, {missing}", "A value is required.")]
    content = campaign(rule(percent("1"), when={"attributes": [{"name": "size", "test": {}}]}))
    assert [each for each, _ in found(content)] == [f"{path}, test"]


@pytest.mark.parametrize("name", ["when", "lines", "getLines"])
def test_conditions_have_at_most_200_tests_and_are_at_most_5_deep(name: str) -> None:
    leaf: Input = {"total": {"min": "1"}} if name == "when" else {"skuPrefix": "A"}
    many: Any = {"price": {"min": "1"}}
    tests = [{"name": "color", "test": {"isSet": True}}]

    def content(condition: Input) -> Input:
        if name == "getLines":
            return campaign(rule({"buyGet": {"buy": 1, "get": 1, "getLines": condition}}))
        return campaign({**rule(percent("1")), name: condition})

    path = "rules, 0, reward, buyGet, getLines" if name == "getLines" else f"rules, 0, {name}"
    many = {"attributes": tests * 200}
    assert found(content(many)) == []
    assert found(content({**many, **leaf})) == [(path, "Expected at most 200 tests in a condition, got 201.")]

    def deep(depth: int) -> Input:
        return leaf if depth == 1 else {"not": deep(depth - 1)}

    assert found(content(deep(5))) == []
    assert [problem for _, problem in found(content(deep(6)))] == ["Expected conditions nested at most 5 deep."]
    assert len(found(content(deep(300)))) == 1


def limit(measure: str = "USES", **fields: Any) -> Input:
    """Return a limit."""
    return {"measure": measure, "per": "CAMPAIGN", "max": 1, **fields}


@pytest.mark.parametrize(
    ("limits", "path", "problem"),
    [
        ([limit(whenShort="CUT")], "0, whenShort", "A limit of USES cannot be CUT; use SKIP."),
        ([limit(), limit(max=2)], "1", "Limit 0 has the same measure, per and period."),
        ([limit(max="1.5")], "0, max", "Expected at most 0 decimal places, got 1.5."),
        ([limit("DISCOUNT", max="0.001")], "0, max", "Expected at most 2 decimal places, got 0.001."),
        ([limit(max=-1)], "0, max", "Expected 0 or more, got -1."),
        ([limit("MONEY")], "0, measure", 'Expected USES or DISCOUNT, got "MONEY".'),
        ([limit(period=1)], "0, period", "Expected EVER or DAY or WEEK or MONTH or YEAR, got a number."),
        ([{"measure": "USES", "per": "CAMPAIGN"}], "0, max", "A value is required."),
    ],
)
def test_invalid_limit_is_refused(limits: list[Input], path: str, problem: str) -> None:
    assert found(campaign(rule(percent("1")), limits=limits)) == [(f"limits, {path}", problem)]


def test_campaign_has_at_most_100_rules_and_20_limits() -> None:
    rules = [rule(percent("1"), f"{number}") for number in range(101)]
    identities = [
        limit(measure, per=per, period=period)
        for measure in ("USES", "DISCOUNT")
        for per in ("CAMPAIGN", "PROFILE", "IDENTIFIER")
        for period in ("EVER", "DAY", "WEEK", "MONTH", "YEAR")
    ]
    assert found(campaign(*rules[:100], limits=identities[:20])) == []
    assert found(campaign(*rules, limits=identities[:21])) == [
        ("rules", "Expected at most 100 elements, got 101."),
        ("limits", "Expected at most 20 elements, got 21."),
    ]


@pytest.mark.parametrize(
    ("fields", "path", "problem"),
    [
        ({"name": ""}, "name", "Expected 1 to 100 characters, got 0."),
        ({"name": None}, "name", "A value is required."),
        ({"notes": "\0"}, "notes", "The character U+0000 cannot be stored."),
        ({"bestOf": ""}, "bestOf", "Expected 1 to 100 characters, got 0."),
        ({"rank": 2**31}, "rank", "Expected -2147483648 to 2147483647, got 2147483648."),
        ({"stacking": "stop"}, "stacking", 'Expected STACK or STOP, got "stop".'),
        ({"requires": "LUCK"}, "requires", 'Expected NOTHING or COUPON or REFERRAL, got "LUCK".'),
        ({"starts": "2026-01-02T00:00:00Z", "ends": "2026-01-01T00:00:00Z"}, "ends", "Expected a time after starts."),
        (
            {"starts": "2026-01-01T00:00:00Z", "ends": "2026-01-01T01:00:00+01:00"},
            "ends",
            "Expected a time after starts.",
        ),
        ({"starts": "yesterday"}, "starts", "Expected an RFC 3339 time with an offset."),
        ({"rules": "none"}, "rules", "Expected a list, got a string."),
        ({"color": "red"}, "color", "There is no such field."),
    ],
)
def test_invalid_field_is_refused(fields: Input, path: str, problem: str) -> None:
    assert found({"name": "Campaign", "rules": [rule(percent("1"))], **fields}) == [(path, problem)]


def test_labels_are_unique_within_a_campaign() -> None:
    content = campaign(rule(percent("1"), "a"), rule(percent("1"), "b"), rule(percent("1"), "a"))
    assert found(content) == [("rules, 2, label", 'The label "a" is listed twice.')]


def test_rule_has_a_label_a_reward_and_a_positive_maximum() -> None:
    assert found(campaign({"maxAmount": "0"})) == [
        ("rules, 0, label", "A value is required."),
        ("rules, 0, reward", "A value is required."),
        ("rules, 0, maxAmount", "Expected more than 0, got 0."),
    ]
    assert found(campaign(rule(percent("1"), "x" * 101))) == [
        ("rules, 0, label", "Expected 1 to 100 characters, got 101.")
    ]


def test_amounts_are_whole_minor_units_of_the_currency() -> None:
    content = campaign(rule(off("0.5"), maxAmount="1.5"))
    assert found(content, digits=1) == []
    assert [path for path, _ in found(content, digits=0)] == [
        "rules, 0, reward, amountOff, amount",
        "rules, 0, maxAmount",
    ]


def test_every_problem_is_reported() -> None:
    content = campaign(rule(percent("0"), when={"total": {"min": "-1"}}), name="", limits=[limit(max=-1)])
    assert {path for path, _ in found(content)} == {
        "name",
        "rules, 0, when, total, min",
        "rules, 0, reward, percentOff, percent",
        "limits, 0, max",
    }
    assert all(isinstance(refusal, InvalidInput) for refusal in refusals(content))


def test_null_counts_as_left_out() -> None:
    content = campaign(rule(percent("1"), when=None, lines=None, maxAmount=None), bestOf=None, starts=None, rank=None)
    assert found(content) == []
