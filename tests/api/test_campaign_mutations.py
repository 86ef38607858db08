"""Campaigns, coupons and referrals over GraphQL: what is created can be read, sent back and used."""

from typing import Any

from api_server import Api

WHEN: dict[str, Any] = {
    "total": {"min": "50.00"},
    "cart": [{"lines": {"categories": ["shoes"], "not": {"skuPrefix": "sale-"}}, "units": {"min": 1}}],
    "profile": {"closedSessions": {"max": 0}},
    "hours": [{"days": ["FRIDAY", "SATURDAY"], "from": "22:00", "to": "02:00"}],
    "anyOf": [{"firstSession": True}, {"not": {"net": {"max": "10"}}}],
}
RULES: list[dict[str, Any]] = [
    {
        "label": "shoes",
        "when": WHEN,
        "lines": {"categories": ["shoes"]},
        "reward": {"percentOff": {"percent": "20"}},
        "maxAmount": "100",
    },
    {"label": "third", "reward": {"buyGet": {"buy": 2, "get": 1}}},
]
CONTENT = {
    "name": "Shoes",
    "notes": "For new customers.",
    "starts": "2026-03-01T00:00:00+01:00",
    "ends": "2026-04-01T00:00:00Z",
    "bestOf": "season",
    "requires": "COUPON",
    "rules": RULES,
    "limits": [
        {"measure": "USES", "per": "PROFILE", "max": 1},
        {"measure": "DISCOUNT", "per": "CAMPAIGN", "period": "DAY", "max": "500", "whenShort": "CUT"},
    ],
}
CAMPAIGN = """{ id name notes state starts ends rank stacking bestOf requires revision
  rules { label when lines maxAmount
    reward { __typename ... on PercentOff { percent } ... on BuyGet { buy get getLines percentOff times } } }
  limits { measure per period max whenShort } }"""
ANSWER = f"{{ campaign {CAMPAIGN} errors {{ path message }} }}"
CREATE = f"mutation($input: CreateCampaignInput!) {{ createCampaign(input: $input) {ANSWER} }}"
UPDATE = f"mutation($input: UpdateCampaignInput!) {{ updateCampaign(input: $input) {ANSWER} }}"


def create(api: Api, **content: Any) -> dict[str, Any]:
    """Create a campaign and return it."""
    payload = api.data(CREATE, {"input": {**CONTENT, **content}}, "writer")["createCampaign"]
    assert payload["errors"] == []
    campaign: dict[str, Any] = payload["campaign"]
    return campaign


def change(api: Api, name: str, answer: str, **input_: Any) -> dict[str, Any]:
    """Run a mutation and return its payload."""
    type_ = f"{name[0].upper()}{name[1:]}Input!"
    answer = f"{{ {answer} errors {{ path message }} replayed }}"
    document = f"mutation($input: {type_}) {{ {name}(input: $input) {answer} }}"
    payload: dict[str, Any] = api.data(document, {"input": input_}, "writer")[name]
    assert payload.pop("errors") == []
    return payload


def test_campaign_is_answered_as_it_was_created(api: Api) -> None:
    assert create(api) == {
        "id": "campaign-1-1",
        "name": "Shoes",
        "notes": "For new customers.",
        "state": "DRAFT",
        "starts": "2026-02-28T23:00:00.000Z",
        "ends": "2026-04-01T00:00:00.000Z",
        "rank": 100,
        "stacking": "STACK",
        "bestOf": "season",
        "requires": "COUPON",
        "revision": 1,
        "rules": [
            {
                "label": "shoes",
                "when": WHEN,
                "lines": {"categories": ["shoes"]},
                "maxAmount": "100.00",
                "reward": {"__typename": "PercentOff", "percent": "20"},
            },
            {
                "label": "third",
                "when": None,
                "lines": None,
                "maxAmount": None,
                "reward": {
                    "__typename": "BuyGet",
                    "buy": 2,
                    "get": 1,
                    "getLines": None,
                    "percentOff": "100",
                    "times": None,
                },
            },
        ],
        "limits": [
            {"measure": "USES", "per": "PROFILE", "period": "EVER", "max": "1", "whenShort": "SKIP"},
            {"measure": "DISCOUNT", "per": "CAMPAIGN", "period": "DAY", "max": "500.00", "whenShort": "CUT"},
        ],
    }


def test_condition_that_was_read_can_be_sent_back(api: Api) -> None:
    campaign = create(api)
    rules = [{**RULES[0], "when": campaign["rules"][0]["when"], "lines": campaign["rules"][0]["lines"]}, RULES[1]]

    payload = api.data(UPDATE, {"input": {"id": campaign["id"], "rules": rules}}, "writer")["updateCampaign"]

    assert payload == {"campaign": campaign, "errors": []}


def test_condition_in_the_document_is_the_same_as_in_variables(api: Api) -> None:
    document = """mutation { createCampaign(input: {name: "Literal", state: ACTIVE, rules: [
        {label: "a", when: {total: {min: 50}, profile: {attributes: []}, hours: [{days: FRIDAY}]},
         reward: {amountOff: {amount: "5.00"}}}
    ]}) { campaign { state rules { when } } errors { path message } } }"""

    assert api.data(document, key="writer")["createCampaign"] == {
        "campaign": {
            "state": "ACTIVE",
            "rules": [
                {"when": {"total": {"min": "50"}, "profile": {"attributes": []}, "hours": [{"days": ["FRIDAY"]}]}}
            ],
        },
        "errors": [],
    }


def test_null_clears_what_can_be_null_and_leaves_the_rest(api: Api) -> None:
    campaign = create(api)
    nulls = dict.fromkeys(("name", "notes", "starts", "ends", "rank", "stacking", "bestOf", "rules", "limits", "state"))

    payload = api.data(UPDATE, {"input": {"id": campaign["id"], **nulls}}, "writer")["updateCampaign"]

    cleared = {"notes": None, "starts": None, "ends": None, "bestOf": None, "revision": 2}
    assert payload == {"campaign": {**campaign, **cleared}, "errors": []}


def test_reward_has_to_have_exactly_one_field(api: Api) -> None:
    for reward in ({}, {"message": {"text": "a"}, "offer": {"sku": "a"}}, {"message": None}):
        rules = [{"label": "a", "reward": reward}]
        assert api.codes(CREATE, {"input": {"name": "X", "rules": rules}}, "writer") == ["BAD_USER_INPUT"]


def test_coupons_are_created_changed_generated_imported_and_ended(api: Api) -> None:
    campaign = create(api)["id"]
    coupon = "coupon { id code recipientProfileId usageLimit used batch ends campaign { id } }"
    made = change(api, "createCoupon", coupon, campaignId=campaign, code="Hello", recipientProfileId="ada")["coupon"]
    assert made == {
        "id": "coupon-1-1",
        "code": "Hello",
        "recipientProfileId": "ada",
        "usageLimit": None,
        "used": 0,
        "batch": None,
        "ends": None,
        "campaign": {"id": campaign},
    }

    changed = change(api, "updateCoupon", coupon, id=made["id"], recipientProfileId=None, usageLimit=5)["coupon"]
    assert changed == {**made, "recipientProfileId": None, "usageLimit": 5}

    generated = change(
        api, "generateCoupons", "batch codes", campaignId=campaign, count=3, batch="x", idempotencyKey="k"
    )
    assert generated["batch"] == "x"
    assert len(generated["codes"]) == 3
    again = change(api, "generateCoupons", "codes", campaignId=campaign, count=3, batch="x", idempotencyKey="k")
    assert again == {"codes": generated["codes"], "replayed": True}

    imported = change(api, "importCoupons", "imported", campaignId=campaign, codes=["A", "B"], batch="x")
    assert imported == {"imported": 2, "replayed": False}
    listed = '{ coupons(filter: {batch: "x"}) { nodes { code usageLimit ends } } }'
    found = api.data(listed)["coupons"]["nodes"]
    assert {each["code"] for each in found} == {"A", "B", *generated["codes"]}
    assert {(each["usageLimit"], each["ends"]) for each in found} == {(1, None)}

    assert change(api, "endCoupons", "ended", campaignId=campaign, batch="x") == {"ended": 5, "replayed": False}
    assert None not in {each["ends"] for each in api.data(listed)["coupons"]["nodes"]}


def test_referrals_are_created_and_changed(api: Api) -> None:
    campaign = create(api, requires="REFERRAL")["id"]
    referral = "referral { id code advocateProfileId friendProfileId usageLimit }"
    made = change(api, "createReferral", referral, campaignId=campaign, advocateProfileId="ada")["referral"]
    assert {**made, "code": len(made["code"])} == {
        "id": "referral-1-1",
        "code": 8,
        "advocateProfileId": "ada",
        "friendProfileId": None,
        "usageLimit": None,
    }

    changed = change(api, "updateReferral", referral, id=made["id"], friendProfileId="bob")["referral"]

    assert changed == {**made, "friendProfileId": "bob"}


def test_campaign_that_was_created_gives_its_discount(api: Api) -> None:
    rules = [{"label": "ten", "when": {"total": {"min": "50"}}, "reward": {"percentOff": {"percent": "10"}}}]
    create(api, requires="NOTHING", rules=rules, limits=[], starts=None, ends=None, state="ACTIVE")
    document = """mutation { createSession(input: {
        integrationId: "s1", cartItems: [{sku: "shirt", quantity: 3, price: "20.00"}]
    }) { session { netTotal discounts { label amount campaign { name } } } } }"""

    assert api.data(document, key="writer")["createSession"]["session"] == {
        "netTotal": "54.00",
        "discounts": [{"label": "ten", "amount": "6.00", "campaign": {"name": "Shoes"}}],
    }
