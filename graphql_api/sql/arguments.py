"""The arguments of fields: for each, a getter that finds its value among the variables of a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
from graphql_api.sql.request import Getter, HasValue, PlanKey, Request


class DocumentArguments:
    """The getters of a document's arguments and directives, each made once.

    The cost formula and the statement of an operation ask for the same values. With the same getters they share entries
    of the plan cache key.
    """

    def __init__(self) -> None:
        self._of_fields: dict[tuple[int, int], Mapping[str, Getter]] = {}
        self._conditions: dict[int, Getter] = {}

    def of_field(self, definition: GraphQLField, node: FieldNode) -> Mapping[str, Getter]:
        """Return the getter of each argument by its name; the value is None where it is left out with no default."""
        key = (id(definition), id(node))  # both live as long as the document
        if key not in self._of_fields:
            given = {argument.name.value: argument.value for argument in node.arguments or ()}
            made = {name: getter(argument, given.get(name)) for name, argument in definition.args.items()}
            self._of_fields.setdefault(key, made)
        return self._of_fields[key]

    def condition(self, node: ValueNode) -> Getter:
        """Return the getter of a directive's condition."""
        if id(node) not in self._conditions:
            self._conditions.setdefault(id(node), lambda request: condition_value(node, request.variables))
        return self._conditions[id(node)]


def condition_value(node: ValueNode, variables: Mapping[str, Any]) -> bool:
    """Return the value of a directive's condition. Raises BadUserInput on null."""
    value = variables.get(node.name.value) if isinstance(node, VariableNode) else getattr(node, "value", None)
    if value is None:  # a variable with a default for which the request has null
        raise BadUserInput("The condition of a directive is null.")
    return bool(value)


def getter(argument: GraphQLArgument, node: ValueNode | None) -> Getter:
    """Return the getter of one argument: a constant, a variable, or a literal with variables inside."""
    default = coerce_default_value(argument)
    default = None if default is Undefined else default
    if node is None:
        return absent if default is None else lambda request: default
    if isinstance(node, VariableNode):
        name = node.name.value
        if is_non_null_type(argument.type):
            return lambda request: not_null(request.variables.get(name, default))
        return lambda request: request.variables.get(name, default)
    if not has_variables(node):
        constant = coerce_input_literal(node, argument.type)
        return lambda request: constant
    return memoized(
        lambda request: not_null(coerce_input_literal(node, argument.type, VariableValues({}, dict(request.variables))))
    )


def absent(request: Request) -> None:
    """The getter of an argument that is left out, or that a field does not have."""


def memoized(getter: Getter) -> Getter:
    """Return a getter that computes its value once for each request."""

    def found(request: Request) -> Any:
        if found not in request.memo:
            request.memo[found] = getter(request)
        return request.memo[found]

    return found


@dataclass(frozen=True, slots=True)
class InputField:
    """Read a field of an input object; None where it has no value."""

    of: Getter
    name: str

    def __call__(self, request: Request) -> Any:
        value = self.of(request)
        return None if value is None else value.get(self.name)


@dataclass(frozen=True, slots=True)
class FieldsWithValue:
    """Read the names of the fields of an input object that have a value; none where there is no object."""

    of: Getter

    def __call__(self, request: Request) -> tuple[str, ...]:
        return tuple(name for name, value in (self.of(request) or {}).items() if value is not None)


@dataclass(frozen=True, slots=True)
class HasOneItem:
    """Read whether a list has exactly one item."""

    of: Getter

    def __call__(self, request: Request) -> bool:
        return len(self.of(request)) == 1


def not_null(value: Any) -> Any:
    """Return the value. Raises BadUserInput on null in a variable with a default that stands where null is not allowed.

    GraphQL validation lets such a variable pass, because of its default.
    """
    if value is None or value is Undefined:
        raise BadUserInput("A variable is null where null cannot stand.")
    return value


def has_variables(node: ValueNode) -> bool:
    """Return whether a variable stands anywhere in a literal."""
    match node:
        case VariableNode():
            return True
        case ListValueNode():
            return any(has_variables(each) for each in node.values)
        case ObjectValueNode():
            return any(has_variables(field.value) for field in node.fields)
    return False


@dataclass(frozen=True, slots=True)
class PageSize:
    """Read the size of a page from the argument of this name."""

    name: str
    of: Getter

    def __call__(self, request: Request) -> int:
        """Return the size. Raises BadUserInput where it is out of range."""
        asked, most = self.of(request), request.limits.max_page_size
        if asked is None:
            return request.limits.default_page_size
        if not 0 <= asked <= most:
            raise BadUserInput(f"{self.name} is from 0 to {most}; got {asked}.")
        return int(asked)


def reads_backward(arguments: Mapping[str, Getter], key: PlanKey) -> bool:
    """Return whether a page is read from the end: whether ``last`` has a value."""
    return bool(key.value(HasValue(arguments.get("last", absent))))


def page_size(arguments: Mapping[str, Getter], key: PlanKey) -> PageSize:
    """Return the getter of a page's size."""
    name = "last" if reads_backward(arguments, key) else "first"
    return PageSize(name, arguments[name])
