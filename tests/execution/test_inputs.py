"""Input objects of mutations, made while graphql-core coerces them."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from graphql import GraphQLError, GraphQLInputObjectType, GraphQLObjectType, Undefined, get_named_type
from graphql.utilities import coerce_input_value
from strawberry import UNSET
from strawberry.types.base import StrawberryObjectDefinition

from graphql_api.execution.inputs import BACKREF, coercer, input_objects
from graphql_api.mutations.create_session import CreateSessionInput
from graphql_api.mutations.inputs import CartItemInput, ProductInput
from graphql_api.schema import schema
from graphql_api.types.enums import NewSessionState

CREATE = schema._schema.type_map["CreateSessionInput"]


def taken(type_: GraphQLObjectType | None, *without: str) -> Iterator[GraphQLInputObjectType]:
    """The input objects that the fields of a type take, without some of the fields."""
    assert type_ is not None
    for name, field in type_.fields.items():
        for argument in field.args.values() if name not in without else ():
            yield from input_objects(get_named_type(argument.type))


WRITTEN = {each.name: each for each in taken(schema._schema.mutation_type)}


def test_coerced_input_is_an_instance_of_its_class() -> None:
    assert isinstance(CREATE, GraphQLInputObjectType)
    line = {"sku": "mug", "quantity": 2, "price": "9.95", "product": {"name": "Mugs"}}
    coerced = coerce_input_value({"integrationId": "x", "coupon": None, "cartItems": [line]}, CREATE)
    assert coerced == CreateSessionInput(
        integration_id="x",
        coupon=None,
        cart_items=[CartItemInput(sku="mug", quantity=2, price=Decimal("9.95"), product=ProductInput(name="Mugs"))],
    )
    assert (coerced.profile_id, coerced.state, coerced.idempotency_key) == (UNSET, NewSessionState.OPEN, None)


@pytest.mark.parametrize(
    "given",
    [
        None,
        {},
        [],
        "x",
        {"integrationId": "x"},
        {"integrationId": None},
        {"integrationId": 1},
        {"integrationId": "x", "unknown": 1},
        {"integrationId": "x", "state": "CLOSED", "coupon": None, "applicationId": 2, "attributes": {"a": [1]}},
        {"integrationId": "x", "state": "GONE"},
        {"integrationId": "x", "state": None},
        {"integrationId": "x", "applicationId": 1.5},
        {"integrationId": "x", "cartItems": {"sku": "mug", "quantity": 2, "price": "9.95"}},
        {"integrationId": "x", "cartItems": [{"sku": "mug", "quantity": 2, "price": "9.95"}] * 2, "identifiers": []},
        {"integrationId": "x", "cartItems": [{"sku": "mug", "quantity": 2, "price": 9.95}]},
        {"integrationId": "x", "cartItems": [{"sku": "mug", "quantity": 2}]},
        {"integrationId": "x", "cartItems": [None]},
    ],
)
def test_coercer_returns_what_graphql_core_returns_or_raises(given: Any) -> None:
    assert isinstance(CREATE, GraphQLInputObjectType)
    expected = coerce_input_value(given, CREATE)
    needs_graphql_core = expected is Undefined or isinstance((given or {}).get("cartItems"), dict)
    try:
        assert coercer(CREATE)(given) == expected
        assert not needs_graphql_core
    except (AttributeError, GraphQLError, TypeError):
        assert needs_graphql_core


@pytest.mark.parametrize("name", WRITTEN)
def test_optional_field_of_an_input_has_a_default_in_its_class(name: str) -> None:
    definition: StrawberryObjectDefinition = WRITTEN[name].extensions[BACKREF]
    needed = [each.out_name for each in WRITTEN[name].fields.values() if str(each.type).endswith("!")]
    assert isinstance(definition.origin(**dict.fromkeys(needed)), definition.origin)


def test_only_ranges_belong_to_both_compiled_queries_and_mutations_and_they_stay_mappings() -> None:
    compiled = taken(schema._schema.query_type, "previewSession")  # which runs an operation, as mutations do
    shared = {each.name: each for each in compiled if each.name in WRITTEN}

    assert shared.keys() == {"DateTimeRange", "DecimalRange"}
    for type_ in shared.values():
        assert coerce_input_value({}, type_) == coercer(type_)({}) == {}
