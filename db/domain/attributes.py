"""Attributes: typed values, checked against the definitions of their application."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from db.domain import text
from db.domain.attribute_definition import AttributeDefinition, AttributeEntity, AttributeType, UnknownAttributes
from db.domain.attribute_values import CHECKS, COMPARABLE, MAX_STRING, json_type
from db.domain.errors import InvalidAttributeValue, InvalidInput, Refusal, UnknownAttribute

MAX_NAME = 100
MAX_DESCRIPTION = 1_000
MAX_ALLOWED_VALUES = 1_000
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeRules:
    """The attribute definitions of one application, and its treatment of names that are not defined."""

    definitions: Mapping[tuple[AttributeEntity, str], AttributeDefinition]
    unknown: UnknownAttributes = UnknownAttributes.REJECT

    def merge(
        self,
        entity: AttributeEntity,
        current: Mapping[str, Any],
        given: Mapping[str, Any],
        path: tuple[str, ...],
        found: list[Refusal],
    ) -> dict[str, Any]:
        """Return ``current`` updated with ``given``, in canonical form. Null removes a value.

        Refusals are appended to ``found``.
        """
        values = dict(current)
        for name, value in given.items():
            definition = self.definitions.get((entity, name))
            if definition is None:
                if self.unknown is UnknownAttributes.REJECT:
                    found.append(UnknownAttribute(path=(*path, name), name=name, entity=entity))
                continue
            refusals = list(value_problems(definition, value, (*path, name))) if value is not None else []
            if not refusals and not definition.editable and name in current and current[name] != value:
                refusals.append(refuse(definition, (*path, name), "it is not editable, and it has been set."))
            if refusals:  # a refused value may be of any type, which the canonical form cannot handle
                found.extend(refusals)
            elif value is None:
                values.pop(name, None)
            else:
                values[name] = value
        return to_canonical_form(values)

    def replace(
        self,
        entity: AttributeEntity,
        current: Mapping[str, Any],
        given: Mapping[str, Any],
        path: tuple[str, ...],
        found: list[Refusal],
    ) -> dict[str, Any]:
        """Return ``given`` in place of ``current``: an attribute that is left out is removed, as if it were null."""
        return self.merge(entity, current, {**dict.fromkeys(current), **given}, path, found)


def to_canonical_form(values: Mapping[str, Any]) -> dict[str, Any]:
    """Sort keys by length in bytes, then by code point, at every level: the order of PostgreSQL's jsonb."""
    return {key: canonical_value(values[key]) for key in sorted(values, key=lambda key: (len(key.encode()), key))}


def canonical_value(value: Any) -> Any:
    """Sort the keys of one value of any type, and replace -0.0, which jsonb does not have, by 0."""
    match value:
        case dict():
            return to_canonical_form(value)
        case list():
            return [canonical_value(element) for element in value]
        case float() if not value:
            return 0
        case _:
            return value


def value_problems(definition: AttributeDefinition, value: Any, path: tuple[str, ...]) -> Iterator[Refusal]:
    """Yield a refusal for each part of a value that its definition does not allow; the path leads to that part."""
    if not definition.type.is_list:
        yield from element_problems(definition, value, path)
    elif not isinstance(value, list):
        yield refuse(definition, path, f"expected a list, got {json_type(value)}.")
    else:
        for index, element in enumerate(value):
            yield from element_problems(definition, element, (*path, str(index)))


def element_problems(definition: AttributeDefinition, value: Any, path: tuple[str, ...]) -> Iterator[Refusal]:
    """Yield the refusal of a single value, or of one element of a list."""
    type_, allowed = definition.type.element, definition.allowed_values
    problem = CHECKS[type_](value)
    if problem is None and allowed is not None and COMPARABLE[type_](value) not in comparable_set(type_, allowed):
        problem = "it is not one of the allowed values."
    if problem is not None:
        yield refuse(definition, path, problem)


@lru_cache(maxsize=128)  # a cart of 1,000 lines needs the same set 1,000 times
def comparable_set(type_: AttributeType, allowed: tuple[str, ...]) -> frozenset[Any]:
    """The allowed values in the form in which they are compared."""
    return frozenset(map(COMPARABLE[type_], allowed))


def refuse(definition: AttributeDefinition, path: tuple[str, ...], problem: str) -> InvalidAttributeValue:
    """Build the refusal of a value from its definition."""
    return InvalidAttributeValue(
        path=path,
        name=definition.name,
        entity=definition.entity,
        type=definition.type,
        allowed_values=definition.allowed_values,
        problem=problem,
    )


def definition_problems(definition: AttributeDefinition) -> Iterator[Refusal]:
    """Yield a refusal for each rule that a definition breaks."""
    yield from text.problems(definition.name, ("name",), min_length=1, max_length=MAX_NAME)
    if definition.name and not NAME.fullmatch(definition.name):
        problem = "Expected a letter, then letters, digits and underscores."
        yield InvalidInput(path=("name",), problem=problem)
    yield from text.problems(definition.description, ("description",), max_length=MAX_DESCRIPTION)
    yield from allowed_values_problems(definition)


def allowed_values_problems(definition: AttributeDefinition) -> Iterator[Refusal]:
    """Yield a refusal for each rule that the allowed values break."""
    if definition.allowed_values is None:
        return
    type_ = definition.type.element
    comparable = COMPARABLE.get(type_)
    if comparable is None:
        problem = f"An attribute of type {definition.type.name} takes no allowed values."
        yield InvalidInput(path=("allowedValues",), problem=problem)
        return
    if not 1 <= len(definition.allowed_values) <= MAX_ALLOWED_VALUES:
        problem = f"Expected 1 to {MAX_ALLOWED_VALUES} values, got {len(definition.allowed_values)}."
        yield InvalidInput(path=("allowedValues",), problem=problem)
    seen = set()
    for index, allowed in enumerate(definition.allowed_values):
        path = ("allowedValues", str(index))
        yield from text.problems(allowed, path, max_length=MAX_STRING)
        value = comparable(allowed)
        if value is None:
            yield InvalidInput(path=path, problem=f"This is not a value of type {type_.name}.")
        elif value in seen:
            yield InvalidInput(path=path, problem="This value is listed twice.")
        seen.add(value)
