"""Session tokens: with one in hand there is one session, and nothing else can be seen or done, whatever is asked."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from opened import (
    CREATE,
    HIDDEN,
    LOOK,
    asked,
    change,
    codes,
    filled,
    number_of,
    other_ids,
    own_ids,
    stocked,
    token,
)
from served import Api

from graphql_api.schema import schema


@pytest.fixture(scope="module")
def shops(shared_api: Api) -> Api:
    """For tests that leave it as it was."""
    return filled(shared_api)


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


def test_an_id_of_anything_else_is_an_id_of_nothing(shops: Api) -> None:
    document = "query($ids: [ID!]!, $one: ID!) { nodes(ids: $ids) { id } node(id: $one) { id } }"
    own, others = own_ids(shops), other_ids(shops)
    answer = shops.data(document, {"ids": [*own, *others], "one": others[0]}, token(shops))
    assert answer == {"nodes": [{"id": id_} for id_ in own] + [None] * len(others), "node": None}
    everything = shops.data(document, {"ids": [*own, *others], "one": others[0]}, "admin")
    assert [each["id"] for each in everything["nodes"]] == [*own, *others]
    prefix = shops.keys["writer"].split("_")[2].encode().hex()
    assert shops.data(document, {"ids": [f"key-1-{prefix}"], "one": own[0]}, token(shops))["nodes"] == [None]


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
