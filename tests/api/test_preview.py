"""previewSession, and that a stored evaluation is read as a previewed one."""

from typing import Any

import pytest
from api_server import Api
from promotion_shop import add_campaign, add_code, limit, off, percent

from db.domain.promotions.campaign_state import CampaignState

CART = [{"sku": "mug", "quantity": 2, "price": "30.00"}, {"sku": "hat", "quantity": 1, "price": "50.0025"}]
EVALUATION = """at coupon { code status message campaign { name } } referral { code }
  campaigns { campaign { name } revision label outcome amount message path needed actual }
  offers { campaign { name } label sku quantity } messages { label text }"""
DISCOUNTS = "discounts { label amount source campaign { id name } allocations { position amount } }"
PREVIEW = f"""query ($input: PreviewSessionInput!) {{ previewSession(input: $input) {{
  preview {{ total discountTotal netTotal {DISCOUNTS} evaluation {{ {EVALUATION} }}
    cartItems {{ position sku quantity price total discountShare }} }}
  errors {{ __typename code path }} }} }}"""
SESSION = f"""query {{ customerSession(integrationId: "s1") {{
  total discountTotal netTotal {DISCOUNTS} evaluation {{ {EVALUATION} }}
  cartItems {{ position sku quantity price total discountShare }} }} }}"""
CREATE = "mutation ($input: CreateSessionInput!) { createSession(input: $input) { errors { message } } }"


@pytest.fixture(scope="module")
def shop(shared_api: Api) -> Api:
    """A shop with campaigns."""
    shop = shared_api.shop
    hello = add_campaign(
        shop,
        percent("20", "hello", lines={"skus": ["mug"]}),
        {"label": "bag", "reward": {"offer": {"sku": "bag", "quantity": 1}}},
        {"label": "thanks", "reward": {"message": {"text": "Thank you!"}}},
        name="Hello",
        requires="COUPON",
        limits=[limit("USES", "PROFILE", "1")],
    )
    add_code(shop, hello, "HELLO")
    add_campaign(shop, off("5.00", "big", when={"total": {"min": "200.00"}}), name="Big")
    add_campaign(shop, off("7.00", "draft"), name="Draft", state=CampaignState.DRAFT)
    return shared_api


def preview(api: Api, key: str = "reader", **input_: Any) -> Any:
    """Return the payload of previewSession."""
    return api.data(PREVIEW, {"input": input_}, key)["previewSession"]


def test_preview_has_amounts_shares_and_the_reason_of_each_rule(shop: Api) -> None:
    manual = [{"label": "gift", "amount": "1.00"}]
    payload = preview(shop, cartItems=CART, coupon="hello", profileId="ada", discounts=manual)
    found = payload["preview"]
    found["evaluation"].pop("at")

    applied = {"campaign": {"name": "Hello"}, "revision": 1, "outcome": "APPLIED", "amount": "0.00"}
    applied |= {"message": "The rule applies.", "path": [], "needed": None, "actual": None}
    assert payload["errors"] == []
    assert found == {
        "total": "110.0025",
        "discountTotal": "12.89",
        "netTotal": "97.1125",
        "discounts": [
            {
                "label": "gift",
                "amount": "1.00",
                "source": "MANUAL",
                "campaign": None,
                "allocations": [{"position": 0, "amount": "0.55"}, {"position": 1, "amount": "0.45"}],
            },
            {
                "label": "hello",
                "amount": "11.89",
                "source": "CAMPAIGN",
                "campaign": {"id": "campaign-1-1", "name": "Hello"},
                "allocations": [{"position": 0, "amount": "11.89"}],
            },
        ],
        "evaluation": {
            "coupon": {
                "code": "hello",
                "status": "ACCEPTED",
                "message": "The code is accepted.",
                "campaign": {"name": "Hello"},
            },
            "referral": None,
            "campaigns": [
                {**applied, "label": "hello", "amount": "11.89"},
                {**applied, "label": "bag"},
                {**applied, "label": "thanks"},
                {
                    **applied,
                    "campaign": {"name": "Big"},
                    "label": "big",
                    "outcome": "CONDITION_FAILED",
                    "message": "The session does not meet the condition. rules, 0, when, total, min: needs 200.00, has"
                    " 110.0025.",
                    "path": ["rules", "0", "when", "total", "min"],
                    "needed": "200.00",
                    "actual": "110.0025",
                },
            ],
            "offers": [{"campaign": {"name": "Hello"}, "label": "bag", "sku": "bag", "quantity": 1}],
            "messages": [{"label": "thanks", "text": "Thank you!"}],
        },
        "cartItems": [
            {
                "position": 0,
                "sku": "mug",
                "quantity": 2,
                "price": "30.00",
                "total": "60.00",
                "discountShare": "12.44",
            },
            {
                "position": 1,
                "sku": "hat",
                "quantity": 1,
                "price": "50.0025",
                "total": "50.0025",
                "discountShare": "0.45",
            },
        ],
    }


def test_stored_session_reads_as_its_preview(shop: Api) -> None:
    content: dict[str, Any] = {"integrationId": "s1", "cartItems": CART, "coupon": "HELLO", "profileId": "ada"}
    previewed = preview(shop, **content)["preview"]
    shop.data(CREATE, {"input": content})
    stored = shop.data(SESSION)["customerSession"]

    for found in (previewed, stored):
        found["evaluation"].pop("at")
        results = found["evaluation"].pop("campaigns")
        assert [each["label"] for each in results][:3] == ["hello", "bag", "thanks"]
    assert stored == previewed


def test_drafts_and_other_instants_are_previewed(shop: Api) -> None:
    found = preview(shop, cartItems=CART, at="2030-01-01T00:00:00+01:00", campaignIds=["campaign-1-3"])["preview"]

    assert [(each["label"], each["outcome"]) for each in found["evaluation"]["campaigns"]] == [("draft", "APPLIED")]
    assert (found["discountTotal"], found["evaluation"]["at"]) == ("7.00", "2029-12-31T23:00:00.000Z")


@pytest.mark.parametrize(
    ("input_", "code", "path"),
    [
        ({"cartItems": [{**CART[0], "quantity": 0}]}, "INVALID_INPUT", ["cartItems", "0", "quantity"]),
        ({"discounts": [{"label": "x", "amount": "1.00"}]}, "DISCOUNT_EXCEEDS_TOTAL", ["discounts"]),
        ({"attributes": {"unknown": 1}}, "UNKNOWN_ATTRIBUTE", ["attributes", "unknown"]),
        ({"campaignIds": ["campaign-1-3", "campaign-1-9"]}, "INVALID_INPUT", ["campaignIds", "1"]),
        ({"campaignIds": ["campaign-2-1"]}, "INVALID_INPUT", ["campaignIds", "0"]),
    ],
)
def test_refused_preview_names_the_bad_value(shop: Api, input_: dict[str, Any], code: str, path: list[str]) -> None:
    found = preview(shop, **input_)
    assert found["preview"] is None
    assert [(each["code"], each["path"]) for each in found["errors"]] == [(code, path)]


def test_preview_stands_beside_other_fields_of_a_query(shop: Api) -> None:
    document = """{ viewer { role } a: previewSession(input: {}) { preview { total } }
      b: previewSession(input: {cartItems: [{sku: "x", quantity: 1, price: "2"}]}) {
        __typename preview { netTotal } } }"""
    assert shop.data(document, key="reader") == {
        "viewer": {"role": "READER"},
        "a": {"preview": {"total": "0.00"}},
        "b": {"__typename": "PreviewSessionPayload", "preview": {"netTotal": "2.00"}},
    }


def test_preview_costs_as_much_as_a_mutation_and_its_objects(shop: Api) -> None:
    document = "{ previewSession(input: {%s}) { preview { discounts { allocations { amount } } } errors { path } } }"
    for input_ in ("", 'campaignIds: ["campaign-1-9"]'):
        assert shop.query(document % input_, key="reader")["extensions"]["cost"]["requested"] == 23


@pytest.mark.parametrize(
    ("key", "input_", "code"),
    [
        ("reader", "applicationId: 2", "FORBIDDEN"),
        ("admin", "", "BAD_USER_INPUT"),
        ("reader", 'campaignIds: ["session-1-1"]', "BAD_USER_INPUT"),
    ],
)
def test_preview_is_of_the_callers_application(shop: Api, key: str, input_: str, code: str) -> None:
    document = f"{{ previewSession(input: {{{input_}}}) {{ errors {{ path }} }} }}"
    assert shop.codes(document, key=key) == [code]


def test_preview_in_a_currency_without_minor_units(shop: Api) -> None:
    cart = [{"sku": "mug", "quantity": 1, "price": "500"}]
    found = preview(shop, "admin", applicationId=2, cartItems=cart, discounts=[{"label": "x", "amount": "5"}])
    assert (found["preview"]["netTotal"], found["preview"]["discounts"][0]["amount"]) == ("495", "5")
