"""Attributes: typed values, held against the definitions of their application."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from db.domain import text
from db.domain.attribute_values import CHECKS, COMPARABLE, MAX_STRING, AttributeType, kind
from db.domain.errors import InvalidAttributeValue, InvalidInput, Refusal, UnknownAttribute

MAX_NAME = 100
MAX_DESCRIPTION = 1_000
MAX_ALLOWED_VALUES = 1_000
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)


class AttributeEntity(StrEnum):
    """What an attribute is defined for."""

    CUSTOMER_SESSION = "customer_session"
    CART_ITEM = "cart_item"
    CUSTOMER_PROFILE = "customer_profile"


class UnknownAttributes(StrEnum):
    """What becomes of a name that is not defined: a refusal, or dropped."""

    REJECT = "reject"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeDefinition:
    """One attribute of one kind of entity. ``allowed_values`` are texts; None allows every value of the type."""

    entity: AttributeEntity
    name: str
    type: AttributeType
    description: str = ""
    allowed_values: tuple[str, ...] | None = None
    editable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeRules:
    """The definitions of one application, by entity and name, and what it does with other names."""

    definitions: Mapping[tuple[AttributeEntity, str], AttributeDefinition]
    unknown: UnknownAttributes = UnknownAttributes.REJECT

    def merged(
        self,
        entity: AttributeEntity,
        held: Mapping[str, Any],
        given: Mapping[str, Any],
        path: tuple[str, ...],
        found: list[Refusal],
    ) -> dict[str, Any]:
        """``held`` with ``given`` put in by name, in canonical order; a null removes. Problems go to ``found``."""
        values = dict(held)
        for name, value in given.items():
            definition = self.definitions.get((entity, name))
            if definition is None:
                if self.unknown is UnknownAttributes.REJECT:
                    found.append(UnknownAttribute(path=(*path, name), name=name, entity=entity))
                continue
            refusals = list(problems(definition, value, (*path, name))) if value is not None else []
            if not refusals and not definition.editable and name in held and held[name] != value:
                refusals.append(refuse(definition, (*path, name), "it is not editable, and it has been set."))
            if refusals:  # a refused value may be anything, and cannot be put in order
                found.extend(refusals)
            elif value is None:
                values.pop(name, None)
            else:
                values[name] = value
        return canonical(values)

    def replaced(
        self,
        entity: AttributeEntity,
        held: Mapping[str, Any],
        given: Mapping[str, Any],
        path: tuple[str, ...],
        found: list[Refusal],
    ) -> dict[str, Any]:
        """The same where ``given`` stands for all of them: what it leaves out goes, as if it were null."""
        return self.merged(entity, held, {**dict.fromkeys(held), **given}, path, found)


def canonical(values: Mapping[str, Any]) -> dict[str, Any]:
    """Keys by length, then by code point, all the way down: the order that PostgreSQL's jsonb keeps."""
    return {key: ordered(values[key]) for key in sorted(values, key=lambda key: (len(key.encode()), key))}


def ordered(value: Any) -> Any:
    """One value in canonical order."""
    match value:
        case dict():
            return canonical(value)
        case list():
            return [ordered(element) for element in value]
        case _:
            return value


def problems(definition: AttributeDefinition, value: Any, path: tuple[str, ...]) -> Iterator[Refusal]:
    """Every way in which ``value`` does not fit its definition; the path leads to the very value."""
    name = definition.type.name
    if not name.endswith("_LIST"):
        yield from single(definition, AttributeType[name], value, path)
    elif not isinstance(value, list):
        yield refuse(definition, path, f"expected a list, got {kind(value)}.")
    else:
        for index, element in enumerate(value):
            yield from single(definition, AttributeType[name.removesuffix("_LIST")], element, (*path, str(index)))


def single(
    definition: AttributeDefinition, type_: AttributeType, value: Any, path: tuple[str, ...]
) -> Iterator[Refusal]:
    """The same for one value, or for one element of a list."""
    problem, given = CHECKS[type_](value), definition.allowed_values
    if problem is None and given is not None and COMPARABLE[type_](value) not in allowed(type_, given):
        problem = "it is not one of the allowed values."
    if problem is not None:
        yield refuse(definition, path, problem)


@lru_cache(maxsize=128)  # a cart of 1,000 lines asks 1,000 times
def allowed(type_: AttributeType, values: tuple[str, ...]) -> frozenset[Any]:
    """The allowed values, as they are compared."""
    return frozenset(map(COMPARABLE[type_], values))


def refuse(definition: AttributeDefinition, path: tuple[str, ...], problem: str) -> InvalidAttributeValue:
    """The refusal of a value, with the facts of its definition."""
    return InvalidAttributeValue(
        path=path,
        name=definition.name,
        entity=definition.entity,
        type=definition.type,
        allowed_values=definition.allowed_values,
        problem=problem,
    )


def definition_problems(definition: AttributeDefinition) -> Iterator[Refusal]:
    """Every rule that a definition itself breaks, each with its path."""
    yield from text.problems(definition.name, ("name",), least=1, most=MAX_NAME)
    if definition.name and not NAME.fullmatch(definition.name):
        problem = "Expected a letter, then letters, digits and underscores."
        yield InvalidInput(path=("name",), problem=problem)
    yield from text.problems(definition.description, ("description",), most=MAX_DESCRIPTION)
    yield from allowed_value_problems(definition)


def allowed_value_problems(definition: AttributeDefinition) -> Iterator[Refusal]:
    """Every rule that the allowed values break."""
    if definition.allowed_values is None:
        return
    comparable = COMPARABLE.get(AttributeType[definition.type.name.removesuffix("_LIST")])
    if comparable is None:
        problem = f"An attribute of type {definition.type.name} takes no allowed values."
        yield InvalidInput(path=("allowedValues",), problem=problem)
        return
    if not 1 <= len(definition.allowed_values) <= MAX_ALLOWED_VALUES:
        problem = f"Expected 1 to {MAX_ALLOWED_VALUES} values, got {len(definition.allowed_values)}."
        yield InvalidInput(path=("allowedValues",), problem=problem)
    seen = set()
    for index, given in enumerate(definition.allowed_values):
        path = ("allowedValues", str(index))
        yield from text.problems(given, path, most=MAX_STRING)
        value = comparable(given)
        if value is None:
            problem = f"This is not a value of type {definition.type.name.removesuffix('_LIST')}."
            yield InvalidInput(path=path, problem=problem)
        elif value in seen:
            yield InvalidInput(path=path, problem="This value stands twice.")
        seen.add(value)
