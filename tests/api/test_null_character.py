"""U+0000, which PostgreSQL cannot store: refused in what is stored, and found nowhere in what is asked."""

from typing import Any

import pytest
from api_server import Api

NUL = "a\0b"
SESSIONS = """query($f: CustomerSessionFilter) {
  customerSessions(filter: $f) { totalCount nodes { id } } sessionStatistics(filter: $f) { sessions }
}"""
CAMPAIGN = """mutation { createCampaign(input: {
  name: "c", requires: COUPON, rules: [{label: "c", reward: {percentOff: {percent: "1"}}}]
  limits: [{measure: USES, per: PROFILE, max: 3}]
}) { campaign { id } } }"""
COUNTERS = """query($id: ID!, $t: String) {
  node(id: $id) { ... on Campaign { limits { counters(subject: $t) { totalCount } } } }
}"""


@pytest.fixture(scope="module")
def api(shared_api: Api) -> Api:
    return shared_api


@pytest.mark.parametrize(
    "document",
    [
        "query($t: String!) { found: campaign(name: $t) { id } }",
        "query($t: String!) { found: coupon(code: $t) { id } }",
        "query($t: String!) { found: referral(code: $t) { id } }",
        "query($t: String!) { found: customerSession(integrationId: $t) { id } }",
        "query($t: String!) { found: customerProfile(integrationId: $t) { id } }",
    ],
)
def test_nothing_has_such_a_name(api: Api, document: str) -> None:
    assert api.data(document, {"t": NUL}) == {"found": None}


@pytest.mark.parametrize(
    "filter_",
    [
        {"batch": NUL},
        {"codePrefix": NUL},
        {"recipientProfileIds": [NUL]},
        {"recipientProfileIds": [NUL, "ada"]},
    ],
)
def test_no_coupon_passes_such_a_filter(api: Api, filter_: dict[str, Any]) -> None:
    document = "query($f: CouponFilter) { coupons(filter: $f) { totalCount nodes { id } } }"
    assert api.data(document, {"f": filter_})["coupons"] == {"totalCount": 0, "nodes": []}


@pytest.mark.parametrize("field", ["integrationIdPrefix", "coupons", "referrals", "profileIds", "identifiers", "skus"])
def test_no_session_passes_such_a_filter(api: Api, field: str) -> None:
    value = NUL if field.endswith("Prefix") else [NUL]
    answer = api.data(SESSIONS, {"f": {field: value}})
    assert answer == {"customerSessions": {"totalCount": 0, "nodes": []}, "sessionStatistics": [{"sessions": 0}]}


def test_mutations_refuse_it(api: Api) -> None:
    id_ = api.data(CAMPAIGN)["createCampaign"]["campaign"]["id"]
    for name, given in {
        "endCoupons": {"campaignId": id_, "batch": NUL},
        "createCoupon": {"campaignId": id_, "code": NUL},
        "importCoupons": {"campaignId": id_, "codes": ["A"], "batch": NUL},
        "generateCoupons": {"campaignId": id_, "count": 1, "batch": NUL},
        "createCampaign": {"name": NUL, "rules": []},
        "updateCampaign": {"id": id_, "notes": NUL},
        "createWebhook": {"url": f"https://shop.example/{NUL}"},
    }.items():
        declared = f"$i: {name[0].upper()}{name[1:]}Input!"
        document = f"mutation({declared}) {{ answer: {name}(input: $i) {{ errors {{ code }} }} }}"
        answer = api.data(document, {"i": given})
        assert {each["code"] for each in answer["answer"]["errors"]} <= {"INVALID_INPUT", "NOT_FOUND"}, name
        assert answer["answer"]["errors"], name
    assert api.data(COUNTERS, {"id": id_, "t": NUL})["node"] == {"limits": [{"counters": {"totalCount": 0}}]}
