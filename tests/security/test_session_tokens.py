"""Session tokens: they read one session, or update its cart, and can do nothing else."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from api_server import Api
from token_requests import (
    CREATE,
    HIDDEN,
    LOOK,
    change,
    codes,
    filled,
    number_of,
    other_ids,
    own_ids,
    stocked,
    token,
    token_payload,
)

from graphql_api.schema import schema


@pytest.fixture(scope="module")
def shops(shared_api: Api) -> Api:
    """The API for tests that change nothing."""
    return filled(shared_api)


# ---------------------------------------------------------------- reading


def test_token_reads_its_session(shops: Api) -> None:
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
def test_other_sessions_are_not_found(shops: Api, rights: str) -> None:
    key = token(shops, rights)
    document = "query($name: String!) { customerSession(integrationId: $name) { id } }"
    for name in (f"{HIDDEN} session", "closed", "nobody"):
        assert shops.data(document, {"name": name}, key) == {"customerSession": None}
    assert shops.codes('{ customerSession(integrationId: "own", applicationId: 2) { id } }', key=key) == ["FORBIDDEN"]


def test_profile_is_null(shops: Api) -> None:
    document = '{ customerSession(integrationId: "own") { profileId profile { totalSales sessions { totalCount } } } }'
    assert shops.data(document, key=token(shops)) == {"customerSession": {"profileId": "ada", "profile": None}}


def test_other_ids_are_not_found(shops: Api) -> None:
    document = "query($ids: [ID!]!, $one: ID!) { nodes(ids: $ids) { id } node(id: $one) { id } }"
    own, others = own_ids(shops), other_ids(shops)
    answer = shops.data(document, {"ids": [*own, *others], "one": others[0]}, token(shops))
    assert answer == {"nodes": [{"id": id_} for id_ in own] + [None] * len(others), "node": None}
    everything = shops.data(document, {"ids": [*own, *others], "one": others[0]}, "admin")
    assert [each["id"] for each in everything["nodes"]] == [*own, *others]
    prefix = shops.keys["writer"].split("_")[2].encode().hex()
    assert shops.data(document, {"ids": [f"key-1-{prefix}"], "one": own[0]}, token(shops))["nodes"] == [None]


# ---------------------------------------------------------------- writing


CART = [{"sku": "pear", "quantity": 2, "price": "2.50"}]


def test_write_cart_sets_cart_and_codes_and_is_named_in_history(api: Api) -> None:
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


FORBIDDEN_FIELDS: Sequence[Mapping[str, Any]] = [
    {"discounts": []},
    {"discounts": None},
    {"discounts": [{"label": "mine", "amount": "1.00"}]},
    {"profileId": "bob"},
    {"profileId": None},
    {"identifiers": ["x"]},
    {"attributes": {}},
    {"attributes": None},
]


@pytest.mark.parametrize("content", FORBIDDEN_FIELDS, ids=json.dumps)
def test_write_cart_cannot_set_other_fields(shops: Api, content: Mapping[str, Any]) -> None:
    before = shops.all_rows()
    key = token(shops, "WRITE_CART")
    answer = change(shops, key, coupon="SPRING", **content)
    assert codes(answer) == ["FORBIDDEN"]
    assert next(iter(content)) in answer["errors"][0]["message"]
    assert {**shops.all_rows(), "token_secret": ()} == {**before, "token_secret": ()}


def test_every_update_field_is_allowed_or_forbidden() -> None:
    fields = set(schema._schema.type_map["UpdateSessionInput"].fields)  # type: ignore[attr-defined]  # an input object
    closed = {name for each in FORBIDDEN_FIELDS for name in each}
    assert fields == closed | {"cartItems", "coupon", "referral"} | {
        "integrationId",
        "applicationId",
        "expectedVersion",
        "idempotencyKey",
    }


@pytest.mark.parametrize("name", [f"{HIDDEN} session", "closed", "nobody", "", "x" * 1_001, "\0"])
def test_write_cart_cannot_detect_other_sessions(shops: Api, name: str) -> None:
    before = shops.all_rows()
    answer = change(shops, token(shops, "WRITE_CART"), integrationId=name, coupon="SPRING", expectedVersion=9)
    assert codes(answer) == ["SESSION_NOT_FOUND"]
    assert {**shops.all_rows(), "token_secret": ()} == {**before, "token_secret": ()}


def test_read_cannot_update(shops: Api) -> None:
    assert codes(change(shops, token(shops, "READ"), coupon="SPRING")) == ["FORBIDDEN"]


def test_one_forbidden_root_field_refuses_the_operation(api: Api) -> None:
    key = token(stocked(api), "WRITE_CART")
    document = """mutation { a: updateSession(input: {integrationId: "own", coupon: "A"}) { replayed }
      closeSession(input: {integrationId: "own"}) { replayed } }"""
    assert api.codes(document, key=key) == ["FORBIDDEN"]
    assert api.data(LOOK) == {"customerSession": {"version": 1}}


def test_closed_session_is_not_editable(api: Api) -> None:
    key = token(stocked(api), "WRITE_CART")
    api.shop.close("own")
    assert codes(change(api, key, cartItems=CART)) == ["SESSION_NOT_EDITABLE"]


ITEMS = [{"sku": "mug", "quantity": 1, "price": "9.90"}]
CART_CHANGES: Sequence[tuple[str, Mapping[str, Any]]] = [
    ("addCartItems", {"items": ITEMS}),
    ("updateCartItems", {"items": [{"line": {"position": 0}, "quantity": 7}]}),
    ("removeCartItems", {"lines": [{"position": 0}]}),
]


def change_cart(api: Api, key: str, name: str, input_: Mapping[str, Any], integration_id: str = "own") -> Any:
    """Run a mutation of a cart."""
    type_ = f"{name[0].upper()}{name[1:]}Input!"
    document = f"mutation($input: {type_}) {{ {name}(input: $input) {{ session {{ version }} errors {{ code }} }} }}"
    return api.query(document, {"input": {"integrationId": integration_id, **input_}}, key)


@pytest.mark.parametrize(("name", "input_"), CART_CHANGES)
def test_write_cart_changes_lines_of_its_own_session_only(api: Api, name: str, input_: Mapping[str, Any]) -> None:
    key = token(stocked(api), "WRITE_CART")
    assert codes(change_cart(api, "writer", "addCartItems", {"items": ITEMS})) == []
    version = api.shop.session("own").version

    answer = change_cart(api, key, name, input_)

    assert answer["data"][name] == {"session": {"version": version + 1}, "errors": []}
    assert api.shop.history("own")[-1]["actor"] == "Writer (session token)"
    assert codes(change_cart(api, key, name, input_, "other")) == ["SESSION_NOT_FOUND"]
    assert codes(change_cart(api, token(api, "READ"), name, input_)) == ["FORBIDDEN"]


def test_write_cart_cannot_merge(api: Api) -> None:
    key = token(stocked(api), "WRITE_CART")
    document = (
        """mutation { mergeSessions(input: {fromIntegrationId: "own", intoIntegrationId: "other"}) { replayed } }"""
    )
    assert api.codes(document, key=key) == ["FORBIDDEN"]


def test_idempotency_keys_of_a_token_are_its_own(api: Api) -> None:
    keys = token(stocked(api), "WRITE_CART"), token(api, "WRITE_CART", integrationId="other")
    assert codes(change(api, keys[0], coupon="A", idempotencyKey="payment-1")) == []
    assert codes(change(api, keys[1], integrationId="other", coupon="B", idempotencyKey="payment-1")) == []
    assert codes(change(api, "writer", coupon="C", idempotencyKey="payment-1")) == []
    again = token(api, "WRITE_CART", expiresIn=60)
    answer = change(api, again, coupon="A", idempotencyKey="payment-1")
    assert answer["data"]["updateSession"]["replayed"], "a new token of the session goes on where the old one ended"
    assert codes(change(api, again, coupon="D", idempotencyKey="payment-1")) == ["IDEMPOTENCY_KEY_REUSED"]


# ---------------------------------------------------------------- creation


@pytest.mark.parametrize("key", ["reader", "other reader"])
def test_reader_key_cannot_create_tokens(shops: Api, key: str) -> None:
    given = {"integrationId": "own", "expiresIn": 600}
    assert shops.codes(CREATE, {"input": given}, key) == ["FORBIDDEN"]


def test_token_is_for_a_session_of_the_keys_application(shops: Api) -> None:
    given = {"integrationId": "own", "expiresIn": 600}
    assert shops.codes(CREATE, {"input": {**given, "applicationId": 2}}) == ["FORBIDDEN"]
    assert token_payload(shops, "other writer")["errors"][0]["code"] == "SESSION_NOT_FOUND"
    assert token_payload(shops, integrationId="nobody") == {
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


def test_admin_key_creates_tokens_in_every_application(shops: Api) -> None:
    name = f"{HIDDEN} of another shop"
    made = token_payload(shops, "admin", integrationId=name, applicationId=2)
    document = "query($name: String!) { customerSession(integrationId: $name) { id } viewer { role } }"
    seen = {
        "customerSession": {"id": f"session-2-{number_of(shops, name, 'other writer')}"},
        "viewer": {"role": "READER"},
    }
    assert shops.data(document, {"name": name}, made["token"]) == seen
    assert shops.codes("{ customerSessions { totalCount } }", key=made["token"]) == ["FORBIDDEN"]
    assert token_payload(shops, "admin", applicationId=99)["errors"][0]["code"] == "NOT_FOUND"


def test_concurrent_first_tokens_are_valid(api: Api) -> None:
    stocked(api)
    body = {"query": CREATE, "variables": {"input": {"integrationId": "own", "rights": "READ", "expiresIn": 60}}}

    async def many() -> list[str]:
        answers = await asyncio.gather(*(api.post(body) for _ in range(20)))
        return [answer.json()["data"]["createSessionToken"]["token"] for answer in answers]

    for each in set(api.runner.run(many())):
        assert api.data(LOOK, key=each) == {"customerSession": {"version": 1}}
