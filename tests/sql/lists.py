"""The lists that the root query offers, with a filter for each of their fields."""

from collections.abc import Iterator, Mapping

from graphql import GraphQLEnumType, GraphQLInputObjectType, get_named_type

from graphql_api.schema import schema
from graphql_api.sql.filter_conditions import AnyOf, AnyOfRelated
from graphql_api.sql.lists import ListDeclaration
from graphql_api.types.code_list import COUPON_LIST
from graphql_api.types.profile_list import PROFILE_LIST
from graphql_api.types.session_list import SESSION_LIST

LISTS: Mapping[str, ListDeclaration] = {
    "customerSessions": SESSION_LIST,
    "customerProfiles": PROFILE_LIST,
    "coupons": COUPON_LIST,
}
ORDERED = {name: declared for name, declared in LISTS.items() if isinstance(declared.order, type)}
VALUES = {
    "String": ('"a"', '"b"'),
    "Boolean": ("true", "false"),
    "DateTimeRange": ('{from: "2026-01-01T00:00:10.000Z", to: "2026-01-01T01:00:00.000Z"}',),
    "DecimalRange": ('{min: "10", max: "1000"}',),
}


def filters_of(declared: ListDeclaration) -> Iterator[tuple[str, str]]:
    """Each field of a filter with a value; a field that takes a list with one value and with two."""
    type_ = schema._schema.type_map[declared.filter.__name__]
    assert isinstance(type_, GraphQLInputObjectType)
    for name, condition in declared.conditions.items():
        of = get_named_type(type_.fields[name].type)
        first, *others = tuple(of.values) if isinstance(of, GraphQLEnumType) else VALUES[of.name]
        if isinstance(condition, AnyOf | AnyOfRelated):
            yield name, f"[{first}]"
            yield name, f"[{first}, {others[0]}]"
        else:
            yield name, first
