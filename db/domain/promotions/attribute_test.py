"""Tests of attributes in a condition."""

from collections.abc import Callable, Mapping
from typing import Any

from db.domain.attribute_definition import AttributeDefinition, AttributeEntity, AttributeType
from db.domain.attribute_values import COMPARABLE, parse_number
from db.domain.attributes import MAX_NAME
from db.domain.errors import UnknownAttribute
from db.domain.promotions.failure import Check, Failure, check_all, show, show_list
from db.domain.promotions.input_reader import InputReader, Path
from db.domain.promotions.ranges import number_range, time_range
from db.domain.times import parse_time

# The types that each test applies to, by the type of a list's elements.
APPLICABLE: Mapping[str, frozenset[AttributeType]] = {
    "values": frozenset(COMPARABLE),
    "number": frozenset({AttributeType.NUMBER}),
    "time": frozenset({AttributeType.TIME}),
    "isTrue": frozenset({AttributeType.BOOLEAN}),
    "isSet": frozenset(AttributeType),
}

AttributesCheck = Callable[[Mapping[str, Any] | None], Failure | None]


def compile_attributes(reader: InputReader, value: Any, path: Path, entity: AttributeEntity) -> AttributesCheck:
    """Compile a list of AttributeConditionInput to a check of an entity's attributes, which has to pass all of them.

    No test passes for None, which stands for the attributes of a missing entity. An attribute that is not set passes
    ``isSet: false`` alone.
    """
    return check_all([compile_one(reader, element, at, entity) for element, at in reader.items(value, path)])


def compile_one(reader: InputReader, value: Any, path: Path, entity: AttributeEntity) -> AttributesCheck:
    """Compile one AttributeConditionInput."""
    given = reader.fields(value, path, ("name", "test"), required=("name", "test"))
    name = reader.text(given["name"], (*path, "name"), MAX_NAME) if "name" in given else ""
    chosen = reader.one_of(given["test"], (*path, "test"), tuple(APPLICABLE)) if "test" in given else None
    if not name or chosen is None:
        return check_all([])
    definition = reader.attributes.definitions.get((entity, name))
    if definition is None:
        reader.found.append(UnknownAttribute(path=(*path, "name"), name=name, entity=entity))
        return check_all([])
    kind, wanted = chosen
    path = (*path, "test", kind)
    if definition.type.element not in APPLICABLE[kind]:
        types = " or ".join(type_.name for type_ in AttributeType if type_ in APPLICABLE[kind])
        reader.refuse(path, f"This test is for attributes of type {types}; {name} is {definition.type.name}.")
        return check_all([])
    if kind == "isSet":
        return compile_is_set(name, wanted=read_flag(reader, wanted, path), path=path)
    return compile_elements(name, compile_element(reader, kind, wanted, path, definition))


def read_flag(reader: InputReader, value: Any, path: Path) -> bool:
    """Return true or false, a leaf of a condition."""
    reader.leaves += 1
    return reader.boolean(value, path)


def compile_is_set(name: str, *, wanted: bool, path: Path) -> AttributesCheck:
    """Compile a test whether an attribute has a value."""

    def check(attributes: Mapping[str, Any] | None) -> Failure | None:
        if attributes is None:
            return Failure(path, show(wanted))
        is_set = attributes.get(name) is not None
        return None if is_set is wanted else Failure(path, show(wanted), show(is_set))

    return check


def compile_elements(name: str, check_element: Check) -> AttributesCheck:
    """Compile a test of a value. A list passes if any of its elements does."""

    def check(attributes: Mapping[str, Any] | None) -> Failure | None:
        value = attributes.get(name) if attributes is not None else None
        if not isinstance(value, list):
            return check_element(value)
        failures = [check_element(element) for element in value]
        if not failures:
            return check_element(None)
        return None if None in failures else failures[0]

    return check


def compile_element(reader: InputReader, kind: str, wanted: Any, path: Path, definition: AttributeDefinition) -> Check:
    """Compile a test of one element."""
    if kind == "number":
        return convert(parse_number, number_range(reader, wanted, path))
    if kind == "time":
        return convert(parse_time, time_range(reader, wanted, path))
    if kind == "isTrue":
        flag = read_flag(reader, wanted, path)
        return lambda value: None if value is flag else Failure(path, show(flag), show_optional(value))
    return compile_values(reader, wanted, path, definition.type.element)


def compile_values(reader: InputReader, value: Any, path: Path, type_: AttributeType) -> Check:
    """Compile a list of printed values. They are compared as allowed values are: 1.0 and 1 are one number."""
    texts, comparable = reader.texts(value, path), COMPARABLE[type_]
    for index, text in enumerate(texts):
        if comparable(text) is None:
            reader.refuse((*path, str(index)), f"This is not a value of type {type_.name}.")
    wanted, needed = frozenset(map(comparable, texts)), show_list(texts)

    def check(value: Any) -> Failure | None:
        if value is not None and comparable(value) in wanted:
            return None
        return Failure(path, needed, show_optional(value))

    return check


def convert(parse: Callable[[Any], Any], check: Check) -> Check:
    """Return a check of the parsed value."""
    return lambda value: check(None if value is None else parse(value))


def show_optional(value: Any) -> str | None:
    """Format a value, or return None if it is missing."""
    return None if value is None else show(value)
