"""Checks of attribute values: nine types, and allowed values."""

from typing import Any

import pytest

from db.domain.attribute_definition import AttributeDefinition, AttributeEntity, AttributeType
from db.domain.attributes import value_problems
from db.domain.errors import InvalidAttributeValue

SESSION = AttributeEntity.CUSTOMER_SESSION
TYPE = AttributeType
PATH = ("attributes",)


def define(type_: AttributeType, *allowed: str) -> AttributeDefinition:
    """Define an attribute of sessions. Without allowed values every value of the type is allowed."""
    return AttributeDefinition(entity=SESSION, name="x", type=type_, allowed_values=allowed or None)


GOOD = [
    (TYPE.STRING, ""),
    (TYPE.STRING, "   "),
    (TYPE.STRING, "🛒" * 10_000),
    (TYPE.NUMBER, 0),
    (TYPE.NUMBER, -1.5),
    (TYPE.NUMBER, 1e-20),
    (TYPE.NUMBER, -0.30000000000000004),
    (TYPE.NUMBER, 1.2345678901234e-07),
    (TYPE.NUMBER, 2**53),
    (TYPE.NUMBER, -(2**53)),
    (TYPE.BOOLEAN, True),
    (TYPE.BOOLEAN, False),
    (TYPE.TIME, "2026-03-01T10:00:00Z"),
    (TYPE.TIME, "2026-03-01t10:00:00.123456789+05:30"),
    (TYPE.TIME, "2026-03-01t10:00:00.1z"),
    (TYPE.TIME, "2024-02-29T23:59:59-00:00"),
    (TYPE.TIME, "0001-01-01T00:00:00+23:59"),
    (TYPE.TIME, "9999-12-31T23:59:59-23:59"),
    (TYPE.LOCATION, {"latitude": 90, "longitude": -180}),
    (TYPE.LOCATION, {"longitude": 13.4, "latitude": 52.5}),
    (TYPE.STRING_LIST, []),
    (TYPE.STRING_LIST, ["a", "a", ""]),
    (TYPE.NUMBER_LIST, [1, 2.5]),
    (TYPE.TIME_LIST, ["2026-03-01T10:00:00Z"]),
    (TYPE.LOCATION_LIST, [{"latitude": 0, "longitude": 0}]),
]


@pytest.mark.parametrize(("type_", "value"), GOOD)
def test_value_of_the_type_is_accepted(type_: AttributeType, value: Any) -> None:
    assert not list(value_problems(define(type_), value, PATH))


def test_every_type_is_tested() -> None:
    assert {type_ for type_, _ in GOOD} == set(AttributeType)


PLACE = "expected an object with latitude and longitude, and nothing else."
TIME = "expected an RFC 3339 time with an offset."


@pytest.mark.parametrize(
    ("type_", "value", "problem"),
    [
        (TYPE.STRING, 1, "expected a string, got a number."),
        (TYPE.STRING, True, "expected a string, got a boolean."),
        (TYPE.STRING, ["a"], "expected a string, got a list."),
        (TYPE.STRING, {"a": 1}, "expected a string, got an object."),
        (TYPE.STRING, "x" * 10_001, "expected at most 10000 characters, got 10001."),
        (TYPE.STRING, "a\0b", "The character U+0000 cannot be stored."),
        (TYPE.STRING, "a\ud83d", "The lone surrogate U+D83D cannot be stored."),
        (TYPE.NUMBER, "1", "expected a number, got a string."),
        (TYPE.NUMBER, True, "expected a number, got a boolean."),
        (TYPE.NUMBER, float("nan"), "expected a finite number."),
        (TYPE.NUMBER, float("-inf"), "expected a finite number."),
        (TYPE.NUMBER, 2**53 + 1, "expected a number between -2^53 and 2^53."),
        (TYPE.NUMBER, 5e-324, "expected at most 20 decimal places."),
        (TYPE.NUMBER, 1.5e-20, "expected at most 20 decimal places."),
        (TYPE.NUMBER, -1e-21, "expected at most 20 decimal places."),
        (TYPE.BOOLEAN, 1, "expected true or false, got a number."),
        (TYPE.BOOLEAN, "true", "expected true or false, got a string."),
        (TYPE.TIME, 1772359200, "expected an RFC 3339 time, got a number."),
        (TYPE.TIME, "2026-03-01T10:00:00", TIME),
        (TYPE.TIME, "2026-03-01", TIME),
        (TYPE.TIME, "2026-02-30T10:00:00Z", TIME),
        (TYPE.TIME, "2026-03-01 10:00:00Z", TIME),
        (TYPE.TIME, "2026-03-01T24:00:00Z", TIME),
        (TYPE.TIME, "2026-03-01T10:00:00+24:00", TIME),
        (TYPE.TIME, "2026-03-01T10:00:00Z\n", TIME),
        (TYPE.TIME, "0000-01-01T00:00:00Z", TIME),
        (TYPE.TIME, "٢٠٢٦-03-01T10:00:00Z", TIME),
        (TYPE.LOCATION, [1, 2], PLACE),
        (TYPE.LOCATION, {"latitude": 1}, PLACE),
        (TYPE.LOCATION, {"latitude": 1, "longitude": 2, "altitude": 3}, PLACE),
        (TYPE.LOCATION, {"latitude": 90.1, "longitude": 0}, "expected a latitude between -90 and 90."),
        (TYPE.LOCATION, {"latitude": True, "longitude": 0}, "expected a latitude between -90 and 90."),
        (TYPE.LOCATION, {"latitude": 0, "longitude": "0"}, "expected a longitude between -180 and 180."),
        (TYPE.LOCATION, {"latitude": 0, "longitude": float("nan")}, "expected a longitude between -180 and 180."),
        (TYPE.LOCATION, {"latitude": 1e-300, "longitude": 0}, "latitude: expected at most 20 decimal places."),
        (TYPE.STRING_LIST, "a", "expected a list, got a string."),
        (TYPE.NUMBER_LIST, {"0": 1}, "expected a list, got an object."),
        (TYPE.TIME_LIST, True, "expected a list, got a boolean."),
        (TYPE.LOCATION_LIST, {"latitude": 0, "longitude": 0}, "expected a list, got an object."),
    ],
)
def test_value_of_another_type_is_refused(type_: AttributeType, value: Any, problem: str) -> None:
    assert list(value_problems(define(type_), value, (*PATH, "x"))) == [
        InvalidAttributeValue(
            path=("attributes", "x"), name="x", entity=SESSION, type=type_, allowed_values=None, problem=problem
        )
    ]


@pytest.mark.parametrize(
    ("type_", "value", "indexes"),
    [
        (TYPE.STRING_LIST, ["a", None, "b", 3], ["1", "3"]),
        (TYPE.NUMBER_LIST, [1, True], ["1"]),
        (TYPE.TIME_LIST, ["now", "2026-03-01T10:00:00Z"], ["0"]),
        (TYPE.LOCATION_LIST, [{"latitude": 0, "longitude": 0}, {}, [0, 0]], ["1", "2"]),
    ],
)
def test_path_leads_to_the_element_of_a_list(type_: AttributeType, value: Any, indexes: list[str]) -> None:
    found = list(value_problems(define(type_), value, (*PATH, "x")))
    assert [refusal.path for refusal in found] == [("attributes", "x", index) for index in indexes]


@pytest.mark.parametrize(
    ("type_", "allowed", "good", "bad"),
    [
        (TYPE.STRING, ("gift", " "), ["gift", " "], ["Gift", "", "gift "]),
        (TYPE.NUMBER, ("1", "2.50", "1e3"), [1, 1.0, 2.5, 1000], [2, 0.1, -1]),
        (TYPE.TIME, ("2026-03-01T10:00:00Z",), ["2026-03-01T11:00:00+01:00"], ["2026-03-01T10:00:00.001Z"]),
    ],
)
def test_allowed_values_are_compared_by_value(
    type_: AttributeType, allowed: tuple[str, ...], good: list[Any], bad: list[Any]
) -> None:
    definition = define(type_, *allowed)
    assert not [value for value in good if list(value_problems(definition, value, PATH))]
    assert [refusal for value in bad for refusal in value_problems(definition, value, PATH)] == [
        InvalidAttributeValue(
            path=PATH,
            name="x",
            entity=SESSION,
            type=type_,
            allowed_values=allowed,
            problem="it is not one of the allowed values.",
        )
    ] * len(bad)


def test_allowed_values_apply_to_each_element_of_a_list() -> None:
    found = list(value_problems(define(TYPE.STRING_LIST, "a", "b"), ["a", "c", "b"], PATH))
    assert [refusal.path for refusal in found] == [("attributes", "1")]
