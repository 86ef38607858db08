"""Flows of a storefront over HTTP: the shopper's browser has a session token, the shop's backend a WRITER key."""

import asyncio
from typing import Any

import pytest
from api_server import Api

from db.domain.attribute_definition import AttributeEntity, AttributeType

PAYLOAD = """{
  session { ...Cart }
  errors { code message ... on NetTotalChanged { expectedNetTotal actualNetTotal session { ...Cart } } }
} }
fragment Cart on CustomerSession {
  version state netTotal discounts { label amount }
  cartItems { id position sku name quantity price category product { name } weight attributes }
}
"""
GRANT = "mutation($input: CreateSessionTokenInput!) { createSessionToken(input: $input) { token } }"
HISTORY = """
query($id: String!) { customerSession(integrationId: $id) { events(first: 20) { nodes {
  __typename changes
  ... on SessionUpdated { changedFields mergedFrom } ... on SessionCancelled { mergedInto }
} } } }
"""
MUG: dict[str, Any] = {
    "sku": "mug",
    "quantity": 2,
    "price": "9.90",
    "name": "Blue mug",
    "category": "kitchen",
    "product": {"name": "Mug"},
    "weight": "350.5",
    "attributes": {"gift": True},
}
TEA: dict[str, Any] = {"sku": "tea", "quantity": 1, "price": "4.20"}


@pytest.fixture
def shop(api: Api) -> Api:
    """A shop with an attribute of cart lines."""
    api.shop.define(AttributeEntity.CART_ITEM, "gift", AttributeType.BOOLEAN)
    return api


def document(mutation: str) -> str:
    """Return a document with one mutation of a session."""
    return f"mutation($input: {mutation[0].upper()}{mutation[1:]}Input!) {{ {mutation}(input: $input) {PAYLOAD}"


def run(shop: Api, key: str, mutation: str, **input_: Any) -> Any:
    """Run a mutation, and return its payload."""
    return shop.data(document(mutation), {"input": input_}, key)[mutation]


def change(shop: Api, key: str, mutation: str, **input_: Any) -> Any:
    """Run a mutation, and return its session. Fails if it is refused."""
    payload = run(shop, key, mutation, **input_)
    assert payload["errors"] == []
    return payload["session"]


def create(shop: Api, name: str, **content: Any) -> Any:
    """Create a session as the backend, and return it."""
    return change(shop, "writer", "createSession", integrationId=name, **content)


def token(shop: Api, name: str) -> str:
    """Create a token for a shopper's browser."""
    given = {"integrationId": name, "rights": "WRITE_CART", "expiresIn": 600}
    return str(shop.data(GRANT, {"input": given})["createSessionToken"]["token"])


def history(shop: Api, name: str) -> list[Any]:
    """Return the events of a session."""
    nodes: list[Any] = shop.data(HISTORY, {"id": name})["customerSession"]["events"]["nodes"]
    return nodes


def test_two_tabs_that_add_at_once_lose_no_line(shop: Api) -> None:
    create(shop, "cart")
    browser = token(shop, "cart")

    async def add_from_both_tabs() -> list[Any]:
        inputs = [{"integrationId": "cart", "items": [item]} for item in (MUG, TEA)]
        requests = [{"query": document("addCartItems"), "variables": {"input": each}} for each in inputs]
        responses = await asyncio.gather(*(shop.post(each, browser) for each in requests))
        return [response.json()["data"]["addCartItems"] for response in responses]

    payloads = shop.runner.run(add_from_both_tabs())

    assert [payload["errors"] for payload in payloads] == [[], []]
    last = max((payload["session"] for payload in payloads), key=lambda session: session["version"])
    assert last["version"] == 3
    assert {(item["sku"], item["quantity"]) for item in last["cartItems"]} == {("mug", 2), ("tea", 1)}
    assert [event["__typename"] for event in history(shop, "cart")] == ["SessionCreated"] + ["SessionUpdated"] * 2


def test_change_of_a_quantity_keeps_all_else(shop: Api) -> None:
    mug, tea = create(shop, "cart", cartItems=[MUG, TEA])["cartItems"]
    items = [{"line": {"id": mug["id"]}, "quantity": 3}]

    after = change(shop, token(shop, "cart"), "updateCartItems", integrationId="cart", items=items)

    assert after["cartItems"] == [{**mug, "quantity": 3}, tea]
    assert history(shop, "cart")[-1]["changedFields"] == ["cartItems"]


def test_removal_of_a_line_keeps_the_others(shop: Api) -> None:
    mug, tea = create(shop, "cart", cartItems=[MUG, TEA])["cartItems"]
    lines = [{"id": mug["id"]}]

    after = change(shop, token(shop, "cart"), "removeCartItems", integrationId="cart", lines=lines)

    assert after["cartItems"] == [{**tea, "position": 0}]


def test_token_can_empty_a_discounted_cart(shop: Api) -> None:
    discounts = [{"label": "spring", "amount": "5.00"}, {"label": "welcome", "amount": "3.00"}]
    mug, tea = create(shop, "cart", cartItems=[MUG, TEA], discounts=discounts)["cartItems"]
    browser = token(shop, "cart")

    without_mug = change(shop, browser, "removeCartItems", integrationId="cart", lines=[{"id": mug["id"]}])
    empty = change(shop, browser, "removeCartItems", integrationId="cart", lines=[{"id": tea["id"]}])

    assert (without_mug["netTotal"], without_mug["discounts"]) == ("0.00", [{"label": "spring", "amount": "4.20"}])
    assert (empty["netTotal"], empty["discounts"], empty["cartItems"]) == ("0.00", [], [])
    assert [set(event["changedFields"]) for event in history(shop, "cart")[1:]] == [{"cartItems", "discounts"}] * 2


def test_log_in_puts_the_anonymous_cart_into_that_of_the_customer(shop: Api) -> None:
    create(shop, "anonymous", cartItems=[MUG, {**TEA, "quantity": 2}])
    create(shop, "customer", profileId="ada", cartItems=[TEA])

    names = {"fromIntegrationId": "anonymous", "intoIntegrationId": "customer"}
    merged = change(shop, "writer", "mergeSessions", **names)

    assert [(item["sku"], item["quantity"]) for item in merged["cartItems"]] == [("tea", 3), ("mug", 2)]
    assert history(shop, "customer")[-1]["mergedFrom"] == "anonymous"
    last = history(shop, "anonymous")[-1]
    assert (last["__typename"], last["mergedInto"]) == ("SessionCancelled", "customer")


def test_purchase_is_closed_for_the_net_total_that_the_shopper_saw(shop: Api) -> None:
    discounts = [{"label": "spring", "amount": "5.00"}]
    seen = create(shop, "cart", cartItems=[MUG], discounts=discounts)["netTotal"]
    change(shop, "writer", "updateSession", integrationId="cart", discounts=[])

    refused = run(shop, "writer", "closeSession", integrationId="cart", expectedNetTotal=seen)
    (error,) = refused["errors"]
    assert (error["code"], error["expectedNetTotal"], error["actualNetTotal"]) == (
        "NET_TOTAL_CHANGED",
        "14.80",
        "19.80",
    )
    assert (error["session"]["state"], error["session"]["netTotal"]) == ("OPEN", "19.80")

    closed = change(shop, "writer", "closeSession", integrationId="cart", expectedNetTotal=error["actualNetTotal"])
    assert (closed["state"], closed["netTotal"]) == ("CLOSED", "19.80")
