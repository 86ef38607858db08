"""What a Strawberry type says beside its fields: what each one reads.

``column`` reads the column of its own name; ``value``, ``money`` and ``json_text`` read an expression over the row;
``one``, ``many``, ``embedded`` and ``Page`` read other rows. A test fails on a field that says nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import strawberry
from graphql import GraphQLField, GraphQLNamedType
from sqlalchemy import ColumnElement

from graphql_api.sql.global_ids import Columns, Source

if TYPE_CHECKING:
    from graphql_api.sql.filter_strategy import Aside
    from graphql_api.sql.scope import Scope

READS = "reads"  # the key in a field's metadata

Expression = Callable[["Scope"], ColumnElement[Any]]
Conditions = Callable[["Scope", Columns], Sequence[ColumnElement[bool]]]


@dataclass(frozen=True)
class Value:
    """A scalar or an enum, written by its GraphQL type. Without an expression, the column of the field's name.

    ``sweeps`` where the expression goes through rows, nobody knows how many.
    """

    expression: Expression | None = None
    sweeps: bool = False


@dataclass(frozen=True)
class Money(Value):
    """An amount, printed with the minor digits of its session's currency."""


@dataclass(frozen=True)
class JsonText(Value):
    """An expression that is JSON text already."""


@dataclass(frozen=True)
class Identity:
    """The global id of the row."""


@dataclass(frozen=True)
class Embedded:
    """An object kept in the columns of the same row; null unless ``when`` holds, where there is such a condition."""

    when: Expression | None


@dataclass(frozen=True)
class Payload:
    """What a mutation answers: an object of no row, that costs what its fields cost."""


@dataclass(frozen=True)
class One:
    """One other row, or null."""

    where: Conditions


@dataclass(frozen=True)
class Many:
    """All rows that fit, in order."""

    where: Conditions
    order_by: Sequence[str]


@dataclass(frozen=True)
class Order:
    """An order of a connection: the columns that make it total, in one direction. ``name`` binds cursors to it."""

    name: str
    columns: Sequence[str]
    descending: bool = False


@dataclass(frozen=True)
class Page:
    """A connection: a page of the rows that fit, by key; ``aside`` where a filter may stand beside the order."""

    where: Conditions
    order: Callable[["Scope"], Order]
    aside: "Callable[[Scope, Order], Aside | None]" = lambda scope, order: None


@dataclass(frozen=True)
class Edge:
    """One other row with its cursor in an order."""

    where: Conditions
    order: Order


@dataclass(frozen=True)
class Nodes:
    """Rows of any table by their global ids; ``ids`` gives the argument's value as a list."""

    ids: str


Reads = Value | Identity | Embedded | Payload | One | Many | Page | Edge | Nodes


def column(description: str) -> Any:
    """A field that reads the column of its own name."""
    return strawberry.field(description=description, metadata={READS: Value()})


def value(description: str, expression: Expression, *, name: str | None = None) -> Any:
    """A field that reads an expression over the row; ``name`` where GraphQL's is a word of Python."""
    return strawberry.field(description=description, name=name, metadata={READS: Value(expression)})


def money(description: str, expression: Expression | None = None) -> Any:
    """A field that reads an amount."""
    return strawberry.field(description=description, metadata={READS: Money(expression)})


def json_text(description: str, expression: Expression) -> Any:
    """A field that reads JSON text."""
    return strawberry.field(description=description, metadata={READS: JsonText(expression)})


def swept(field: Any) -> Any:
    """The same field, whose expression goes through rows to count them or to sum them."""
    field.metadata = {READS: replace(field.metadata[READS], sweeps=True)}
    return field


def embedded(description: str, when: Expression | None = None) -> Any:
    """A field that reads an object from the columns of the same row."""
    return strawberry.field(description=description, metadata={READS: Embedded(when)})


def one(description: str, where: Conditions, *, name: str | None = None) -> Any:
    """A field that reads one other row; ``name`` where GraphQL's is a word of Python."""
    return strawberry.field(description=description, name=name, metadata={READS: One(where)})


def many(description: str, where: Conditions, *, order_by: Sequence[str]) -> Any:
    """A field that reads all rows that fit."""
    return strawberry.field(description=description, metadata={READS: Many(where, order_by)})


def reads(what: Reads) -> dict[str, Any]:
    """The metadata of a field with arguments, whose resolver is ``answer``."""
    return {READS: what}


def reads_of(definition: GraphQLField) -> Reads:
    """What a field's type says beside it. Raises KeyError where it says nothing."""
    return cast(Reads, definition.extensions["strawberry-definition"].metadata[READS])


def python_name(definition: GraphQLField) -> str:
    """The field's name in Python, which is its column's."""
    return cast(str, definition.extensions["strawberry-definition"].python_name)


def source_of(type_: GraphQLNamedType) -> Source:
    """Where a type's objects are kept."""
    return cast(Source, type_.extensions["strawberry-definition"].origin.source)
