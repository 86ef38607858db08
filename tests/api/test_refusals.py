"""Refusals: each broken rule of each input is answered by its type of error with a path, and nothing changes."""

import re
from typing import Any

import pytest
from api_server import Api
from changing import ACCEPTED, change, stock

from graphql_api.mutations.declaration import ERRORS
from graphql_api.schema import schema
from graphql_api.sql import cursors
from graphql_api.types.session_event import FEED

LINE: dict[str, Any] = {"sku": "mug", "quantity": 1, "price": "9.90"}
LONG = "x" * 1_001
WIDE = "é" * 651  # 1,302 bytes

CONTENT: list[tuple[dict[str, Any], str, list[str]]] = [
    ({"integrationId": ""}, "InvalidInput", ["integrationId"]),
    ({"integrationId": LONG}, "InvalidInput", ["integrationId"]),
    ({"integrationId": WIDE}, "InvalidInput", ["integrationId"]),
    ({"integrationId": "a\0b"}, "InvalidInput", ["integrationId"]),
    ({"profileId": LONG}, "InvalidInput", ["profileId"]),
    ({"profileId": WIDE}, "InvalidInput", ["profileId"]),
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
    ({"cartItems": [{**LINE, "sku": WIDE}]}, "InvalidInput", ["cartItems", "0", "sku"]),
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
REUSED = ({"idempotencyKey": "1"}, "IdempotencyKeyReused", ["idempotencyKey"])
NO_WEBHOOK = ({"id": "webhook-1-9"}, "NotFound", ["id"])
APPLICATION = ({"applicationId": 9}, "NotFound", ["applicationId"])

NAME = {"position": 0}
UNKNOWN_LINE = ({"id": "x"}, {"position": 9}, {"sku": "pear"})
OF_CART = [
    CONTENT[0],
    KEY,
    REUSED,
    APPLICATION,
    MISSING,
    VERSION,
    ({"integrationId": "closed"}, "SessionNotEditable", []),
]
NO_LINE = ({"cartItems": [{**LINE, "id": "x"}]}, "CartLineNotFound", ["cartItems", "0", "id"])

Case = tuple[dict[str, Any], str, list[str]]


def refused_rule(path: str, type_: str = "InvalidInput", **rule: Any) -> Case:
    """A campaign with one rule that is refused. Without a reward, the rule has one that is accepted."""
    reward = {"percentOff": {"percent": "10"}}
    return {"rules": [{"label": "ten", "reward": reward, **rule}]}, type_, ["rules", "0", *path.split(".")]


def refused_reward(path: str, **reward: Any) -> Case:
    """A campaign whose only rule has a reward that is refused."""
    return refused_rule(f"reward.{path}", reward=reward)


def refused_condition(path: str, type_: str = "InvalidInput", **when: Any) -> Case:
    """A campaign whose only rule has a condition that is refused."""
    return refused_rule(f"when.{path}".rstrip("."), type_, when=when)


def nested(depth: int) -> dict[str, Any]:
    """A condition with others inside it, so many deep."""
    return {"not": nested(depth - 1)} if depth > 1 else {"firstSession": True}


USES = {"measure": "USES", "per": "CAMPAIGN", "max": "1"}
RULES = ACCEPTED["createCampaign"]["rules"]
CAMPAIGN: list[Case] = [
    ({"name": ""}, "InvalidInput", ["name"]),
    ({"name": "x" * 101}, "InvalidInput", ["name"]),
    ({"name": "Archived"}, "AlreadyExists", ["name"]),
    ({"notes": "x" * 10_001}, "InvalidInput", ["notes"]),
    ({"bestOf": ""}, "InvalidInput", ["bestOf"]),
    ({"starts": "2026-03-01T00:00:00Z", "ends": "2026-03-01T00:00:00Z"}, "InvalidInput", ["ends"]),
    ({"rules": [{**RULES[0], "label": str(number)} for number in range(101)]}, "InvalidInput", ["rules"]),
    ({"rules": RULES * 2}, "InvalidInput", ["rules", "1", "label"]),
    refused_rule("label", label=""),
    refused_rule("maxAmount", maxAmount="0"),
    refused_rule("lines.price.min", lines={"price": {"min": "2", "max": "1"}}),
    refused_reward("percentOff.percent", percentOff={"percent": "100.01"}),
    refused_reward("percentOff.percent", percentOff={"percent": "10.005"}),
    refused_reward("percentOff.percent", percentOff={"percent": "-1"}),
    refused_reward("amountOff.amount", amountOff={"amount": "0"}),
    refused_reward("amountOff.amount", amountOff={"amount": "0.001"}),
    refused_reward("amountOffEach.amount", amountOffEach={"amount": "-0.01"}),
    refused_reward("fixedPrice.price", fixedPrice={"price": "-1"}),
    refused_reward("buyGet.buy", buyGet={"buy": 0, "get": 1}),
    refused_reward("buyGet.get", buyGet={"buy": 1, "get": 0}),
    refused_reward("offer.quantity", offer={"sku": "mug", "quantity": 0}),
    refused_reward("message.text", message={"text": ""}),
    refused_condition("total.min", total={"min": "2", "max": "1"}),
    refused_condition("total.max", total={"max": "-1"}),
    refused_condition("cart.0.units.min", cart=[{"units": {"min": 2, "max": 1}}]),
    refused_condition("hours.0.from", hours=[{"from": "24:00"}]),
    refused_condition("hours.0.to", hours=[{"to": "noon"}]),
    refused_condition("attributes.0.name", "UnknownAttribute", attributes=[{"name": "x", "test": {"isSet": True}}]),
    refused_condition("attributes.0.test.isTrue", attributes=[{"name": "channel", "test": {"isTrue": True}}]),
    refused_condition("not.not.not.not.not", **nested(6)),
    refused_condition("", anyOf=[{"firstSession": True}] * 201),
    ({"limits": [USES, USES]}, "InvalidInput", ["limits", "1"]),
    ({"limits": [{**USES, "max": "1.5"}]}, "InvalidInput", ["limits", "0", "max"]),
    ({"limits": [{**USES, "max": "-1"}]}, "InvalidInput", ["limits", "0", "max"]),
    ({"limits": [{**USES, "whenShort": "CUT"}]}, "InvalidInput", ["limits", "0", "whenShort"]),
    ({"limits": [USES] * 21}, "InvalidInput", ["limits"]),
    ({"idempotencyKey": ""}, "InvalidInput", ["idempotencyKey"]),
    ({"idempotencyKey": "1"}, "IdempotencyKeyReused", ["idempotencyKey"]),
]
WINDOW: list[Case] = [
    ({"starts": "2026-03-02T00:00:00Z", "ends": "2026-03-01T00:00:00Z"}, "InvalidInput", ["ends"]),
    ({"usageLimit": 0}, "InvalidInput", ["usageLimit"]),
    ({"idempotencyKey": ""}, "InvalidInput", ["idempotencyKey"]),
    ({"idempotencyKey": "1"}, "IdempotencyKeyReused", ["idempotencyKey"]),
]
NEW_COUPON: list[Case] = [
    *WINDOW,
    ({"campaignId": "campaign-1-99"}, "NotFound", ["campaignId"]),
    ({"campaignId": "campaign-1-2"}, "InvalidInput", ["campaignId"]),
]

REFUSED: dict[str, list[Case]] = {
    "createSession": [
        *CONTENT,
        REUSED,
        APPLICATION,
        ({"integrationId": "open"}, "SessionAlreadyExists", ["integrationId"]),
        ({"state": "CLOSED", "expectedNetTotal": "1"}, "InvalidInput", ["expectedNetTotal"]),
        ({"state": "CLOSED", "requireCoupon": True}, "CouponNotAccepted", ["requireCoupon"]),
    ],
    "updateSession": [
        *CONTENT,
        REUSED,
        APPLICATION,
        MISSING,
        VERSION,
        ({"integrationId": "closed"}, "SessionNotEditable", []),
        NO_LINE,
    ],
    "upsertSession": [*CONTENT, REUSED, APPLICATION, ({"integrationId": "closed"}, "SessionNotEditable", []), NO_LINE],
    "addCartItems": [
        *OF_CART,
        ({"items": []}, "InvalidInput", ["items"]),
        ({"items": [LINE] * 1_001}, "InvalidInput", ["items"]),
        ({"items": [{**LINE, "sku": str(each)} for each in range(1_000)]}, "InvalidInput", ["items"]),
        ({"items": [{**LINE, "quantity": 9_996}]}, "InvalidInput", ["items"]),
        ({"items": [LINE, {**LINE, "id": "x"}]}, "InvalidInput", ["items", "1", "id"]),
        ({"items": [{**LINE, "quantity": 0}]}, "InvalidInput", ["items", "0", "quantity"]),
        ({"items": [{**LINE, "price": "-1"}]}, "InvalidInput", ["items", "0", "price"]),
        (
            {"items": [{**LINE, "attributes": {"colour": 1}}]},
            "UnknownAttribute",
            ["items", "0", "attributes", "colour"],
        ),
        (
            {"items": [{**LINE, "attributes": {"fragile": 1}}]},
            "InvalidAttributeValue",
            ["items", "0", "attributes", "fragile"],
        ),
    ],
    "updateCartItems": [
        *OF_CART,
        ({"items": []}, "InvalidInput", ["items"]),
        ({"items": [{"line": NAME}] * 1_001}, "InvalidInput", ["items"]),
        ({"items": [{"line": NAME}, {"line": {"sku": "apple"}}]}, "InvalidInput", ["items", "1", "line"]),
        ({"items": [{"line": NAME, "quantity": None}]}, "InvalidInput", ["items", "0", "quantity"]),
        ({"items": [{"line": NAME, "quantity": -1}]}, "InvalidInput", ["items", "0", "quantity"]),
        ({"items": [{"line": NAME, "quantity": 10_001}]}, "InvalidInput", ["items", "0", "quantity"]),
        ({"items": [{"line": NAME, "price": None}]}, "InvalidInput", ["items", "0", "price"]),
        ({"items": [{"line": NAME, "price": "0.00001"}]}, "InvalidInput", ["items", "0", "price"]),
        ({"items": [{"line": NAME, "name": LONG}]}, "InvalidInput", ["items", "0", "name"]),
        ({"items": [{"line": NAME, "product": {"name": ""}}]}, "InvalidInput", ["items", "0", "product", "name"]),
        ({"items": [{"line": NAME, "quantity": 0, "weight": -1}]}, "InvalidInput", ["items", "0", "weight"]),
        (
            {"items": [{"line": NAME, "attributes": {"colour": 1}}]},
            "UnknownAttribute",
            ["items", "0", "attributes", "colour"],
        ),
        (
            {"items": [{"line": NAME, "attributes": {"fragile": 1}}]},
            "InvalidAttributeValue",
            ["items", "0", "attributes", "fragile"],
        ),
        *(
            ({"items": [{"line": each, "quantity": 1}]}, "CartLineNotFound", ["items", "0", "line", *each])
            for each in UNKNOWN_LINE
        ),
    ],
    "removeCartItems": [
        *OF_CART,
        ({"lines": []}, "InvalidInput", ["lines"]),
        ({"lines": [NAME] * 1_001}, "InvalidInput", ["lines"]),
        ({"lines": [NAME, {"sku": "apple"}]}, "InvalidInput", ["lines", "1"]),
        *(({"lines": [each]}, "CartLineNotFound", ["lines", "0", *each]) for each in UNKNOWN_LINE),
    ],
    "mergeSessions": [
        KEY,
        REUSED,
        APPLICATION,
        VERSION,
        ({"fromIntegrationId": ""}, "InvalidInput", ["fromIntegrationId"]),
        ({"intoIntegrationId": LONG}, "InvalidInput", ["intoIntegrationId"]),
        ({"intoIntegrationId": "open"}, "InvalidInput", ["intoIntegrationId"]),
        ({"intoIntegrationId": "full"}, "InvalidInput", ["fromIntegrationId"]),
        ({"fromIntegrationId": "missing"}, "SessionNotFound", ["fromIntegrationId"]),
        ({"intoIntegrationId": "missing"}, "SessionNotFound", ["intoIntegrationId"]),
        ({"fromIntegrationId": "closed"}, "SessionNotEditable", ["fromIntegrationId"]),
        ({"intoIntegrationId": "cancelled"}, "SessionNotEditable", ["intoIntegrationId"]),
    ],
    "closeSession": [
        CONTENT[0],
        CONTENT[1],
        CONTENT[2],
        KEY,
        REUSED,
        APPLICATION,
        MISSING,
        VERSION,
        ({"integrationId": "closed"}, "InvalidTransition", []),
        ({"expectedTotal": "1"}, "TotalChanged", ["expectedTotal"]),
        ({"expectedNetTotal": "1"}, "NetTotalChanged", ["expectedNetTotal"]),
        ({"expectedNetTotal": "0.00001"}, "InvalidInput", ["expectedNetTotal"]),
        ({"expectedTotal": "0.00001"}, "InvalidInput", ["expectedTotal"]),
        ({"expectedTotal": "9" * 999}, "InvalidInput", ["expectedTotal"]),
        ({"integrationId": "short"}, "LimitReached", []),
        ({"requireCoupon": True}, "CouponNotAccepted", ["requireCoupon"]),
    ],
    "cancelSession": [
        CONTENT[0],
        KEY,
        REUSED,
        APPLICATION,
        MISSING,
        VERSION,
        ({"integrationId": "cancelled"}, "InvalidTransition", []),
        ({"reason": LONG}, "InvalidInput", ["reason"]),
        ({"reason": "a\0b"}, "InvalidInput", ["reason"]),
    ],
    "returnItems": [
        CONTENT[0],
        KEY,
        REUSED,
        APPLICATION,
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
        ({"idempotencyKey": "1", "attributes": {"vip": True}}, "IdempotencyKeyReused", ["idempotencyKey"]),
        APPLICATION,
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
        APPLICATION,
    ],
    "updateAttributeDefinition": [
        ({"id": "attribute-1-cart_item-61"}, "NotFound", ["id"]),
        ({"description": LONG}, "InvalidInput", ["description"]),
        ({"allowedValues": ["a", "a"]}, "InvalidInput", ["allowedValues", "1"]),
    ],
    "createCampaign": [
        *CAMPAIGN,
        APPLICATION,
        ({"state": "ACTIVE", "rules": [{**RULES[0], "label": "taken"}]}, "InvalidInput", ["rules", "0", "label"]),
    ],
    "updateCampaign": [
        *CAMPAIGN,
        ({"id": "campaign-1-99"}, "NotFound", ["id"]),
        ({"id": "campaign-1-3", "rank": 1}, "InvalidInput", ["id"]),
        ({"id": "campaign-1-3", "state": "ACTIVE"}, "InvalidInput", ["state"]),
        ({"state": "DRAFT"}, "InvalidInput", ["state"]),
        ({"expectedRevision": 7}, "RevisionConflict", ["expectedRevision"]),
        ({"id": "campaign-1-2", "rules": [{**RULES[0], "label": "taken"}]}, "InvalidInput", ["rules", "0", "label"]),
    ],
    "createCoupon": [
        *NEW_COUPON,
        ({"code": "  "}, "InvalidInput", ["code"]),
        ({"code": "x" * 101}, "InvalidInput", ["code"]),
        ({"code": "é"}, "InvalidInput", ["code"]),
        ({"code": " hello"}, "AlreadyExists", ["code"]),
        ({"recipientProfileId": LONG}, "InvalidInput", ["recipientProfileId"]),
    ],
    "updateCoupon": [
        *WINDOW,
        ({"id": "coupon-1-3"}, "NotFound", ["id"]),
        ({"recipientProfileId": ""}, "InvalidInput", ["recipientProfileId"]),
    ],
    "generateCoupons": [
        *NEW_COUPON,
        ({"count": 0}, "InvalidInput", ["count"]),
        ({"count": 10_001}, "InvalidInput", ["count"]),
        ({"pattern": "NEW-##"}, "InvalidInput", ["pattern"]),
        ({"characters": "aA"}, "InvalidInput", ["characters"]),
        ({"batch": ""}, "InvalidInput", ["batch"]),
    ],
    "importCoupons": [
        *NEW_COUPON,
        ({"codes": []}, "InvalidInput", ["codes"]),
        ({"codes": ["a", "é"]}, "InvalidInput", ["codes", "1"]),
        ({"codes": ["a", "A"]}, "InvalidInput", ["codes", "1"]),
        ({"codes": ["a", "hello"]}, "AlreadyExists", ["codes", "1"]),
        ({"batch": "x" * 101}, "InvalidInput", ["batch"]),
    ],
    "endCoupons": [
        *WINDOW[2:],
        ({"campaignId": "campaign-1-99"}, "NotFound", ["campaignId"]),
        ({"batch": "x"}, "NotFound", ["batch"]),
    ],
    "createReferral": [
        *WINDOW,
        ({"campaignId": "campaign-1-99"}, "NotFound", ["campaignId"]),
        ({"campaignId": "campaign-1-1"}, "InvalidInput", ["campaignId"]),
        ({"code": "anna"}, "AlreadyExists", ["code"]),
        ({"advocateProfileId": ""}, "InvalidInput", ["advocateProfileId"]),
        ({"friendProfileId": "ada"}, "InvalidInput", ["friendProfileId"]),
    ],
    "updateReferral": [
        *WINDOW,
        ({"id": "referral-1-1"}, "NotFound", ["id"]),
        ({"friendProfileId": "anna"}, "InvalidInput", ["friendProfileId"]),
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
    "createSessionToken": [
        MISSING,
        APPLICATION,
        ({"expiresIn": 0}, "InvalidInput", ["expiresIn"]),
        ({"expiresIn": 10**6}, "InvalidInput", ["expiresIn"]),
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
    "createWebhook": [
        APPLICATION,
        REUSED,
        ({"url": "http://shop.example"}, "InvalidInput", ["url"]),
        ({"document": "{ viewer { keyName } }"}, "InvalidInput", ["document"]),
        ({"types": []}, "InvalidInput", ["types"]),
        ({"after": cursors.encode(FEED, 1, 10**6)}, "InvalidInput", ["after"]),
    ],
    "updateWebhook": [
        NO_WEBHOOK,
        REUSED,
        ({"url": "https://127.0.0.1"}, "InvalidInput", ["url"]),
        ({"document": "{ viewer { keyName } }"}, "InvalidInput", ["document"]),
        ({"types": []}, "InvalidInput", ["types"]),
        ({"state": "FAILING"}, "InvalidInput", ["state"]),
        ({"after": cursors.encode(FEED, 1, 10**6)}, "InvalidInput", ["after"]),
    ],
    "deleteWebhook": [NO_WEBHOOK],
    "rotateWebhookSecret": [NO_WEBHOOK, ({"id": "webhook-1-2"}, "InvalidInput", ["id"])],
}


@pytest.fixture(scope="module")
def stocked(shared_api: Api) -> Api:
    """A shop in which the idempotency key 1 has been used, so that every input of REFUSED is refused."""
    change(stock(shared_api), "updateProfile", {**ACCEPTED["updateProfile"], "idempotencyKey": "1"}, "{ replayed }")
    return shared_api


@pytest.mark.parametrize("name", [name for name in ACCEPTED if name != "revokeKey"])
def test_each_refused_input_is_accepted_without_its_bad_field(api: Api, name: str) -> None:
    assert change(stock(api), name, ACCEPTED[name], "{ errors { message } }") == {"errors": []}


@pytest.mark.parametrize(
    ("name", "wrong", "type_", "path"),
    [pytest.param(name, *case, id=f"{name} {case[2]} {i}") for name in REFUSED for i, case in enumerate(REFUSED[name])],
)
def test_refusal_names_its_field_and_changes_nothing(
    stocked: Api, name: str, wrong: dict[str, Any], type_: str, path: list[str]
) -> None:
    before = stocked.all_rows()
    answer = change(stocked, name, {**ACCEPTED[name], **wrong}, "{ errors { __typename code message path } }")

    (error,) = answer["errors"]
    assert error.pop("message")
    code = "".join(f"_{each}" if each.isupper() else each.upper() for each in type_).lstrip("_")
    assert error == {"__typename": type_, "code": code, "path": path}
    assert stocked.all_rows() == before


@pytest.mark.parametrize("name", sorted(ERRORS.keys() - {"previewSession"}))  # a query: tests/api/test_preview.py
def test_every_declared_error_of_a_mutation_is_tested(name: str) -> None:
    assert {error.__name__ for error in ERRORS[name]} == {type_ for _, type_, _ in REFUSED[name]}


def test_every_mutation_declares_its_errors_and_its_description_lists_them() -> None:
    mutations = schema._schema.mutation_type
    assert mutations is not None
    for name, field in mutations.fields.items():
        listed = str(field.description).rpartition("Can be refused with ")[2]
        assert set(re.findall("[A-Z][A-Za-z]+", listed)) == {error.__name__ for error in ERRORS[name]}


def test_undeclared_error_fails_under_test(stocked: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ERRORS, "cancelSession", frozenset())
    document = 'mutation { cancelSession(input: {integrationId: "missing"}) { errors { message } } }'
    assert stocked.codes(document) == ["INTERNAL"]


def test_one_answer_has_the_refusals_of_all_fields(stocked: Api) -> None:
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


def test_at_most_100_refusals_are_answered(stocked: Api) -> None:
    cart = [{**LINE, "quantity": 0}] * 1_000
    answer = change(stocked, "updateSession", {"integrationId": "open", "cartItems": cart}, "{ errors { code } }")
    assert answer["errors"] == [{"code": "INVALID_INPUT"}] * 100
