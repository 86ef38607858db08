"""What is refused: each rule of each input answers its typed error with a path, and nothing changes."""

from decimal import Decimal
from typing import Any

import pytest
from served import Api
from shop import line

from db.domain.attribute_values import AttributeType
from db.domain.attributes import AttributeEntity
from db.domain.discounts import Discount
from db.domain.lifecycle import SessionState

LINE: dict[str, Any] = {"sku": "mug", "quantity": 1, "price": "9.90"}
LONG = "x" * 1_001

# One input of each mutation that is accepted; a refusal comes of what a test puts into it.
ACCEPTED: dict[str, dict[str, Any]] = {
    "createSession": {"integrationId": "new"},
    "updateSession": {"integrationId": "open"},
    "upsertSession": {"integrationId": "open"},
    "closeSession": {"integrationId": "open"},
    "cancelSession": {"integrationId": "open"},
    "returnItems": {"integrationId": "closed", "items": [{"line": {"position": 0}, "quantity": 1}]},
    "updateProfile": {"integrationId": "ada", "attributes": {}},
    "createAttributeDefinition": {"entity": "CART_ITEM", "name": "size", "type": "STRING"},
    "updateAttributeDefinition": {"id": "attribute-1-customer_session-6368616e6e656c"},
    "createApplication": {"name": "Third shop", "currency": "CHF"},
    "updateApplication": {"applicationId": 1},
    "createKey": {"name": "Till", "role": "READER", "applicationId": 1},
    "revokeKey": {},
}
ADMINISTERING = {"createApplication", "updateApplication", "createKey", "revokeKey"}

CONTENT: list[tuple[dict[str, Any], str, list[str]]] = [
    ({"integrationId": ""}, "InvalidInput", ["integrationId"]),
    ({"integrationId": LONG}, "InvalidInput", ["integrationId"]),
    ({"integrationId": "a\0b"}, "InvalidInput", ["integrationId"]),
    ({"profileId": LONG}, "InvalidInput", ["profileId"]),
    ({"coupon": "x" * 101}, "InvalidInput", ["coupon"]),
    ({"referral": "a\0b"}, "InvalidInput", ["referral"]),
    ({"identifiers": ["1", "2", "3", "4", "5", "6"]}, "InvalidInput", ["identifiers"]),
    ({"identifiers": ["1", ""]}, "InvalidInput", ["identifiers", "1"]),
    ({"identifiers": ["1", "1"]}, "InvalidInput", ["identifiers", "1"]),
    ({"attributes": {"colour": "red"}}, "UnknownAttribute", ["attributes", "colour"]),
    ({"attributes": {"channel": 7}}, "InvalidAttributeValue", ["attributes", "channel"]),
    ({"attributes": {"channel": "fax"}}, "InvalidAttributeValue", ["attributes", "channel"]),
    ({"discounts": [{"label": "", "amount": 0}]}, "InvalidInput", ["discounts", "0", "label"]),
    ({"discounts": [{"label": "a", "amount": "0.001"}]}, "InvalidInput", ["discounts", "0", "amount"]),
    ({"discounts": [{"label": "a", "amount": "-1"}]}, "InvalidInput", ["discounts", "0", "amount"]),
    ({"discounts": [{"label": "a", "amount": 0}] * 2}, "InvalidInput", ["discounts", "1", "label"]),
    ({"discounts": [{"label": "a", "amount": 100}]}, "DiscountExceedsTotal", ["discounts"]),
    ({"cartItems": [LINE] * 1_001}, "InvalidInput", ["cartItems"]),
    ({"cartItems": [{**LINE, "quantity": 5_001}] * 2}, "InvalidInput", ["cartItems"]),
    ({"cartItems": [LINE, {**LINE, "sku": ""}]}, "InvalidInput", ["cartItems", "1", "sku"]),
    ({"cartItems": [{**LINE, "quantity": 0}]}, "InvalidInput", ["cartItems", "0", "quantity"]),
    ({"cartItems": [{**LINE, "quantity": -(2**31)}]}, "InvalidInput", ["cartItems", "0", "quantity"]),
    ({"cartItems": [{**LINE, "quantity": 10_001}]}, "InvalidInput", ["cartItems", "0", "quantity"]),
    ({"cartItems": [{**LINE, "price": "-0.01"}]}, "InvalidInput", ["cartItems", "0", "price"]),
    ({"cartItems": [{**LINE, "price": "0.00001"}]}, "InvalidInput", ["cartItems", "0", "price"]),
    ({"cartItems": [{**LINE, "price": "100000000000000"}]}, "InvalidInput", ["cartItems", "0", "price"]),
    ({"cartItems": [{**LINE, "name": LONG}]}, "InvalidInput", ["cartItems", "0", "name"]),
    ({"cartItems": [{**LINE, "category": LONG}]}, "InvalidInput", ["cartItems", "0", "category"]),
    ({"cartItems": [{**LINE, "product": {"name": ""}}]}, "InvalidInput", ["cartItems", "0", "product", "name"]),
    ({"cartItems": [{**LINE, "weight": "-1"}]}, "InvalidInput", ["cartItems", "0", "weight"]),
    ({"cartItems": [{**LINE, "height": "1.00001"}]}, "InvalidInput", ["cartItems", "0", "height"]),
    ({"cartItems": [{**LINE, "width": "-1"}]}, "InvalidInput", ["cartItems", "0", "width"]),
    ({"cartItems": [{**LINE, "length": "-1"}]}, "InvalidInput", ["cartItems", "0", "length"]),
    (
        {"cartItems": [{**LINE, "attributes": {"colour": 1}}]},
        "UnknownAttribute",
        ["cartItems", "0", "attributes", "colour"],
    ),
    ({"idempotencyKey": ""}, "InvalidInput", ["idempotencyKey"]),
    ({"idempotencyKey": "x" * 256}, "InvalidInput", ["idempotencyKey"]),
]
MISSING = ({"integrationId": "missing"}, "SessionNotFound", ["integrationId"])
VERSION = ({"expectedVersion": 7}, "VersionConflict", ["expectedVersion"])
KEY = CONTENT[-2]

REFUSED: dict[str, list[tuple[dict[str, Any], str, list[str]]]] = {
    "createSession": [*CONTENT, ({"integrationId": "open"}, "SessionAlreadyExists", ["integrationId"])],
    "updateSession": [*CONTENT, MISSING, VERSION, ({"integrationId": "closed"}, "SessionNotEditable", [])],
    "upsertSession": [*CONTENT, ({"integrationId": "closed"}, "SessionNotEditable", [])],
    "closeSession": [
        CONTENT[0],
        CONTENT[1],
        CONTENT[2],
        KEY,
        MISSING,
        VERSION,
        ({"integrationId": "closed"}, "InvalidTransition", []),
        ({"expectedTotal": "1"}, "TotalChanged", ["expectedTotal"]),
        ({"expectedTotal": "0.00001"}, "InvalidInput", ["expectedTotal"]),
        ({"expectedTotal": "9" * 999}, "InvalidInput", ["expectedTotal"]),
    ],
    "cancelSession": [
        CONTENT[0],
        KEY,
        MISSING,
        VERSION,
        ({"integrationId": "cancelled"}, "InvalidTransition", []),
        ({"reason": LONG}, "InvalidInput", ["reason"]),
        ({"reason": "a\0b"}, "InvalidInput", ["reason"]),
    ],
    "returnItems": [
        CONTENT[0],
        KEY,
        MISSING,
        VERSION,
        ({"integrationId": "open"}, "InvalidTransition", []),
        ({"items": []}, "InvalidInput", ["items"]),
        ({"items": [{"line": {"position": 9}}]}, "CartLineNotFound", ["items", "0", "line", "position"]),
        ({"items": [{"line": {"position": -1}}]}, "CartLineNotFound", ["items", "0", "line", "position"]),
        ({"items": [{"line": {"sku": "pear"}}]}, "CartLineNotFound", ["items", "0", "line", "sku"]),
        ({"items": [{"line": {"sku": "apple"}, "quantity": 0}]}, "InvalidInput", ["items", "0", "quantity"]),
        ({"items": [{"line": {"sku": "apple"}, "quantity": 6}]}, "ReturnExceedsRemaining", ["items", "0", "quantity"]),
    ],
    "updateProfile": [
        CONTENT[0],
        CONTENT[1],
        KEY,
        ({"attributes": {"colour": 1}}, "UnknownAttribute", ["attributes", "colour"]),
        ({"integrationId": "new", "attributes": {"colour": 1}}, "UnknownAttribute", ["attributes", "colour"]),
        ({"attributes": {"vip": 1}}, "InvalidAttributeValue", ["attributes", "vip"]),
    ],
    "createAttributeDefinition": [
        ({"name": ""}, "InvalidInput", ["name"]),
        ({"name": "1st"}, "InvalidInput", ["name"]),
        ({"name": "x" * 101}, "InvalidInput", ["name"]),
        ({"description": LONG}, "InvalidInput", ["description"]),
        ({"allowedValues": []}, "InvalidInput", ["allowedValues"]),
        ({"allowedValues": ["a", "a"]}, "InvalidInput", ["allowedValues", "1"]),
        ({"type": "NUMBER", "allowedValues": ["one"]}, "InvalidInput", ["allowedValues", "0"]),
        ({"type": "BOOLEAN", "allowedValues": ["true"]}, "InvalidInput", ["allowedValues"]),
        ({"entity": "CUSTOMER_PROFILE", "name": "vip"}, "AlreadyExists", ["name"]),
    ],
    "updateAttributeDefinition": [
        ({"id": "attribute-1-cart_item-61"}, "NotFound", ["id"]),
        ({"description": LONG}, "InvalidInput", ["description"]),
        ({"allowedValues": ["a", "a"]}, "InvalidInput", ["allowedValues", "1"]),
    ],
    "createApplication": [
        ({"name": ""}, "InvalidInput", ["name"]),
        ({"name": "x" * 201}, "InvalidInput", ["name"]),
        ({"currency": "EURO"}, "InvalidInput", ["currency"]),
        ({"currency": "\0"}, "InvalidInput", ["currency"]),
        ({"timeZone": "Europe/Nowhere"}, "InvalidInput", ["timeZone"]),
    ],
    "updateApplication": [
        ({"applicationId": 9}, "NotFound", ["applicationId"]),
        ({"applicationId": 0}, "NotFound", ["applicationId"]),
        ({"name": "a\0b"}, "InvalidInput", ["name"]),
        ({"timeZone": ""}, "InvalidInput", ["timeZone"]),
    ],
    "createKey": [
        ({"name": ""}, "InvalidInput", ["name"]),
        ({"applicationId": 9}, "NotFound", ["applicationId"]),
        ({"applicationId": 0}, "NotFound", ["applicationId"]),
        ({"applicationId": None}, "InvalidInput", ["applicationId"]),
        ({"role": "ADMIN"}, "InvalidInput", ["applicationId"]),
        ({"expires": "2020-01-01T00:00:00Z"}, "InvalidInput", ["expires"]),
    ],
    "revokeKey": [({"id": "key-1-616263"}, "NotFound", ["id"])],
}


def stock(api: Api) -> Api:
    """Put in a session in each state, a profile and two attributes."""
    shop = api.shop
    shop.define(AttributeEntity.CUSTOMER_SESSION, "channel", allowed_values=("web", "till"))
    shop.define(AttributeEntity.CUSTOMER_PROFILE, "vip", AttributeType.BOOLEAN)
    shop.create("open", profile_id="ada", cart_items=[line(quantity=5)])
    shop.create("closed", SessionState.CLOSED, cart_items=[line(quantity=5)], discounts=[Discount("a", Decimal(1))])
    shop.create("cancelled")
    shop.cancel("cancelled")
    return api


@pytest.fixture(scope="module")
def stocked(shared_api: Api) -> Api:
    """A shop that refuses all that is asked of it."""
    change(stock(shared_api), "updateProfile", {**ACCEPTED["updateProfile"], "idempotencyKey": "1"}, "{ replayed }")
    return shared_api


def change(api: Api, name: str, input_: dict[str, Any], answer: str) -> Any:
    """The payload of a mutation."""
    type_ = f"{name[0].upper()}{name[1:]}Input!"
    document = f"mutation($input: {type_}) {{ {name}(input: $input) {answer} }}"
    return api.data(document, {"input": input_}, "admin" if name in ADMINISTERING else "writer")[name]


@pytest.mark.parametrize("name", [name for name in ACCEPTED if name != "revokeKey"])
def test_what_is_refused_below_is_accepted_but_for_one_field(api: Api, name: str) -> None:
    assert change(stock(api), name, ACCEPTED[name], "{ errors { message } }") == {"errors": []}


@pytest.mark.parametrize(
    ("name", "wrong", "type_", "path"),
    [pytest.param(name, *case, id=f"{name} {case[2]} {i}") for name in REFUSED for i, case in enumerate(REFUSED[name])],
)
def test_a_refusal_names_its_field_and_changes_nothing(
    stocked: Api, name: str, wrong: dict[str, Any], type_: str, path: list[str]
) -> None:
    before = stocked.everything()
    answer = change(stocked, name, {**ACCEPTED[name], **wrong}, "{ errors { __typename code message path } }")

    (error,) = answer["errors"]
    assert error.pop("message")
    code = "".join(f"_{each}" if each.isupper() else each.upper() for each in type_).lstrip("_")
    assert error == {"__typename": type_, "code": code, "path": path}
    assert stocked.everything() == before


def test_every_refused_field_is_told_at_once(stocked: Api) -> None:
    wrong = {"coupon": "x" * 101, "identifiers": [""], "cartItems": [{"sku": "", "quantity": 0, "price": -1}]}
    answer = change(stocked, "updateSession", {"integrationId": "open", **wrong}, "{ session { id } errors { path } }")
    assert answer["session"] is None
    assert [error["path"] for error in answer["errors"]] == [
        ["coupon"],
        ["identifiers", "0"],
        ["cartItems", "0", "sku"],
        ["cartItems", "0", "quantity"],
        ["cartItems", "0", "price"],
    ]


def test_a_hundred_refusals_are_told_of_a_cart_that_is_wrong_all_through(stocked: Api) -> None:
    cart = [{**LINE, "quantity": 0}] * 1_000
    answer = change(stocked, "updateSession", {"integrationId": "open", "cartItems": cart}, "{ errors { code } }")
    assert answer["errors"] == [{"code": "INVALID_INPUT"}] * 100


EVERYTHING = """{ errors {
  __typename code message path
  ... on SessionNotFound { integrationId }
  ... on SessionAlreadyExists { session { integrationId version } }
  ... on InvalidTransition { from to nextStates }
  ... on SessionNotEditable { state }
  ... on VersionConflict { expected actual session { integrationId version } }
  ... on TotalChanged { wanted: expected found: actual }
  ... on ReturnExceedsRemaining { position requested remaining }
  ... on DiscountExceedsTotal { discountTotal total }
  ... on UnknownAttribute { name entity }
  ... on InvalidAttributeValue { name entity type allowedValues }
} }"""

ERRORS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "cancelSession",
        {"integrationId": ""},
        {
            "__typename": "InvalidInput",
            "code": "INVALID_INPUT",
            "message": "Expected 1 to 1000 characters, got 0.",
            "path": ["integrationId"],
        },
    ),
    (
        "cancelSession",
        {"integrationId": "missing"},
        {
            "__typename": "SessionNotFound",
            "code": "SESSION_NOT_FOUND",
            "message": 'There is no session "missing" in this application.',
            "path": ["integrationId"],
            "integrationId": "missing",
        },
    ),
    (
        "createSession",
        {"integrationId": "cancelled"},
        {
            "__typename": "SessionAlreadyExists",
            "code": "SESSION_ALREADY_EXISTS",
            "message": 'A session "cancelled" exists already in this application.',
            "path": ["integrationId"],
            "session": {"integrationId": "cancelled", "version": 2},
        },
    ),
    (
        "closeSession",
        {"integrationId": "closed"},
        {
            "__typename": "InvalidTransition",
            "code": "INVALID_TRANSITION",
            "message": "A session that is CLOSED cannot become CLOSED; it can become PARTIALLY_RETURNED or CANCELLED.",
            "path": [],
            "from": "CLOSED",
            "to": "CLOSED",
            "nextStates": ["PARTIALLY_RETURNED", "CANCELLED"],
        },
    ),
    (
        "updateSession",
        {"integrationId": "cancelled"},
        {
            "__typename": "SessionNotEditable",
            "code": "SESSION_NOT_EDITABLE",
            "message": "Only an OPEN session can be updated; this one is CANCELLED.",
            "path": [],
            "state": "CANCELLED",
        },
    ),
    (
        "cancelSession",
        {"integrationId": "open", "expectedVersion": 0},
        {
            "__typename": "VersionConflict",
            "code": "VERSION_CONFLICT",
            "message": "The session is at version 1, not 0.",
            "path": ["expectedVersion"],
            "expected": 0,
            "actual": 1,
            "session": {"integrationId": "open", "version": 1},
        },
    ),
    (
        "closeSession",
        {"integrationId": "open", "expectedTotal": "4.5"},
        {
            "__typename": "TotalChanged",
            "code": "TOTAL_CHANGED",
            "message": "The session's total is 5.00, not 4.50.",
            "path": ["expectedTotal"],
            "wanted": "4.50",
            "found": "5.00",
        },
    ),
    (
        "returnItems",
        {"integrationId": "closed", "items": [{"line": {"sku": "pear"}}]},
        {
            "__typename": "CartLineNotFound",
            "code": "CART_LINE_NOT_FOUND",
            "message": 'The cart has the sku "pear" on 0 lines.',
            "path": ["items", "0", "line", "sku"],
        },
    ),
    (
        "returnItems",
        {"integrationId": "closed", "items": [{"line": {"position": 0}, "quantity": 6}]},
        {
            "__typename": "ReturnExceedsRemaining",
            "code": "RETURN_EXCEEDS_REMAINING",
            "message": "Line 0 has 5 units left to return; 6 were asked for.",
            "path": ["items", "0", "quantity"],
            "position": 0,
            "requested": 6,
            "remaining": 5,
        },
    ),
    (
        "updateSession",
        {"integrationId": "open", "discounts": [{"label": "a", "amount": "5.5"}]},
        {
            "__typename": "DiscountExceedsTotal",
            "code": "DISCOUNT_EXCEEDS_TOTAL",
            "message": "The discounts sum to 5.50, more than the cart's total of 5.00.",
            "path": ["discounts"],
            "discountTotal": "5.50",
            "total": "5.00",
        },
    ),
    (
        "updateProfile",
        {"integrationId": "ada", "attributes": {"colour": "red"}},
        {
            "__typename": "UnknownAttribute",
            "code": "UNKNOWN_ATTRIBUTE",
            "message": 'No attribute "colour" is defined for CUSTOMER_PROFILE.',
            "path": ["attributes", "colour"],
            "name": "colour",
            "entity": "CUSTOMER_PROFILE",
        },
    ),
    (
        "updateSession",
        {"integrationId": "open", "attributes": {"channel": "fax"}},
        {
            "__typename": "InvalidAttributeValue",
            "code": "INVALID_ATTRIBUTE_VALUE",
            "message": 'Attribute "channel": it is not one of the allowed values.',
            "path": ["attributes", "channel"],
            "name": "channel",
            "entity": "CUSTOMER_SESSION",
            "type": "STRING",
            "allowedValues": ["web", "till"],
        },
    ),
    (
        "updateProfile",
        {"integrationId": "ada", "attributes": {"vip": True}, "idempotencyKey": "1"},
        {
            "__typename": "IdempotencyKeyReused",
            "code": "IDEMPOTENCY_KEY_REUSED",
            "message": "This idempotency key was used with another input within 24 hours;"
            " use a new key for a new change.",
            "path": ["idempotencyKey"],
        },
    ),
    (
        "updateAttributeDefinition",
        {"id": "attribute-1-cart_item-61"},
        {
            "__typename": "NotFound",
            "code": "NOT_FOUND",
            "message": 'There is no attribute "a" of CART_ITEM.',
            "path": ["id"],
        },
    ),
    (
        "createAttributeDefinition",
        {"entity": "CUSTOMER_PROFILE", "name": "vip", "type": "STRING"},
        {
            "__typename": "AlreadyExists",
            "code": "ALREADY_EXISTS",
            "message": 'There is already an attribute "vip" of CUSTOMER_PROFILE.',
            "path": ["name"],
        },
    ),
]


@pytest.mark.parametrize(("name", "input_", "error"), ERRORS, ids=[error["__typename"] for *_, error in ERRORS])
def test_an_error_carries_its_facts(stocked: Api, name: str, input_: dict[str, Any], error: dict[str, Any]) -> None:
    assert change(stocked, name, input_, EVERYTHING) == {"errors": [error]}


def test_every_type_of_error_is_reached_above(stocked: Api) -> None:
    document = '{ __type(name: "UserError") { possibleTypes { name } } }'
    possible = {each["name"] for each in stocked.data(document)["__type"]["possibleTypes"]}
    assert {error["__typename"] for *_, error in ERRORS} == possible
