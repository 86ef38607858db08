"""Merging attributes by name, and refusals of an application."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.domain.attribute_definition import AttributeDefinition, AttributeEntity, AttributeType, UnknownAttributes
from db.domain.attributes import AttributeRules
from db.domain.errors import InvalidAttributeValue, Refusal, UnknownAttribute

SESSION = AttributeEntity.CUSTOMER_SESSION
TYPE = AttributeType
PATH = ("attributes",)


def define(type_: AttributeType, *allowed: str, name: str = "x", editable: bool = True) -> AttributeDefinition:
    """Define an attribute of sessions. Without allowed values every value of the type is allowed."""
    return AttributeDefinition(entity=SESSION, name=name, type=type_, allowed_values=allowed or None, editable=editable)


def rules(*definitions: AttributeDefinition, unknown: UnknownAttributes = UnknownAttributes.REJECT) -> AttributeRules:
    """Return the rules of an application with these definitions."""
    return AttributeRules(definitions={(each.entity, each.name): each for each in definitions}, unknown=unknown)


def merge(rules: AttributeRules, current: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return the values after a merge without refusals."""
    found: list[Refusal] = []
    values = rules.merge(SESSION, current, given, PATH, found)
    assert not found
    return values


def refused(rules: AttributeRules, current: dict[str, Any], given: dict[str, Any]) -> list[Refusal]:
    """Return the refusals of a merge."""
    found: list[Refusal] = []
    rules.merge(SESSION, current, given, PATH, found)
    return found


def test_values_merge_by_name_and_null_removes_one() -> None:
    three = rules(*(define(TYPE.NUMBER, name=name) for name in ("a", "b", "c")))
    assert merge(three, {"a": 1, "b": 2}, {"b": None, "c": 3}) == {"a": 1, "c": 3}
    assert merge(three, {"a": 1}, {"b": None}) == {"a": 1}
    assert merge(three, {"a": 1}, {}) == {"a": 1}


def test_merge_does_not_change_its_arguments() -> None:
    current, values = {"a": 1}, {"a": 2}
    merge(rules(define(TYPE.NUMBER, name="a")), current, values)
    assert (current, values) == ({"a": 1}, {"a": 2})


def test_replace_removes_omitted_values() -> None:
    found: list[Refusal] = []
    two = rules(define(TYPE.NUMBER, name="a"), define(TYPE.NUMBER, name="b"))
    assert two.replace(SESSION, {"a": 1}, {"b": 2}, PATH, found) == {"b": 2}
    assert not found


@pytest.mark.parametrize("value", [1, None])
def test_unknown_name_is_refused_even_with_null(value: Any) -> None:
    found = refused(rules(), {}, {"nope": value})
    assert found == [UnknownAttribute(path=("attributes", "nope"), name="nope", entity=SESSION)]


def test_name_defined_for_another_entity_is_unknown() -> None:
    other = AttributeDefinition(entity=AttributeEntity.CART_ITEM, name="x", type=TYPE.NUMBER)
    assert refused(rules(other), {}, {"x": 1}) == [UnknownAttribute(path=(*PATH, "x"), name="x", entity=SESSION)]


def test_unknown_name_is_dropped_if_the_application_ignores_it() -> None:
    ignoring = rules(define(TYPE.NUMBER), unknown=UnknownAttributes.IGNORE)
    assert merge(ignoring, {}, {"x": 1, "nope": {"a": []}}) == {"x": 1}


def test_value_that_is_not_editable_can_be_set_once_and_repeated() -> None:
    fixed = rules(define(TYPE.NUMBER, editable=False))
    assert merge(fixed, {}, {"x": 1}) == {"x": 1}
    assert merge(fixed, {"x": 1}, {"x": 1}) == {"x": 1}
    assert merge(fixed, {}, {"x": None}) == {}


@pytest.mark.parametrize("value", [2, None])
def test_value_that_is_not_editable_can_neither_change_nor_be_removed(value: Any) -> None:
    fixed = rules(define(TYPE.NUMBER, editable=False))
    (refusal,) = refused(fixed, {"x": 1}, {"x": value})
    assert refusal.path == ("attributes", "x")
    assert refusal.message == 'Attribute "x": it is not editable, and it has been set.'


def test_value_that_is_not_editable_cannot_be_omitted_from_a_replacement() -> None:
    found: list[Refusal] = []
    rules(define(TYPE.NUMBER, editable=False)).replace(SESSION, {"x": 1}, {}, PATH, found)
    assert [refusal.path for refusal in found] == [("attributes", "x")]


def test_every_problem_is_reported() -> None:
    found = refused(rules(define(TYPE.NUMBER), define(TYPE.TIME_LIST, name="y")), {}, {"x": "", "y": ["", 1], "z": 0})
    assert [refusal.path[1:] for refusal in found] == [("x",), ("y", "0"), ("y", "1"), ("z",)]


@pytest.mark.parametrize("value", [{"\ud800": 1}, [{"\ud800": 1}], [[[]]]])
def test_refused_value_may_have_any_type(value: Any) -> None:
    assert [refusal.path for refusal in refused(rules(define(TYPE.STRING)), {}, {"x": value})] == [(*PATH, "x")]


def test_names_are_sorted_by_length_and_then_by_code_points() -> None:
    many = rules(*(define(TYPE.NUMBER, name=name) for name in ("bb", "a", "B", "aaa", "b")))
    assert list(merge(many, {"bb": 0, "aaa": 0}, {"b": 0, "a": 0, "B": 0})) == ["B", "a", "b", "bb", "aaa"]


def test_keys_within_values_and_lists_are_sorted() -> None:
    place = {"longitude": 2, "latitude": 1}
    two = rules(define(TYPE.LOCATION), define(TYPE.LOCATION_LIST, name="y"))
    values = merge(two, {}, {"x": place, "y": [place]})
    assert [list(values["x"]), list(values["y"][0])] == [["latitude", "longitude"]] * 2


def test_negative_zero_is_stored_as_zero() -> None:
    two = rules(define(TYPE.LOCATION), define(TYPE.NUMBER_LIST, name="y"))
    values = merge(two, {}, {"x": {"latitude": -0.0, "longitude": 1}, "y": [-0.0, -1.5]})
    assert json.dumps(values) == '{"x": {"latitude": 0, "longitude": 1}, "y": [0, -1.5]}'


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda values: st.lists(values, max_size=4) | st.dictionaries(st.text(st.characters()), values, max_size=4),
    max_leaves=8,
)


@given(st.sampled_from(AttributeType), JSON)
def test_any_json_value_is_either_stored_unchanged_or_refused(type_: AttributeType, value: Any) -> None:
    found: list[Refusal] = []
    values = rules(define(type_)).merge(SESSION, {}, {"x": value}, PATH, found)
    assert all(isinstance(refusal, InvalidAttributeValue) and refusal.path[:2] == (*PATH, "x") for refusal in found)
    assert values == ({} if found or value is None else {"x": value})
