"""Attributes: how they merge by name, and what an application refuses."""

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
    """A definition for sessions; without allowed values every value of the type is allowed."""
    return AttributeDefinition(entity=SESSION, name=name, type=type_, allowed_values=allowed or None, editable=editable)


def rules(*definitions: AttributeDefinition, unknown: UnknownAttributes = UnknownAttributes.REJECT) -> AttributeRules:
    """The rules of an application with these definitions."""
    return AttributeRules(definitions={(each.entity, each.name): each for each in definitions}, unknown=unknown)


def merge(rules: AttributeRules, held: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """The values after a merge that finds no problem."""
    found: list[Refusal] = []
    values = rules.merge(SESSION, held, given, PATH, found)
    assert not found
    return values


def refused(rules: AttributeRules, held: dict[str, Any], given: dict[str, Any]) -> list[Refusal]:
    """The problems of a merge."""
    found: list[Refusal] = []
    rules.merge(SESSION, held, given, PATH, found)
    return found


def test_values_merge_by_name_and_a_null_removes() -> None:
    three = rules(*(define(TYPE.NUMBER, name=name) for name in ("a", "b", "c")))
    assert merge(three, {"a": 1, "b": 2}, {"b": None, "c": 3}) == {"a": 1, "c": 3}
    assert merge(three, {"a": 1}, {"b": None}) == {"a": 1}
    assert merge(three, {"a": 1}, {}) == {"a": 1}


def test_what_is_held_and_what_is_given_stay_as_they_are() -> None:
    held, values = {"a": 1}, {"a": 2}
    merge(rules(define(TYPE.NUMBER, name="a")), held, values)
    assert (held, values) == ({"a": 1}, {"a": 2})


def test_replacing_removes_what_is_left_out() -> None:
    found: list[Refusal] = []
    two = rules(define(TYPE.NUMBER, name="a"), define(TYPE.NUMBER, name="b"))
    assert two.replace(SESSION, {"a": 1}, {"b": 2}, PATH, found) == {"b": 2}
    assert not found


@pytest.mark.parametrize("value", [1, None])
def test_an_unknown_name_is_refused_even_to_remove_it(value: Any) -> None:
    found = refused(rules(), {}, {"nope": value})
    assert found == [UnknownAttribute(path=("attributes", "nope"), name="nope", entity=SESSION)]


def test_a_name_that_is_defined_for_another_entity_is_unknown() -> None:
    other = AttributeDefinition(entity=AttributeEntity.CART_ITEM, name="x", type=TYPE.NUMBER)
    assert refused(rules(other), {}, {"x": 1}) == [UnknownAttribute(path=(*PATH, "x"), name="x", entity=SESSION)]


def test_an_unknown_name_is_dropped_where_the_application_ignores_it() -> None:
    ignoring = rules(define(TYPE.NUMBER), unknown=UnknownAttributes.IGNORE)
    assert merge(ignoring, {}, {"x": 1, "nope": {"a": []}}) == {"x": 1}


def test_a_value_that_is_not_editable_can_be_set_once_and_given_again() -> None:
    fixed = rules(define(TYPE.NUMBER, editable=False))
    assert merge(fixed, {}, {"x": 1}) == {"x": 1}
    assert merge(fixed, {"x": 1}, {"x": 1}) == {"x": 1}
    assert merge(fixed, {}, {"x": None}) == {}


@pytest.mark.parametrize("value", [2, None])
def test_a_value_that_is_not_editable_can_neither_change_nor_go(value: Any) -> None:
    fixed = rules(define(TYPE.NUMBER, editable=False))
    (refusal,) = refused(fixed, {"x": 1}, {"x": value})
    assert refusal.path == ("attributes", "x")
    assert refusal.message == 'Attribute "x": it is not editable, and it has been set.'


def test_a_value_that_is_not_editable_cannot_be_left_out_of_a_replacement() -> None:
    found: list[Refusal] = []
    rules(define(TYPE.NUMBER, editable=False)).replace(SESSION, {"x": 1}, {}, PATH, found)
    assert [refusal.path for refusal in found] == [("attributes", "x")]


def test_every_problem_is_found_at_once() -> None:
    found = refused(rules(define(TYPE.NUMBER), define(TYPE.TIME_LIST, name="y")), {}, {"x": "", "y": ["", 1], "z": 0})
    assert [refusal.path[1:] for refusal in found] == [("x",), ("y", "0"), ("y", "1"), ("z",)]


@pytest.mark.parametrize("value", [{"\ud800": 1}, [{"\ud800": 1}], [[[]]]])
def test_a_refused_value_may_be_anything(value: Any) -> None:
    assert [refusal.path for refusal in refused(rules(define(TYPE.STRING)), {}, {"x": value})] == [(*PATH, "x")]


def test_names_stand_in_order_of_length_and_then_of_code_points() -> None:
    many = rules(*(define(TYPE.NUMBER, name=name) for name in ("bb", "a", "B", "aaa", "b")))
    assert list(merge(many, {"bb": 0, "aaa": 0}, {"b": 0, "a": 0, "B": 0})) == ["B", "a", "b", "bb", "aaa"]


def test_the_order_reaches_into_values_and_lists() -> None:
    place = {"longitude": 2, "latitude": 1}
    two = rules(define(TYPE.LOCATION), define(TYPE.LOCATION_LIST, name="y"))
    values = merge(two, {}, {"x": place, "y": [place]})
    assert [list(values["x"]), list(values["y"][0])] == [["latitude", "longitude"]] * 2


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda values: st.lists(values, max_size=4) | st.dictionaries(st.text(st.characters()), values, max_size=4),
    max_leaves=8,
)


@given(st.sampled_from(AttributeType), JSON)
def test_any_json_is_either_kept_as_it_came_or_refused(type_: AttributeType, value: Any) -> None:
    found: list[Refusal] = []
    values = rules(define(type_)).merge(SESSION, {}, {"x": value}, PATH, found)
    assert all(isinstance(refusal, InvalidAttributeValue) and refusal.path[:2] == (*PATH, "x") for refusal in found)
    assert values == ({} if found or value is None else {"x": value})
