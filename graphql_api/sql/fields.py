"""Declare, beside a field in its Strawberry type, what the field reads.

``column`` reads the column of the field's name, ``value`` and ``json_text`` an expression over the row, ``embedded`` an
object in the same row, ``from_json`` objects of a JSON document, ``one``, ``many`` and ``Page`` other rows. A test
fails on a field without a declaration.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import strawberry
from graphql import GraphQLField, GraphQLNamedType
from sqlalchemy import ColumnElement

from graphql_api.sql.filter_strategy import FilterStrategy
from graphql_api.sql.groups import Grouping
from graphql_api.sql.request import Getter
from graphql_api.sql.scope import Conditions, Scope
from graphql_api.sql.source import Source

READS = "reads"  # the key in a field's metadata

Expression = Callable[[Scope], ColumnElement[Any]]


@dataclass(frozen=True)
class Value:
    """A scalar or an enum, written by its GraphQL type. Without an expression, the column of the field's name.

    ``places`` is how many decimal places a Decimal has at least; none where it is left out.
    """

    expression: Expression | None = None
    places: Expression | None = None


@dataclass(frozen=True)
class JsonText(Value):
    """An expression that is JSON text already."""


@dataclass(frozen=True)
class Count(Value):
    """An expression that counts rows of another table."""


@dataclass(frozen=True)
class Identity:
    """The global id of the row."""


@dataclass(frozen=True)
class Embedded:
    """An object stored in columns of the same row; null where ``when`` is given and does not hold."""

    when: Expression | None


@dataclass(frozen=True)
class FromJson:
    """An object of a JSON document, null where there is none; or all objects of an array, in its order.

    A union is read from an object with one field, whose name decides the type. ``items`` names the elements of objects
    that are stored as arrays. ``application`` is the application of the document, if it does not lie in a row.
    """

    document: Expression
    items: Sequence[str] = ()
    application: Expression | None = None


@dataclass(frozen=True)
class Payload:
    """The payload of a mutation: an object without a row. It costs what its fields cost."""


@dataclass(frozen=True)
class One:
    """One other row, or null."""

    where: Conditions


@dataclass(frozen=True)
class Many:
    """All rows that meet the conditions, in order: ``at_most`` so many.

    ``within`` names the column of the enclosing row with the bytes that they hold together at most.
    """

    where: Conditions
    order_by: Sequence[str]
    at_most: int = 10_000
    within: str | None = None


@dataclass(frozen=True)
class Order:
    """An order of a connection: the columns that make it total, in one direction. ``name`` binds cursors to it."""

    name: str
    columns: Sequence[str]
    descending: bool = False


@dataclass(frozen=True)
class Page:
    """A connection: a page of the rows that meet the conditions, read by key.

    ``strategy`` returns how the index is chosen when the statement runs, or None where the order's index serves.
    """

    where: Conditions
    order: Callable[[Scope], Order]
    strategy: Callable[[Scope, Order], FilterStrategy | None] = lambda scope, order: None


@dataclass(frozen=True)
class Edge:
    """One other row with its cursor in an order."""

    where: Conditions
    order: Order


@dataclass(frozen=True)
class Nodes:
    """Rows of any table by their global ids; ``ids`` names the argument, an id or a list of ids."""

    ids: str


@dataclass(frozen=True)
class Groups:
    """Sums over groups of rows, each an object. ``count`` returns the getter of how many there are, for the cost."""

    grouping: Callable[[Scope], Grouping]
    count: Callable[[Mapping[str, Getter]], Getter]


Reads = Value | Identity | Embedded | FromJson | Payload | One | Many | Page | Edge | Nodes | Groups


def column(description: str) -> Any:
    """Declare a field that reads the column of its own name."""
    return strawberry.field(description=description, metadata=reads(Value()))


def value(description: str, expression: Expression, *, name: str | None = None) -> Any:
    """Declare a field that reads an expression over the row; ``name`` where the GraphQL name is a keyword of Python."""
    return strawberry.field(description=description, name=name, metadata=reads(Value(expression)))


def json_text(description: str, expression: Expression) -> Any:
    """Declare a field that reads JSON text."""
    return strawberry.field(description=description, metadata=reads(JsonText(expression)))


def embedded(description: str, when: Expression | None = None) -> Any:
    """Declare a field that reads an object from the columns of the same row."""
    return strawberry.field(description=description, metadata=reads(Embedded(when)))


def from_json(description: str, document: Expression, items: Sequence[str] = ()) -> Any:
    """Declare a field that reads the objects of a JSON document."""
    return strawberry.field(description=description, metadata=reads(FromJson(document, items)))


def one(description: str, where: Conditions, *, name: str | None = None) -> Any:
    """Declare a field that reads one other row; ``name`` where the GraphQL name is a keyword of Python."""
    return strawberry.field(description=description, name=name, metadata=reads(One(where)))


def many(description: str, where: Conditions, *, order_by: Sequence[str], **limits: Any) -> Any:
    """Declare a field that reads all rows that meet the conditions; ``limits`` are those of ``Many``."""
    return strawberry.field(description=description, metadata=reads(Many(where, order_by, **limits)))


def reads(what: Reads) -> dict[str, Any]:
    """Return the metadata of a field; used as it is by fields with arguments, whose resolver is ``answer``."""
    return {READS: what}


def reads_of(definition: GraphQLField) -> Reads:
    """Return what a field reads. Raises KeyError where it has no declaration."""
    return cast(Reads, definition.extensions["strawberry-definition"].metadata[READS])


def python_name(definition: GraphQLField) -> str:
    """Return the field's name in Python, which is its column's."""
    return cast(str, definition.extensions["strawberry-definition"].python_name)


def kind_of(type_: GraphQLNamedType) -> str:
    """Return the value of the column ``type`` that distinguishes the objects of a type."""
    return str(type_.extensions["strawberry-definition"].origin.source.type)


def source_of(type_: GraphQLNamedType) -> Source:
    """Return where a type's objects are stored."""
    return cast(Source, type_.extensions["strawberry-definition"].origin.source)
