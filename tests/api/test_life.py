"""The life of a session over GraphQL. Each expected answer is complete and written by hand."""

from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from api_server import Api
from shop import Shop, line

from db.domain.lifecycle import SessionState
from graphql_api.execution.context import Context

SESSION = """fragment Whole on CustomerSession {
  id integrationId created updated closed cancelled applicationId application { name currency }
  profileId profile { id integrationId closedSessions totalSales lastActivity } coupon referral state nextStates
  cartItems { ...Line }
  identifiers currency total discountTotal returnedTotal netTotal attributes firstSession discounts { label amount }
  returns { id created amount items { position sku quantity amount } } version
}
fragment Line on CartItem {
  id position sku name quantity returnedQuantity remainingQuantity price total discountShare category product { name }
  weight height width length attributes
}"""

HISTORY = """{ customerSession(integrationId: "cart-7") { events { totalCount nodes {
  __typename id version occurred actor session { version } changes
  ... on SessionCreated { state total }
  ... on SessionUpdated { changedFields total }
  ... on SessionClosed { total discountTotal }
  ... on ItemsReturned { return { id amount items { sku quantity amount } } }
  ... on SessionCancelled { from reason }
} } } }"""


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Changes happen at 10:00:01, 10:00:02 …"""
    seconds = count(1)
    monkeypatch.setattr(Context, "now", lambda context: Shop.OPENED + timedelta(seconds=next(seconds)))


def change(api: Api, name: str, **input_: Any) -> Any:
    """The payload of a change of the session cart-7."""
    type_ = f"{name[0].upper()}{name[1:]}Input"
    answer = "{ replayed errors { message } session { ...Whole } }"
    document = f"mutation($input: {type_}!) {{ {name}(input: $input) {answer} }} {SESSION}"
    return api.data(document, {"input": {"integrationId": "cart-7", **input_}})[name]


@pytest.fixture(autouse=True)
def line_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the ids of lines be known."""
    monkeypatch.setattr("db.operations.sessions.new_line_prefix", lambda: "line-")


def at(second: int) -> str:
    """That many seconds past ten."""
    return f"2026-03-01T10:00:{second:02}.000Z"


MUG: dict[str, Any] = {
    "id": "line-0",
    "position": 0,
    "sku": "mug",
    "name": "A mug",
    "quantity": 2,
    "returnedQuantity": 0,
    "remainingQuantity": 2,
    "price": "9.90",
    "total": "19.80",
    "discountShare": "0.00",
    "category": "kitchen",
    "product": {"name": "Mug"},
    "weight": "350.5",
    "height": "95",
    "width": None,
    "length": None,
    "attributes": {},
}
TEA: dict[str, Any] = {
    "id": "line-1",
    "position": 1,
    "sku": "tea",
    "name": None,
    "quantity": 1,
    "returnedQuantity": 0,
    "remainingQuantity": 1,
    "price": "4.20",
    "total": "4.20",
    "discountShare": "0.00",
    "category": None,
    "product": None,
    "weight": None,
    "height": None,
    "width": None,
    "length": None,
    "attributes": {},
}
CREATED: dict[str, Any] = {
    "id": "session-1-1",
    "integrationId": "cart-7",
    "created": at(1),
    "updated": at(1),
    "closed": None,
    "cancelled": None,
    "applicationId": 1,
    "application": {"name": "Shop", "currency": "EUR"},
    "profileId": "ada",
    "profile": {
        "id": "profile-1-616461",
        "integrationId": "ada",
        "closedSessions": 0,
        "totalSales": "0.00",
        "lastActivity": at(1),
    },
    "coupon": "SPRING",
    "referral": None,
    "state": "OPEN",
    "nextStates": ["CLOSED", "CANCELLED"],
    "cartItems": [MUG],
    "identifiers": ["till 4"],
    "currency": "EUR",
    "total": "19.80",
    "discountTotal": "0.00",
    "returnedTotal": "0.00",
    "netTotal": "19.80",
    "attributes": {},
    "firstSession": True,
    "discounts": [],
    "returns": [],
    "version": 1,
}
UPDATED = {
    **CREATED,
    "updated": at(2),
    "profile": {**CREATED["profile"], "lastActivity": at(2)},
    "coupon": None,
    "cartItems": [{**MUG, "discountShare": "2.48"}, {**TEA, "discountShare": "0.52"}],
    "total": "24.00",
    "discountTotal": "3.00",
    "netTotal": "21.00",
    "discounts": [{"label": "spring", "amount": "3.00"}],
    "version": 2,
}
CLOSED = {
    **UPDATED,
    "updated": at(3),
    "closed": at(3),
    "profile": {**CREATED["profile"], "lastActivity": at(3), "closedSessions": 1, "totalSales": "24.00"},
    "state": "CLOSED",
    "nextStates": ["PARTIALLY_RETURNED", "CANCELLED"],
    "version": 3,
}
RETURNED = {
    **CLOSED,
    "updated": at(4),
    "profile": {**CLOSED["profile"], "lastActivity": at(4)},
    "state": "PARTIALLY_RETURNED",
    "nextStates": ["CANCELLED"],
    "cartItems": [
        {**MUG, "discountShare": "2.48", "returnedQuantity": 1, "remainingQuantity": 1},
        {**TEA, "discountShare": "0.52"},
    ],
    "returnedTotal": "8.66",
    "netTotal": "12.34",
    "returns": [
        {
            "id": "return-1-1-4",
            "created": at(4),
            "amount": "8.66",
            "items": [{"position": 0, "sku": "mug", "quantity": 1, "amount": "8.66"}],
        }
    ],
    "version": 4,
}
CANCELLED = {
    **RETURNED,
    "updated": at(5),
    "cancelled": at(5),
    "profile": {**CREATED["profile"], "lastActivity": at(5)},
    "state": "CANCELLED",
    "nextStates": [],
    "version": 5,
}


def live(api: Api) -> None:
    """The whole life; every answer on the way is looked at."""
    mug = {
        "sku": "mug",
        "name": "A mug",
        "quantity": 2,
        "price": "9.90",
        "category": "kitchen",
        "product": {"name": "Mug"},
        "weight": "350.5",
        "height": 95,
    }
    done = {"replayed": False, "errors": []}

    created = change(api, "createSession", profileId="ada", coupon="SPRING", identifiers=["till 4"], cartItems=[mug])
    assert created == {**done, "session": CREATED}

    tea = {"sku": "tea", "quantity": 1, "price": "4.2"}
    discounts = [{"label": "spring", "amount": 3}]
    updated = change(api, "updateSession", coupon=None, cartItems=[mug, tea], discounts=discounts, expectedVersion=1)
    assert updated == {**done, "session": UPDATED}

    assert change(api, "closeSession", expectedTotal="24") == {**done, "session": CLOSED}
    returned = change(api, "returnItems", items=[{"line": {"sku": "mug"}, "quantity": 1}])
    assert returned == {**done, "session": RETURNED}
    assert change(api, "cancelSession", reason="Lost in the post.") == {**done, "session": CANCELLED}


def test_a_session_lives_from_the_first_item_to_the_last_return(api: Api) -> None:
    live(api)
    document = 'query { customerSession(integrationId: "cart-7") { ...Whole } } ' + SESSION
    assert api.data(document, key="reader") == {"customerSession": CANCELLED}


def test_history_has_an_event_for_each_change(api: Api) -> None:
    live(api)
    events = api.data(HISTORY, key="reader")["customerSession"]["events"]

    assert events["totalCount"] == 5
    for version, event in enumerate(events["nodes"], 1):
        identity = {"id": event.pop("id"), "version": event.pop("version"), "occurred": event.pop("occurred")}
        assert identity == {"id": f"event-1-1-{version}", "version": version, "occurred": at(version)}
        assert event.pop("session") == {"version": 5}
        assert event.pop("actor") == "Writer"

    mug = {
        "id": "line-0",
        "sku": "mug",
        "name": "A mug",
        "quantity": 2,
        "price": 9.9,
        "category": "kitchen",
        "product": {"name": "Mug"},
        "weight": 350.5,
        "height": 95,
    }
    tea = {"id": "line-1", "sku": "tea", "quantity": 1, "price": 4.2}
    created, updated, closed, returned, cancelled = events["nodes"]
    assert created == {
        "__typename": "SessionCreated",
        "state": "OPEN",
        "total": "19.80",
        "changes": {
            "integrationId": "cart-7",
            "created": at(1),
            "applicationId": 1,
            "profileId": "ada",
            "coupon": "SPRING",
            "referral": "",
            "state": "open",
            "cartItems": [mug],
            "identifiers": ["till 4"],
            "total": 19.8,
            "attributes": {},
            "firstSession": True,
            "discounts": {},
            "updated": at(1),
        },
    }
    assert updated == {
        "__typename": "SessionUpdated",
        "changedFields": ["cartItems", "coupon", "discounts"],
        "total": "24.00",
        "changes": {
            "coupon": "",
            "cartItems": [mug, tea],
            "total": 24,
            "discounts": {"spring": 3},
            "updated": at(2),
        },
    }
    assert closed == {
        "__typename": "SessionClosed",
        "total": "24.00",
        "discountTotal": "3.00",
        "changes": {"state": "closed", "closed": at(3), "updated": at(3)},
    }
    back = {"version": 4, "created": at(4), "items": [{"position": 0, "quantity": 1, "amount": 8.66}], "amount": 8.66}
    assert returned == {
        "__typename": "ItemsReturned",
        "return": {
            "id": "return-1-1-4",
            "amount": "8.66",
            "items": [{"sku": "mug", "quantity": 1, "amount": "8.66"}],
        },
        "changes": {
            "state": "partially_returned",
            "cartItems": [{**mug, "returnedQuantity": 1}, tea],
            "returns": [back],
            "updated": at(4),
        },
    }
    assert cancelled == {
        "__typename": "SessionCancelled",
        "from": "PARTIALLY_RETURNED",
        "reason": "Lost in the post.",
        "changes": {"state": "cancelled", "cancelled": at(5), "updated": at(5)},
    }


def test_repeat_with_an_idempotency_key_has_the_same_answer(api: Api) -> None:
    first = change(api, "createSession", idempotencyKey="1")
    again = change(api, "createSession", idempotencyKey="1")
    assert again == {**first, "replayed": True}


def test_upsert_says_whether_it_created_the_session(api: Api) -> None:
    document = """mutation($coupon: String) {
      upsertSession(input: {integrationId: "s1", coupon: $coupon}) { created replayed session { version coupon } }
    }"""
    made = api.data(document, {"coupon": "A"})["upsertSession"]
    assert made == {"created": True, "replayed": False, "session": {"version": 1, "coupon": "A"}}
    assert api.data(document, {"coupon": None})["upsertSession"] == {
        "created": False,
        "replayed": False,
        "session": {"version": 2, "coupon": None},
    }
    assert api.data(document)["upsertSession"]["session"] == {"version": 2, "coupon": None}


def test_return_items_answers_the_new_return(api: Api) -> None:
    api.shop.create(state=SessionState.CLOSED, cart_items=[line(quantity=3)])
    document = """mutation { returnItems(input: {integrationId: "s1", items: [{line: {position: 0}}]}) {
      return { id amount items { sku quantity } } errors { message } } }"""
    assert api.data(document)["returnItems"] == {
        "return": {"id": "return-1-1-2", "amount": "3.00", "items": [{"sku": "apple", "quantity": 3}]},
        "errors": [],
    }
