"""Rules for attribute definitions."""

import pytest

from db.domain.attribute_definition import AttributeDefinition, AttributeEntity, AttributeType
from db.domain.attributes import definition_problems
from db.domain.errors import InvalidInput

SESSION = AttributeEntity.CUSTOMER_SESSION
TYPE = AttributeType


def define(type_: AttributeType, *allowed: str, name: str = "x") -> AttributeDefinition:
    """Define an attribute of sessions. Without allowed values every value of the type is allowed."""
    return AttributeDefinition(entity=SESSION, name=name, type=type_, allowed_values=allowed or None)


def test_valid_definition_is_accepted() -> None:
    assert not list(definition_problems(define(TYPE.NUMBER_LIST, "1", "2.5", name="a1_B")))
    assert not list(definition_problems(define(TYPE.STRING, "", "🎁", " ", name="a" * 100)))


@pytest.mark.parametrize("name", ["1a", "_a", "a b", "a-b", "é", "a\n", "a\0"])
def test_name_is_a_letter_then_letters_digits_and_underscores(name: str) -> None:
    found = list(definition_problems(define(TYPE.STRING, name=name)))
    assert {refusal.path for refusal in found} == {("name",)}
    assert found[-1].message == "Expected a letter, then letters, digits and underscores."


@pytest.mark.parametrize("name", ["", "a" * 101])
def test_name_has_1_to_100_characters(name: str) -> None:
    problem = f"Expected 1 to 100 characters, got {len(name)}."
    assert list(definition_problems(define(TYPE.STRING, name=name))) == [InvalidInput(path=("name",), problem=problem)]


def test_description_has_at_most_1000_characters() -> None:
    definition = AttributeDefinition(entity=SESSION, name="x", type=TYPE.STRING, description="x" * 1_001)
    assert list(definition_problems(definition)) == [
        InvalidInput(path=("description",), problem="Expected at most 1000 characters, got 1001.")
    ]


@pytest.mark.parametrize("type_", [TYPE.BOOLEAN, TYPE.LOCATION, TYPE.LOCATION_LIST])
def test_booleans_and_locations_have_no_allowed_values(type_: AttributeType) -> None:
    (refusal,) = definition_problems(define(type_, "true"))
    assert refusal.path == ("allowedValues",)
    assert refusal.message == f"An attribute of type {type_.name} takes no allowed values."


@pytest.mark.parametrize("count", [0, 1_001])
def test_definition_has_1_to_1000_allowed_values(count: int) -> None:
    allowed = tuple(map(str, range(count)))
    definition = AttributeDefinition(entity=SESSION, name="x", type=TYPE.STRING, allowed_values=allowed)
    problem = f"Expected 1 to 1000 values, got {count}."
    assert list(definition_problems(definition)) == [InvalidInput(path=("allowedValues",), problem=problem)]


@pytest.mark.parametrize(
    ("type_", "allowed", "index", "problem"),
    [
        (TYPE.NUMBER, ("1", "one"), "1", "This is not a value of type NUMBER."),
        (TYPE.NUMBER_LIST, ("NaN",), "0", "This is not a value of type NUMBER."),
        (TYPE.NUMBER, ("1E+99999999999999999999",), "0", "This is not a value of type NUMBER."),
        (TYPE.TIME_LIST, ("2026-03-01T10:00:00Z", "noon"), "1", "This is not a value of type TIME."),
        (TYPE.STRING, ("a", "b", "a"), "2", "This value is listed twice."),
        (TYPE.NUMBER, ("1", "1.0"), "1", "This value is listed twice."),
        (TYPE.TIME, ("2026-03-01T10:00:00Z", "2026-03-01T09:00:00-01:00"), "1", "This value is listed twice."),
        (TYPE.STRING, ("a\0",), "0", "The character U+0000 cannot be stored."),
        (TYPE.STRING, ("x" * 10_001,), "0", "Expected at most 10000 characters, got 10001."),
    ],
)
def test_refusal_of_an_allowed_value_has_its_index(
    type_: AttributeType, allowed: tuple[str, ...], index: str, problem: str
) -> None:
    assert list(definition_problems(define(type_, *allowed))) == [
        InvalidInput(path=("allowedValues", index), problem=problem)
    ]
