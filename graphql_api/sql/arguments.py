"""The arguments of a field: each a way to find its value among the variables of one request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphql import (
    FieldNode,
    GraphQLArgument,
    GraphQLField,
    ListValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    is_non_null_type,
)
from graphql.execution.values import VariableValues
from graphql.utilities.coerce_input_value import coerce_default_value, coerce_input_literal

from graphql_api.errors import BadUserInput

if TYPE_CHECKING:
    from graphql_api.sql.request import Request

Getter = Callable[["Request"], Any]


def getters(definition: GraphQLField, node: FieldNode) -> dict[str, Getter]:
    """Argument name -> its value in a request; None where it is left out and has no default."""
    given = {argument.name.value: argument.value for argument in node.arguments or ()}
    return {name: getter(argument, given.get(name)) for name, argument in definition.args.items()}


def getter(argument: GraphQLArgument, node: ValueNode | None) -> Getter:
    """How one argument's value is found: known, a variable's, or a literal with variables inside."""
    default = coerce_default_value(argument)
    default = None if default is Undefined else default
    if node is None:
        return absent if default is None else lambda request: default
    if isinstance(node, VariableNode):
        name = node.name.value
        if is_non_null_type(argument.type):
            return lambda request: fitting(request.variables.get(name, default))
        return lambda request: request.variables.get(name, default)
    if not has_variables(node):
        known = coerce_input_literal(node, argument.type)
        return lambda request: known
    return once(
        lambda request: fitting(coerce_input_literal(node, argument.type, VariableValues({}, dict(request.variables))))
    )


def absent(request: Request) -> None:
    """The value of an argument that is left out, or that a field does not have."""


def once(getter: Getter) -> Getter:
    """The same value, worked out once a request, however often it is asked for."""

    def found(request: Request) -> Any:
        known = request.known
        if found not in known:
            known[found] = getter(request)
        return known[found]

    return found


@dataclass(frozen=True, slots=True)
class Within:
    """A field of an input object; None where it has no value. Two of the same field are equal, as are those below."""

    given: Getter
    name: str

    def __call__(self, request: Request) -> Any:
        """The field's value."""
        value = self.given(request)
        return None if value is None else value.get(self.name)


@dataclass(frozen=True, slots=True)
class Filled:
    """The names of an input object's fields that have a value."""

    given: Getter

    def __call__(self, request: Request) -> tuple[str, ...]:
        """None of them where there is no object."""
        return tuple(name for name, value in (self.given(request) or {}).items() if value is not None)


@dataclass(frozen=True, slots=True)
class Single:
    """Whether a list holds one value."""

    given: Getter

    def __call__(self, request: Request) -> bool:
        """There has to be a list."""
        return len(self.given(request)) == 1


def fitting(value: Any) -> Any:
    """The value. Raises BadUserInput where a variable with a default was given null, and stands where null cannot."""
    if value is None or value is Undefined:
        raise BadUserInput("A variable is null where null cannot stand.")
    return value


def has_variables(node: ValueNode) -> bool:
    """Whether a variable stands anywhere in a literal."""
    match node:
        case VariableNode():
            return True
        case ListValueNode():
            return any(has_variables(each) for each in node.values)
        case ObjectValueNode():
            return any(has_variables(field.value) for field in node.fields)
    return False
