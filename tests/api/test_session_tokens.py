"""Session tokens: with one in hand there is one session, and nothing else can be seen or done, whatever is asked."""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLObjectType,
    OperationType,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_required_argument,
    is_required_input_field,
)
from opened import CREATE, LOOK, asked, change, codes, discount, number_of, stocked, token
from served import Api
from shop import Shop, line, units

from db.domain.attributes import AttributeEntity
from graphql_api.guard.grants import OPEN, TokenRights
from graphql_api.schema import schema

HIDDEN = "hidden"  # stands in whatever is not of the session


@pytest.fixture(scope="module")
def shops(shared_api: Api) -> Api:
    """For tests that leave it as it was."""
    return filled(shared_api)


def filled(api: Api) -> Api:
    """Two applications: the first has the session ``own`` beside others of the same customer."""
    for application_id in (1, 2):
        shop = Shop(api.runner, api.database, application_id)
        shop.define(AttributeEntity.CUSTOMER_SESSION, f"{HIDDEN}_attribute")
        for name in ("own", f"{HIDDEN} session") if application_id == 1 else (f"{HIDDEN} of another shop",):
            mark = "apple" if name == "own" else HIDDEN
            shop.create(
                name,
                profile_id="ada",
                identifiers=[f"{mark} till"],
                cart_items=[line(mark, quantity=3, price="2.00")],
                coupon=f"{mark} coupon",
                discounts=[discount(mark)],
            )
    first = api.shop
    first.create("closed", cart_items=[line()])
    first.close("closed")
    first.take_back(units(0), integration_id="closed")
    return api


# ---------------------------------------------------------------- what it opens


def test_a_token_reads_its_session_and_all_that_belongs_to_it(shops: Api) -> None:
    document = """{ viewer { keyName role application { applicationId } } customerSession(integrationId: "own") {
      id total netTotal currency coupon identifiers application { name } cartItems { sku quantity }
      discounts { label } events { totalCount nodes { actor session { integrationId } } } returns { id } } }"""
    assert shops.data(document, key=token(shops)) == {
        "viewer": {"keyName": "Writer (session token)", "role": "READER", "application": {"applicationId": 1}},
        "customerSession": {
            "id": f"session-1-{number_of(shops)}",
            "total": "6.00",
            "netTotal": "5.00",
            "currency": "EUR",
            "coupon": "apple coupon",
            "identifiers": ["apple till"],
            "application": {"name": "Shop"},
            "cartItems": [{"sku": "apple", "quantity": 3}],
            "discounts": [{"label": "apple"}],
            "events": {"totalCount": 1, "nodes": [{"actor": "Till", "session": {"integrationId": "own"}}]},
            "returns": [],
        },
    }


@pytest.mark.parametrize("rights", ["READ", "WRITE_CART"])
def test_no_other_session_exists(shops: Api, rights: str) -> None:
    key = token(shops, rights)
    document = "query($name: String!) { customerSession(integrationId: $name) { id } }"
    for name in (f"{HIDDEN} session", "closed", "nobody"):
        assert shops.data(document, {"name": name}, key) == {"customerSession": None}
    assert shops.codes('{ customerSession(integrationId: "own", applicationId: 2) { id } }', key=key) == ["FORBIDDEN"]


def test_the_customer_is_not_shown_since_other_sessions_hang_on_it(shops: Api) -> None:
    document = '{ customerSession(integrationId: "own") { profileId profile { totalSales sessions { totalCount } } } }'
    assert shops.data(document, key=token(shops)) == {"customerSession": {"profileId": "ada", "profile": None}}


def own_ids(api: Api) -> list[str]:
    """What a token of the session ``own`` can name."""
    own = number_of(api)
    return [f"session-1-{own}", f"event-1-{own}-1", "application-1"]


def other_ids(api: Api) -> list[str]:
    """What it cannot, though all of it is there."""
    hidden, closed = number_of(api, f"{HIDDEN} session"), number_of(api, "closed")
    elsewhere = number_of(api, f"{HIDDEN} of another shop", "other writer")
    return [
        f"session-1-{hidden}",
        f"session-2-{elsewhere}",
        f"event-1-{hidden}-1",
        f"event-1-{closed}-1",
        f"return-1-{closed}-3",
        "profile-1-616461",
        "attribute-1-customer_session-68696464656e5f617474726962757465",
        "application-2",
    ]


def test_an_id_of_anything_else_is_an_id_of_nothing(shops: Api) -> None:
    document = "query($ids: [ID!]!, $one: ID!) { nodes(ids: $ids) { id } node(id: $one) { id } }"
    own, others = own_ids(shops), other_ids(shops)
    answer = shops.data(document, {"ids": [*own, *others], "one": others[0]}, token(shops))
    assert answer == {"nodes": [{"id": id_} for id_ in own] + [None] * len(others), "node": None}
    everything = shops.data(document, {"ids": [*own, *others], "one": others[0]}, "admin")
    assert [each["id"] for each in everything["nodes"]] == [*own, *others]
    prefix = shops.keys["writer"].split("_")[2].encode().hex()
    assert shops.data(document, {"ids": [f"key-1-{prefix}"], "one": own[0]}, token(shops))["nodes"] == [None]


# ---------------------------------------------------------------- a walk over the whole schema


def literal(type_: Any) -> str:
    """A value of an input type."""
    type_ = get_nullable_type(type_)
    if isinstance(type_, GraphQLList):
        return f"[{literal(type_.of_type)}]"
    if isinstance(type_, GraphQLEnumType):
        return next(iter(type_.values))
    if isinstance(type_, GraphQLInputObjectType):
        needed = {name: field for name, field in type_.fields.items() if is_required_input_field(field)}
        if type_.is_one_of:
            needed = dict(list(type_.fields.items())[:1])
        return "{" + ", ".join(f"{name}: {literal(field.type)}" for name, field in needed.items()) + "}"
    known = {"Int": "1", "Boolean": "true", "ID": '"session-1-1"', "Decimal": '"1.00"', "JSONObject": "{}"}
    return known.get(type_.name, '"own"' if type_.name == "String" else '"2030-01-01T00:00:00Z"')


def called(name: str, field: GraphQLField) -> str:
    """A field with the arguments that it needs."""
    needed = [f"{name}: {literal(each.type)}" for name, each in field.args.items() if is_required_argument(each)]
    return f"{name}({', '.join(needed)})" if needed else name


def root_types() -> Iterator[tuple[OperationType, GraphQLObjectType]]:
    """Where operations start."""
    for operation in OperationType:
        if root := schema._schema.get_root_type(operation):
            yield operation, root


ROOT_FIELDS = [(operation, name, field) for operation, root in root_types() for name, field in root.fields.items()]


@pytest.mark.parametrize("rights", TokenRights)
@pytest.mark.parametrize(("operation", "name", "field"), ROOT_FIELDS, ids=str)
def test_whatever_is_not_open_to_a_token_is_forbidden(
    shops: Api, operation: OperationType, name: str, field: GraphQLField, rights: TokenRights
) -> None:
    if name in OPEN[rights][operation]:
        return
    before = shops.everything()
    maybe = "" if operation is OperationType.SUBSCRIPTION else "@include(if: false)"  # which cannot stand there
    selected = called(name, field) + (" { __typename }" if is_composite_type(get_named_type(field.type)) else "")
    for document in (
        f"{operation.value} {{ {selected} }}",
        f"{operation.value} {{ ...f ...f }} fragment f on {operation.value.title()} {{ it: {selected} }}",
        f"{operation.value} {{ ... {maybe} {{ {selected} }} }}",
    ):
        answer = shops.query(document, key=token(shops, rights.name))
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"], answer
        assert name in answer["errors"][0]["message"]
        assert "data" not in answer or answer["data"] is None
    assert shops.everything() == before


def test_there_is_something_that_is_not_open() -> None:
    closed = {name for operation, name, _ in ROOT_FIELDS if name not in OPEN[TokenRights.WRITE_CART][operation]}
    assert {"customerSessions", "applications", "createSessionToken", "closeSession", "createKey"} <= closed


def everything_of(type_: GraphQLNamedType, depth: int) -> str:
    """A selection of every field of a type, and of every type that it may turn out to be."""
    if not isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
        return ""
    if depth == 0:
        return "{ __typename }"
    parts = [
        f"{called(name, field)} {everything_of(get_named_type(field.type), depth - 1)}"
        for name, field in type_.fields.items()
    ]
    if isinstance(type_, GraphQLInterfaceType):
        parts = [f"... on {each.name} {renamed(each, depth)}" for each in schema._schema.get_possible_types(type_)]
    return "{ __typename " + " ".join(parts) + " }"


def renamed(type_: GraphQLObjectType, depth: int) -> str:
    """The same with names of its own: types that share a name may differ in what it means."""
    fields = (
        f"{type_.name}_{name}: {called(name, field)} {everything_of(get_named_type(field.type), depth - 1)}"
        for name, field in type_.fields.items()
    )
    return "{ " + " ".join(fields) + " }"


def reached(api: Api) -> Iterator[tuple[str, str]]:
    """Selections that together come to whatever can be come to from what is open, by what they start from."""
    ids = json.dumps([*own_ids(api), *other_ids(api)])
    yield "viewer", f"viewer {everything_of(schema._schema.type_map['Viewer'], 3)}"
    yield "nodes", f"nodes(ids: {ids}) {everything_of(schema._schema.type_map['Node'], 2)}"
    session = schema._schema.type_map["CustomerSession"]
    assert isinstance(session, GraphQLObjectType)
    for name, field in session.fields.items():
        inside = f"{called(name, field)} {everything_of(get_named_type(field.type), 3)}"
        yield name, f'customerSession(integrationId: "own") {{ {inside} }}'


WIDE = dict.fromkeys(("max_depth", "max_aliases", "max_tokens", "max_cost", "max_directives"), 10**6)


def test_all_that_can_be_come_to_from_what_is_open_is_of_the_session(serve: Callable[..., Api]) -> None:
    api = filled(serve(**WIDE))
    others, told_to_a_key = other_ids(api), ""
    for name, selected in reached(api):
        seen = json.dumps(api.data(f"{{ {selected} }}", key=token(api)))
        assert HIDDEN not in seen, name
        assert not [other for other in others if f'"{other}"' in seen], name
        told_to_a_key += json.dumps(api.data(f"{{ {selected} }}", key="reader"))
    assert HIDDEN in told_to_a_key
    assert [other for other in others if f'"{other}"' in told_to_a_key]


# ---------------------------------------------------------------- what it writes


CART = [{"sku": "pear", "quantity": 2, "price": "2.50"}]


def test_a_cart_writer_sets_the_cart_and_codes_and_history_says_that_it_was_a_token(api: Api) -> None:
    key = token(stocked(api), "WRITE_CART")
    answer = change(api, key, cartItems=CART, coupon="SPRING", referral="bob", expectedVersion=1)
    assert answer["data"]["updateSession"] == {
        "session": {"version": 2, "coupon": "SPRING"},
        "errors": [],
        "replayed": False,
    }
    document = """{ customerSession(integrationId: "own") { total referral discounts { label } profileId
      events(last: 1) { nodes { actor } } } }"""
    assert api.data(document)["customerSession"] == {
        "total": "5.00",
        "referral": "bob",
        "discounts": [{"label": "spring"}],
        "profileId": "ada",
        "events": {"nodes": [{"actor": "Writer (session token)"}]},
    }


FOR_THE_SHOP: Sequence[Mapping[str, Any]] = [
    {"discounts": []},
    {"discounts": None},
    {"discounts": [{"label": "mine", "amount": "1.00"}]},
    {"profileId": "bob"},
    {"profileId": None},
    {"identifiers": ["x"]},
    {"attributes": {}},
    {"attributes": None},
]


@pytest.mark.parametrize("content", FOR_THE_SHOP, ids=json.dumps)
def test_a_cart_writer_sets_nothing_that_is_for_the_shop_to_say(shops: Api, content: Mapping[str, Any]) -> None:
    before = shops.everything()
    key = token(shops, "WRITE_CART")
    answer = change(shops, key, coupon="SPRING", **content)
    assert codes(answer) == ["FORBIDDEN"]
    assert next(iter(content)) in answer["errors"][0]["message"]
    assert {**shops.everything(), "token_secret": ()} == {**before, "token_secret": ()}


def test_every_field_of_an_update_is_either_of_the_cart_or_closed() -> None:
    fields = set(schema._schema.type_map["UpdateSessionInput"].fields)  # type: ignore[attr-defined]  # an input object
    closed = {name for each in FOR_THE_SHOP for name in each}
    assert fields == closed | {"cartItems", "coupon", "referral"} | {
        "integrationId",
        "applicationId",
        "expectedVersion",
        "idempotencyKey",
    }


@pytest.mark.parametrize("name", [f"{HIDDEN} session", "closed", "nobody", "", "x" * 1_001, "\0"])
def test_a_cart_writer_cannot_tell_whether_another_session_is_there(shops: Api, name: str) -> None:
    before = shops.everything()
    answer = change(shops, token(shops, "WRITE_CART"), integrationId=name, coupon="SPRING", expectedVersion=9)
    assert codes(answer) == ["SESSION_NOT_FOUND"]
    assert {**shops.everything(), "token_secret": ()} == {**before, "token_secret": ()}


def test_a_reader_of_a_session_changes_nothing(shops: Api) -> None:
    assert codes(change(shops, token(shops, "READ"), coupon="SPRING")) == ["FORBIDDEN"]


def test_where_one_field_is_closed_none_is_carried_out(api: Api) -> None:
    key = token(stocked(api), "WRITE_CART")
    document = """mutation { a: updateSession(input: {integrationId: "own", coupon: "A"}) { replayed }
      closeSession(input: {integrationId: "own"}) { replayed } }"""
    assert api.codes(document, key=key) == ["FORBIDDEN"]
    assert api.data(LOOK) == {"customerSession": {"version": 1}}


def test_a_session_that_is_closed_stays_as_it_is(api: Api) -> None:
    key = token(stocked(api), "WRITE_CART")
    api.shop.close("own")
    assert codes(change(api, key, cartItems=CART)) == ["SESSION_NOT_EDITABLE"]


def test_a_browser_cannot_use_up_the_idempotency_keys_of_the_shop(api: Api) -> None:
    keys = token(stocked(api), "WRITE_CART"), token(api, "WRITE_CART", integrationId="other")
    assert codes(change(api, keys[0], coupon="A", idempotencyKey="payment-1")) == []
    assert codes(change(api, keys[1], integrationId="other", coupon="B", idempotencyKey="payment-1")) == []
    assert codes(change(api, "writer", coupon="C", idempotencyKey="payment-1")) == []
    again = token(api, "WRITE_CART", expiresIn=60)
    answer = change(api, again, coupon="A", idempotencyKey="payment-1")
    assert answer["data"]["updateSession"]["replayed"], "a new token of the session goes on where the old one ended"
    assert codes(change(api, again, coupon="D", idempotencyKey="payment-1")) == ["IDEMPOTENCY_KEY_REUSED"]


# ---------------------------------------------------------------- who makes it


@pytest.mark.parametrize("key", ["reader", "other reader"])
def test_a_reader_makes_no_token(shops: Api, key: str) -> None:
    given = {"integrationId": "own", "expiresIn": 600}
    assert shops.codes(CREATE, {"input": given}, key) == ["FORBIDDEN"]


def test_a_token_is_made_for_a_session_of_the_keys_own_application(shops: Api) -> None:
    given = {"integrationId": "own", "expiresIn": 600}
    assert shops.codes(CREATE, {"input": {**given, "applicationId": 2}}) == ["FORBIDDEN"]
    assert asked(shops, "other writer")["errors"][0]["code"] == "SESSION_NOT_FOUND"
    assert asked(shops, integrationId="nobody") == {
        "token": None,
        "expires": None,
        "errors": [
            {
                "code": "SESSION_NOT_FOUND",
                "message": 'There is no session "nobody" in this application.',
                "path": ["integrationId"],
            }
        ],
    }


def test_an_admin_makes_tokens_in_every_application_that_open_one_session_of_it(shops: Api) -> None:
    name = f"{HIDDEN} of another shop"
    made = asked(shops, "admin", integrationId=name, applicationId=2)
    document = "query($name: String!) { customerSession(integrationId: $name) { id } viewer { role } }"
    seen = {
        "customerSession": {"id": f"session-2-{number_of(shops, name, 'other writer')}"},
        "viewer": {"role": "READER"},
    }
    assert shops.data(document, {"name": name}, made["token"]) == seen
    assert shops.codes("{ customerSessions { totalCount } }", key=made["token"]) == ["FORBIDDEN"]
    assert asked(shops, "admin", applicationId=99)["errors"][0]["code"] == "NOT_FOUND"


def test_many_first_tokens_at_once_are_all_good(api: Api) -> None:
    stocked(api)
    body = {"query": CREATE, "variables": {"input": {"integrationId": "own", "rights": "READ", "expiresIn": 60}}}

    async def many() -> list[str]:
        answers = await asyncio.gather(*(api.post(body) for _ in range(20)))
        return [answer.json()["data"]["createSessionToken"]["token"] for answer in answers]

    for each in set(api.runner.run(many())):
        assert api.data(LOOK, key=each) == {"customerSession": {"version": 1}}
