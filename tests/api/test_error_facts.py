"""The fields of user errors besides their messages."""

from typing import Any
from unittest.mock import ANY

import pytest
from api_server import Api
from changing import ACCEPTED, change, stock


@pytest.fixture(scope="module")
def stocked(shared_api: Api) -> Api:
    """A shop in which the idempotency key 1 has been used."""
    change(stock(shared_api), "updateProfile", {**ACCEPTED["updateProfile"], "idempotencyKey": "1"}, "{ replayed }")
    return shared_api


EVERYTHING = """{ errors {
  __typename code message path
  ... on SessionNotFound { integrationId }
  ... on SessionAlreadyExists { session { integrationId version } }
  ... on InvalidTransition { from to nextStates }
  ... on SessionNotEditable { state }
  ... on VersionConflict { expectedVersion actualVersion session { integrationId version } }
  ... on TotalChanged { expectedTotal actualTotal session { integrationId version } }
  ... on NetTotalChanged { expectedNetTotal actualNetTotal session { integrationId version } }
  ... on LimitReached {
    campaign { id name } per subject used max actualNetTotal session { integrationId netTotal evaluation { at } }
  }
  ... on CouponNotAccepted { outcome { code status campaign { name } message } }
  ... on ReturnExceedsRemaining { position requested remaining }
  ... on DiscountExceedsTotal { discountTotal total }
  ... on RevisionConflict { expectedRevision actualRevision }
  ... on UnknownAttribute { name entity }
  ... on InvalidAttributeValue { name entity type allowedValues }
} }"""

ERRORS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "updateCampaign",
        {"id": "campaign-1-1", "expectedRevision": 7},
        {
            "__typename": "RevisionConflict",
            "code": "REVISION_CONFLICT",
            "message": "The campaign is at revision 1, not 7.",
            "path": ["expectedRevision"],
            "expectedRevision": 7,
            "actualRevision": 1,
        },
    ),
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
            "message": 'A session "cancelled" already exists in this application.',
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
            "message": "Only an OPEN session can be updated; this session is CANCELLED.",
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
            "expectedVersion": 0,
            "actualVersion": 1,
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
            "expectedTotal": "4.50",
            "actualTotal": "5.00",
            "session": {"integrationId": "open", "version": 1},
        },
    ),
    (
        "closeSession",
        {"integrationId": "open", "expectedNetTotal": "4.5"},
        {
            "__typename": "NetTotalChanged",
            "code": "NET_TOTAL_CHANGED",
            "message": "The session's net total is 5.00, not 4.50.",
            "path": ["expectedNetTotal"],
            "expectedNetTotal": "4.50",
            "actualNetTotal": "5.00",
            "session": {"integrationId": "open", "version": 1},
        },
    ),
    (
        "closeSession",
        {"integrationId": "short"},
        {
            "__typename": "LimitReached",
            "code": "LIMIT_REACHED",
            "message": "A limit has too little left for a discount that the session shows. To close it now costs 5.00.",
            "path": [],
            "campaign": {"id": "campaign-1-4", "name": "Spring"},
            "per": "PROFILE",
            "subject": "ada",
            "used": "1",
            "max": "1",
            "actualNetTotal": "5.00",
            "session": {"integrationId": "short", "netTotal": "4.50", "evaluation": {"at": ANY}},
        },
    ),
    (
        "closeSession",
        {"integrationId": "short", "requireCoupon": True, "expectedNetTotal": 5},
        {
            "__typename": "CouponNotAccepted",
            "code": "COUPON_NOT_ACCEPTED",
            "message": "The code cannot be used again.",
            "path": ["requireCoupon"],
            "outcome": {
                "code": "once",
                "status": "LIMIT_REACHED",
                "campaign": {"name": "Spring"},
                "message": "The code cannot be used again.",
            },
        },
    ),
    (
        "closeSession",
        {"integrationId": "open", "requireCoupon": True},
        {
            "__typename": "CouponNotAccepted",
            "code": "COUPON_NOT_ACCEPTED",
            "message": "The session has no coupon.",
            "path": ["requireCoupon"],
            "outcome": None,
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
            "message": "Line 0 has 5 units left to return, but 6 were requested.",
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
def test_user_error_has_the_facts_of_its_type(
    stocked: Api, name: str, input_: dict[str, Any], error: dict[str, Any]
) -> None:
    assert change(stocked, name, input_, EVERYTHING) == {"errors": [error]}


def test_every_type_of_user_error_is_tested(stocked: Api) -> None:
    document = '{ __type(name: "UserError") { possibleTypes { name } } }'
    possible = {each["name"] for each in stocked.data(document)["__type"]["possibleTypes"]}
    assert {error["__typename"] for *_, error in ERRORS} == possible
