"""The coercion of variables against graphql-core's own."""

from typing import Any

import pytest
from graphql import GraphQLInputType, Undefined, is_enum_type, is_input_type, is_list_type, is_non_null_type
from graphql.type import is_input_object_type
from graphql.utilities import coerce_input_value
from hypothesis import given, settings
from hypothesis import strategies as st

from graphql_api.execution.coercion import coercion
from graphql_api.schema import schema

TYPES: dict[str, GraphQLInputType] = {
    **{name: type_ for name, type_ in schema._schema.type_map.items() if is_input_type(type_)},
    **{
        str(field.type): field.type
        for type_ in schema._schema.type_map.values()
        if is_input_object_type(type_)
        for field in type_.fields.values()
    },
}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda within: st.lists(within, max_size=2) | st.dictionaries(st.text(max_size=3), within, max_size=2),
    max_leaves=4,
)


def values(type_: GraphQLInputType) -> st.SearchStrategy[Any]:
    """JSON values, most of them of the type."""
    return st.one_of(*[valid(type_)] * 9, ANYTHING)


def valid(type_: GraphQLInputType) -> st.SearchStrategy[Any]:
    """JSON values that are of the type, but for what is within them."""
    if is_non_null_type(type_):
        return values(type_.of_type)
    if is_list_type(type_):
        return st.none() | st.lists(values(type_.of_type), max_size=2) | values(type_.of_type)
    if is_input_object_type(type_):
        fields = {name: values(field.type) for name, field in type_.fields.items()}
        some = st.sets(st.sampled_from(sorted(fields)))
        return some.flatmap(lambda names: st.fixed_dictionaries({}, optional={name: fields[name] for name in names}))
    if is_enum_type(type_):
        return st.sampled_from(sorted(type_.values))
    known = {"Int": st.integers(-(2**31), 2**31 - 1), "Boolean": st.booleans(), "JSONObject": st.just({"a": [1]})}
    texts = st.sampled_from(["", "x", "9.95", "-1", "2026-01-01T00:00:00Z"])
    return known.get(getattr(type_, "name", ""), texts)


TYPED = st.sampled_from(sorted(TYPES)).flatmap(lambda name: st.tuples(st.just(name), values(TYPES[name])))


@settings(max_examples=500)
@given(TYPED)
def test_a_value_becomes_what_graphql_core_makes_of_it(typed: tuple[str, Any]) -> None:
    name, value = typed
    expected = coerce_input_value(value, TYPES[name])
    found = coercion(TYPES[name])(value)
    assert found is Undefined if expected is Undefined else found == expected


def test_a_field_that_is_wrong_makes_its_object_wrong() -> None:
    coerce = coercion(TYPES["CartItemInput"])
    line = {"sku": "mug", "quantity": 2, "price": "9.95"}
    assert coerce(line) is not Undefined
    wrongs: list[dict[str, Any]] = [
        {"price": 9.95},
        {"quantity": None},
        {"colour": 1},
        {"product": {}},
        {"weight": "x"},
    ]
    for wrong in wrongs:
        assert coerce({**line, **wrong}) is Undefined, wrong


@pytest.mark.parametrize("line", [{}, {"sku": None}, {"sku": "mug", "position": 0}])
def test_an_input_of_which_one_field_is_to_be_given_is_given_no_other_way(line: dict[str, Any]) -> None:
    coerce = coercion(TYPES["CartLineInput"])
    assert coerce({"sku": "mug"}) is not Undefined
    assert coerce(line) is Undefined
