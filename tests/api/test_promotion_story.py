"""A coupon for the first purchase, as a shop sets it up and its customers use it, by requests alone."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from api_server import Api

CREATE_CAMPAIGN = """mutation ($input: CreateCampaignInput!) { createCampaign(input: $input) {
  campaign { id state limits { max per } } errors { message path } } }"""
CREATE_COUPON = """mutation ($input: CreateCouponInput!) { createCoupon(input: $input) {
  coupon { code } errors { message path } } }"""
CREATE = """mutation ($input: CreateSessionInput!) { createSession(input: $input) {
  session { netTotal } errors { message } } }"""
CLOSE = """mutation ($input: CloseSessionInput!) { closeSession(input: $input) { session { netTotal }
  errors { __typename ... on LimitReached {
    per used max actualNetTotal campaign { name } session { netTotal } } } } }"""
PREVIEW = """query ($input: PreviewSessionInput!) { previewSession(input: $input) { errors { message } preview {
  netTotal evaluation { coupon { status } campaigns { label outcome path needed actual } } } } }"""
COUNTED = """{ campaign(name: "Hello") { redemptionHistory { totalCount }
  limits { per counters { totalCount nodes { subject used remaining } } } } coupon(code: "hello") { used } }"""
SHOES = [{"sku": "boot", "category": "shoes", "quantity": 1, "price": "80.00"}]
CARTS = 50


@pytest.fixture
def shop(serve: Callable[..., Api]) -> Api:
    """A shop in Lisbon."""
    api = serve(max_cost=10**6)
    zone = 'mutation { updateApplication(input: {applicationId: 1, timeZone: "Europe/Lisbon"}) { errors { message } } }'
    assert api.data(zone, key="admin")["updateApplication"]["errors"] == []
    return api


def start(shop: Api, uses: int) -> None:
    """20 % off shoes with HELLO for new customers, at most 100.00, once for each, ``uses`` times in all."""
    rule = {
        "label": "hello",
        "when": {"profile": {"closedSessions": {"max": 0}}},
        "lines": {"categories": ["shoes"]},
        "reward": {"percentOff": {"percent": "20"}},
        "maxAmount": "100.00",
    }
    limits = [{"measure": "USES", "per": per, "max": most} for per, most in (("PROFILE", 1), ("CAMPAIGN", uses))]
    content = {"name": "Hello", "requires": "COUPON", "rules": [rule], "limits": limits, "state": "ACTIVE"}
    made = shop.data(CREATE_CAMPAIGN, {"input": {**content, "ends": "2099-03-30T00:00:00+01:00"}})["createCampaign"]
    assert made["errors"] == []
    assert made["campaign"]["limits"] == [{"max": "1", "per": "PROFILE"}, {"max": str(uses), "per": "CAMPAIGN"}]
    coupon = {"campaignId": made["campaign"]["id"], "code": "HELLO"}
    assert shop.data(CREATE_COUPON, {"input": coupon})["createCoupon"]["errors"] == []


def preview(shop: Api, cart: Sequence[Any], customer: str, **input_: Any) -> tuple[str, str, Any]:
    """Return the net total, the status of the coupon and the reason."""
    given = {"cartItems": cart, "coupon": "hello", "profileId": customer, **input_}
    answer = shop.data(PREVIEW, {"input": given}, "reader")["previewSession"]
    assert answer["errors"] == []
    found = answer["preview"]
    (result,) = found["evaluation"]["campaigns"]
    reason = ", ".join(result["path"]), result["needed"], result["actual"]
    return found["netTotal"], found["evaluation"]["coupon"]["status"], reason


def test_preview_says_why_a_coupon_does_not_apply(shop: Api) -> None:
    start(shop, 500)
    hats = [{**SHOES[0], "category": "hats"}]
    expensive = [{**SHOES[0], "price": "900.00"}]

    assert preview(shop, SHOES, "ada") == ("64.00", "ACCEPTED", ("", None, None))
    assert preview(shop, expensive, "ada") == ("800.00", "ACCEPTED", ("", None, None))
    assert preview(shop, hats, "ada") == ("80.00", "NO_MATCHING_LINE", ("rules, 0, lines", None, None))
    late = preview(shop, SHOES, "ada", at="2099-03-30T00:00:00+01:00")
    assert late == ("80.00", "ENDED", ("ends", "2099-03-29T23:00:00.000Z", "2099-03-29T23:00:00.000Z"))
    close(shop, [create(shop, "first", "ada")])
    assert preview(shop, SHOES, "ada") == ("80.00", "LIMIT_REACHED", ("limits, 0, max", "1", "0"))
    shop.data(CREATE, {"input": {"integrationId": "b", "profileId": "bob", "cartItems": SHOES, "state": "CLOSED"}})
    reason = ("rules, 0, when, profile, closedSessions, max", "0", "1")
    assert preview(shop, SHOES, "bob") == ("80.00", "CONDITION_FAILED", reason)


def create(shop: Api, name: str, customer: str) -> dict[str, Any]:
    """Create a session that shows the discount, and return the input of its close."""
    given = {"integrationId": name, "profileId": customer, "coupon": "HELLO", "cartItems": SHOES}
    assert shop.data(CREATE, {"input": given})["createSession"]["session"] == {"netTotal": "64.00"}
    return {"integrationId": name}


def close(shop: Api, inputs: Sequence[dict[str, Any]]) -> list[Any]:
    """Close sessions at the same time, and return the payloads."""

    async def all_at_once() -> list[Any]:
        posts = (shop.post({"query": CLOSE, "variables": {"input": each}}) for each in inputs)
        return [answer.json()["data"]["closeSession"] for answer in await asyncio.gather(*posts)]

    return shop.runner.run(all_at_once())


def test_last_use_of_a_coupon_goes_to_one_of_fifty_carts(shop: Api) -> None:
    start(shop, 1)
    inputs = [create(shop, f"cart {number}", f"customer {number}") for number in range(CARTS)]

    payloads = close(shop, inputs)

    lost = [each for each, payload in zip(inputs, payloads, strict=True) if payload["errors"]]
    assert len(lost) == CARTS - 1
    refusal = {"__typename": "LimitReached", "per": "CAMPAIGN", "used": "1", "max": "1", "actualNetTotal": "80.00"}
    expected = {**refusal, "campaign": {"name": "Hello"}, "session": {"netTotal": "64.00"}}
    assert [payload["errors"] for payload in payloads if payload["errors"]] == [[expected]] * (CARTS - 1)
    assert [payload["session"] for payload in payloads if not payload["errors"]] == [{"netTotal": "64.00"}]
    counted = shop.data(COUNTED)
    limits = {limit["per"]: limit["counters"] for limit in counted["campaign"]["limits"]}
    assert counted["coupon"] == {"used": 1}
    assert counted["campaign"]["redemptionHistory"] == {"totalCount": 1}
    assert limits["PROFILE"]["totalCount"] == 1
    assert limits["CAMPAIGN"]["nodes"] == [{"subject": None, "used": "1", "remaining": "0"}]

    again = close(shop, [{**each, "expectedNetTotal": "80.00"} for each in lost])

    assert again == [{"session": {"netTotal": "80.00"}, "errors": []}] * (CARTS - 1)
    assert shop.data(COUNTED)["coupon"] == {"used": 1}
