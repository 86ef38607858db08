"""Scalars: exact decimals, times with an offset, and JSON objects."""

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, NewType, TypeVar

import strawberry
from graphql import GraphQLError, IntValueNode, StringValueNode, Undefined, ValueNode, value_from_ast_untyped
from strawberry.types.scalar import ScalarDefinition

from db.domain.times import format_time, parse_time, truncate_to_millisecond

DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
MAX_DIGITS = 1_000  # of a decimal in the input; a longer one has the same error as one with a letter in it

T = TypeVar("T")
Variables = dict[str, Any] | None

JSONObject = NewType("JSONObject", dict[str, Any])


def literal(of: Callable[[ValueNode, Variables], T]) -> Callable[[ValueNode, Variables], T]:
    """Make a literal parser add the literal's location to its errors."""

    def parsed(node: ValueNode, variables: Variables = None) -> T:
        try:
            return of(node, variables)
        except GraphQLError as error:
            raise GraphQLError(error.message, node) from None

    return parsed


def decimal(value: object) -> Decimal:
    """Parse a decimal from a string or an integer. A float is refused: JSON parsing may have rounded it."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise GraphQLError('Decimal is a string such as "156.30", or a whole number; never a float.')
    text = str(value)
    if len(text) > MAX_DIGITS or not DECIMAL.fullmatch(text):
        raise GraphQLError('Decimal is a string of digits with at most one point, such as "156.30".')
    return Decimal(text)


@literal
def decimal_literal(node: ValueNode, variables: Variables) -> Decimal:
    if isinstance(node, IntValueNode | StringValueNode):
        return decimal(node.value)
    raise GraphQLError('Decimal is a string such as "156.30", or a whole number; never a float.')


def moment(value: object) -> datetime:
    """Parse an RFC 3339 time, and truncate it to the millisecond."""
    found = parse_time(value) if isinstance(value, str) else None
    if found is None:
        raise GraphQLError("DateTime is RFC 3339 with an offset, such as 2026-03-01T10:00:00.000Z.")
    try:
        return truncate_to_millisecond(found)
    except OverflowError:
        raise GraphQLError("DateTime is within the years 1 to 9999, in UTC.") from None


@literal
def moment_literal(node: ValueNode, variables: Variables) -> datetime:
    return moment(value_from_ast_untyped(node, variables))


def json_object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise GraphQLError("JSONObject is an object.")
    return value


@literal
def json_object_literal(node: ValueNode, variables: Variables) -> dict[str, Any]:
    return json_object(without_unset(value_from_ast_untyped(node, variables)))


def without_unset(value: Any) -> Any:
    """Remove fields whose variables were left out. In a list such a variable is null."""
    match value:
        case dict():
            return {name: without_unset(each) for name, each in value.items() if each is not Undefined}
        case list():
            return [None if each is Undefined else without_unset(each) for each in value]
        case _:
            return value


SCALARS: dict[object, ScalarDefinition] = {
    Decimal: strawberry.scalar(
        name="Decimal",
        description='An exact decimal as a string, such as "156.30", without an exponent. An amount has at least the'
        ' decimal places of its currency: "156.30" in EUR, "500" in JPY. Input can be a string or an integer,'
        " but not a float.",
        serialize=lambda value: f"{value:f}",
        parse_value=decimal,
        parse_literal=decimal_literal,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="A time in RFC 3339 with an offset. Responses have it in UTC and to the millisecond, such as"
        ' "2026-03-01T10:00:00.000Z". Input can have any offset, and is truncated to the millisecond.',
        specified_by_url="https://scalars.graphql.org/andimarek/date-time.html",
        serialize=format_time,
        parse_value=moment,
        parse_literal=moment_literal,
    ),
    JSONObject: strawberry.scalar(
        name="JSONObject",
        description='A JSON object, such as {"channel": "web", "giftWrap": true}.',
        serialize=json_object,
        parse_value=json_object,
        parse_literal=json_object_literal,
    ),
}
