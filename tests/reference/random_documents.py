"""Random valid documents for the schema, with IDs, cursors and values of existing rows.

hypothesis-graphql was tried. Its IDs, cursors and names are random, so that nearly every result is null or an error. It
has no variables, fragments or directives.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

from dataset import Cursors
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    get_nullable_type,
    is_composite_type,
)
from reference_resolver import SCHEMA

T = TypeVar("T")
Composite = GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType

DEPTH = 9
FIELDS = 40  # about as many as one document selects
ROWS = 60  # about as many as one document lists, all pages in each other taken together
# By the type of the argument orderBy: the values of its field, and the order where it is left out.
ORDERS = {
    "CustomerSessionOrder": ("CREATED", "UPDATED", "TOTAL", "INTEGRATION_ID"),
    "CustomerProfileOrder": ("INTEGRATION_ID", "CREATED"),
}
DEFAULTS = {
    "CustomerSessionOrder": {"field": "CREATED", "direction": "DESC"},
    "CustomerProfileOrder": {"field": "INTEGRATION_ID", "direction": "ASC"},
}
RANGES = {"created": ("from", "to"), "updated": ("from", "to"), "closed": ("from", "to"), "total": ("min", "max")}
OWN = {"reader": 1, "other reader": 2}  # the application of each key but the ADMIN's
ALIASES = ("a", "total", "id", "nodes", "_0")


@dataclass(frozen=True)
class KnownValues:
    """Values that documents can contain."""

    ids: Sequence[str]
    sessions: Sequence[str]
    profiles: Sequence[str]
    campaigns: Sequence[str]
    codes: Sequence[str]
    filters: Mapping[str, Mapping[str, Sequence[Any]]]  # by the type of the argument, and its fields
    cursors: Cursors


COMPUTED = ("previewSession", "sessionStatistics")  # not rows: their own tests work them out


@dataclass(frozen=True)
class QueryRequest:
    """A GraphQL request, and the name of its key."""

    document: str
    variables: Mapping[str, Any]
    operation_name: str | None
    key: str


def request(random: Random, known: KnownValues) -> QueryRequest:
    """Return a random query with its variables and key."""
    return DocumentGenerator(random, known, random.choice(("reader", "admin", "other reader"))).request()


@dataclass
class DocumentGenerator:
    """Generates one document."""

    random: Random
    known: KnownValues
    key: str
    # response key -> the field and arguments that it stands for, and their type
    keys: dict[str, tuple[str, str]] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    declared: list[str] = field(default_factory=list)
    fragments: list[tuple[str, str, int, int, str]] = field(default_factory=list)
    left: int = FIELDS

    def chance(self, of: int) -> bool:
        """Return True with probability 1/of; the smallest example has False."""
        return self.random.randint(1, of) == of and of > 1

    def one(self, values: Sequence[T]) -> T:
        """Return a random value."""
        return self.random.choice(values)

    def request(self) -> QueryRequest:
        """Return the request."""
        query = SCHEMA.query_type
        assert query is not None
        selection = self.selection(query, DEPTH, ROWS)
        name = self.one(("", "Q"))
        declared = f"({', '.join(self.declared)})" if self.declared else ""
        document = " ".join((f"query {name}{declared} {selection}", *(text for *_, text in self.fragments)))
        if name and self.chance(5):
            document += " query Other { __typename }"
        elif self.chance(3):
            name = ""
        return QueryRequest(document, self.variables, name or None, self.key)

    def selection(self, type_: Composite, depth: int, rows: int) -> str:
        """Return a selection set of at most ``depth`` levels and about ``rows`` rows."""
        several = self.random.randint(1, 5) if self.left > 0 else 1
        self.left -= several
        return "{ " + " ".join(self.selected(type_, depth, rows) for _ in range(several)) + " }"

    def selected(self, type_: Composite, depth: int, rows: int) -> str:
        """Return a field, an inline fragment or a spread."""
        more = self.left > 0
        if more and self.chance(6):
            return self.inline(type_, depth, rows)
        if more and self.chance(6):
            return self.spread(type_, depth, rows)
        deep = more and depth > 1
        of_type = {} if isinstance(type_, GraphQLUnionType) else type_.fields
        of_type = {key: each for key, each in of_type.items() if key not in COMPUTED}
        fields = [name for name, each in of_type.items() if deep or not is_composite_type(get_named_type(each.type))]
        if not fields or self.chance(12):
            return self.keyed("__typename", "", "") + self.directives()
        name = self.one(fields)
        definition = of_type[name]
        arguments, size = self.arguments(type_, name, definition, rows)
        text = self.keyed(name, arguments, str(definition.type)) + self.directives()
        named = get_named_type(definition.type)
        if isinstance(named, Composite):
            text += " " + self.selection(named, depth - 1, rows // max(size, 1))
        return text

    def keyed(self, name: str, arguments: str, type_: str) -> str:
        """Return a field, under an alias if its name is used in the document for a field that differs, or its type."""
        what = name + arguments
        alias = self.one(ALIASES) if self.chance(4) else name
        if self.keys.setdefault(alias, (what, type_)) != (what, type_):
            alias = f"k{len(self.keys)}"
            self.keys[alias] = (what, type_)
        return what if alias == name else f"{alias}: {what}"

    def inline(self, type_: Composite, depth: int, rows: int) -> str:
        """Return an inline fragment."""
        on = self.one((None, *related(type_)))
        condition = f" on {on.name}" if on else ""
        return f"...{condition}{self.directives()} {self.selection(on or type_, depth, rows)}"

    def spread(self, type_: Composite, depth: int, rows: int) -> str:
        """Return the spread of an existing or a new fragment."""
        names = {each.name for each in related(type_)}
        known = [each[0] for each in self.fragments if each[1] in names and each[2] <= depth and each[3] <= rows]
        if known and self.chance(2):
            return f"...{self.one(known)}{self.directives()}"
        on = self.one(related(type_))
        text = self.selection(on, depth, rows)
        name = f"F{len(self.fragments)}"
        self.fragments.append((name, on.name, depth, rows, f"fragment {name} on {on.name} {text}"))
        return f"...{name}{self.directives()}"

    def directives(self) -> str:
        """Return a directive or, mostly, nothing."""
        if not self.chance(8):
            return ""
        condition = self.value(self.chance(2), GraphQLNonNull(SCHEMA.type_map["Boolean"]))
        return f" @{self.one(('include', 'skip'))}(if: {condition})"

    def arguments(self, type_: Composite, name: str, definition: GraphQLField, rows: int) -> tuple[str, int]:
        """Return the arguments of a field, and about how many rows it returns with them."""
        given: dict[str, Any] = {}
        if "applicationId" in definition.args:
            given |= self.application()
        if "id" in definition.args:
            given["id"] = self.one(self.known.ids)
        if "ids" in definition.args:
            given["ids"] = [self.one(self.known.ids) for _ in range(self.random.randint(0, min(rows, 5)))]
        if "integrationId" in definition.args:
            given["integrationId"] = self.one(self.known.sessions if name == "customerSession" else self.known.profiles)
        if "name" in definition.args:
            given["name"] = self.one(self.known.campaigns)
        if "code" in definition.args:
            given["code"] = self.one(self.known.codes)
        if "subject" in definition.args and self.chance(2):
            given["subject"] = self.one((None, *self.known.profiles))
        if "states" in definition.args and self.chance(2):
            given["states"] = self.one((None, [], ["ACTIVE"], ["DRAFT", "ARCHIVED"]))
        if "entity" in definition.args and self.chance(2):
            given["entity"] = self.one(("CUSTOMER_SESSION", "CART_ITEM", "CUSTOMER_PROFILE", None))
        order = name
        if "orderBy" in definition.args:
            type_of_order = str(definition.args["orderBy"].type)
            given |= (asked := self.order(type_of_order))
            order = name_of_order(type_of_order, asked.get("orderBy"))
        if "filter" in definition.args and self.chance(2):
            given["filter"] = self.one((None, {}, self.filter(str(definition.args["filter"].type))))
        size = 3
        if "first" in definition.args:
            page, size = self.page(definition, self.cursors(order, given.get("applicationId")), rows)
            given |= page
        texts = [f"{each}: {self.value(value, definition.args[each].type)}" for each, value in given.items()]
        return (f"({', '.join(texts)})" if texts else ""), size

    def application(self) -> dict[str, Any]:
        """Return the argument applicationId, or nothing."""
        if self.key == "admin":
            return {} if self.chance(30) else {"applicationId": self.one((1, 2, 3, 4, 5))}
        return self.one(({}, {"applicationId": OWN[self.key]}, {"applicationId": None if not self.chance(10) else 3}))

    def order(self, type_: str) -> dict[str, Any]:
        """Return the argument orderBy, or nothing."""
        by, to = {"field": self.one(ORDERS[type_])}, {"direction": self.one(("DESC", "ASC"))}
        return self.one(
            ({}, {"orderBy": None}, {"orderBy": {}}, {"orderBy": by}, {"orderBy": to}, {"orderBy": by | to})
        )

    def filter(self, type_: str) -> dict[str, Any]:
        """Return a filter of up to three fields."""
        found: dict[str, Any] = {}
        fields = self.known.filters[type_]
        for name in self.random.sample(sorted(fields), self.random.randint(1, min(3, len(fields)))):
            values = fields[name]
            if name in RANGES:
                ends = self.one((RANGES[name][:1], RANGES[name][1:], RANGES[name]))
                chosen = sorted(self.one((*values, None) if self.chance(5) else values) or values[0] for _ in ends)
                found[name] = dict(zip(ends, chosen, strict=True)) if not self.chance(8) else {}
            elif name.endswith("s"):
                found[name] = [self.one(values) for _ in range(self.one((1, 1, 2, 3, 0)))]
            else:
                found[name] = self.one(values)
        return found

    def cursors(self, order: str, application: int | None) -> Sequence[str]:
        """Return valid cursors of an order: of one application, or of all for an ADMIN key without applicationId."""
        wanted = OWN.get(self.key, application)
        known = self.known.cursors[order].items()
        return sorted(cursor for id_, cursor in known if wanted in (None, int(id_.split("-")[1])))

    def page(self, definition: GraphQLField, cursors: Sequence[str], rows: int) -> tuple[dict[str, Any], int]:
        """Return the arguments of a page within the limits, and its size."""
        size = self.random.randint(0, min(rows, 7))
        default = [{}, {"first": None}] if rows >= 20 else []
        backward = [{"last": size}] if "last" in definition.args else []
        found: dict[str, Any] = dict(self.one([{"first": size}, *backward, *default]))
        if self.chance(3):
            found["after"] = self.one((*cursors, None))
        if "before" in definition.args and self.chance(3):
            found["before"] = self.one((*cursors, None))
        return found, size if found.keys() & {"first", "last"} and found.get("first", 0) is not None else 20

    def value(self, value: Any, type_: Any) -> str:
        """Return a literal, or a variable with the value."""
        if self.chance(4):
            return self.variable(value, type_)
        if value is None:
            return "null"
        nullable = get_nullable_type(type_)
        if isinstance(nullable, GraphQLList):
            texts = [self.value(each, nullable.of_type) for each in value]
            alone = len(texts) == 1 and not texts[0].startswith("$") and self.chance(3)
            return texts[0] if alone else f"[{', '.join(texts)}]"
        if isinstance(nullable, GraphQLInputObjectType):
            fields = (f"{name}: {self.value(each, nullable.fields[name].type)}" for name, each in value.items())
            return f"{{{', '.join(fields)}}}"
        return str(value) if isinstance(nullable, GraphQLEnumType) else json.dumps(value)

    def variable(self, value: Any, type_: Any) -> str:
        """Declare a variable."""
        name = f"v{len(self.declared)}"
        self.declared.append(f"${name}: {type_}")
        self.variables[name] = value
        return f"${name}"


def name_of_order(type_: str, asked: Mapping[str, str] | None) -> str:
    """Return the name of an order in ``KnownValues.cursors``."""
    return " ".join((type_, *{**DEFAULTS[type_], **(asked or {})}.values()))


def related(type_: Composite) -> Sequence[Composite]:
    """Return the type, and other types of its objects."""
    kinds = [type_] if isinstance(type_, GraphQLObjectType) else SCHEMA.get_possible_types(type_)
    found = {each.name: each for kind in kinds for each in (kind, *kind.interfaces)}
    return [type_, *(each for each in found.values() if each is not type_)]
